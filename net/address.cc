#include "net/address.hh"

#include "net/error.hh"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace millrace::net {

namespace {

std::error_code invalid() {
    return make_error_code(errc::invalid_address);
}

// A decimal number up to `max`, all of `text`, without a sign or leading zeros.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned max) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    unsigned value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + unsigned(c - '0');
    }
    if (value > max) return std::nullopt;
    return value;
}

// Up to `digits` hexadecimal digits, all of `text`.
std::optional<unsigned> parse_hex(std::string_view text, size_t digits) {
    if (text.empty() || text.size() > digits) return std::nullopt;
    unsigned value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Cuts `text` up to the next separator off and returns it; the rest stays.
std::string_view next_field(std::string_view& text, char separator) {
    size_t at = text.find(separator);
    std::string_view field = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return field;
}

// The groups of one side of "::", 16 bits each, an IPv4 address at the end counting as two. False if
// malformed.
bool parse_groups(std::string_view text, bool last_may_be_v4, std::array<uint16_t, 8>& groups,
                  size_t& count) {
    count = 0;
    if (text.empty()) return true;
    if (text.back() == ':') return false;
    while (!text.empty()) {
        std::string_view field = next_field(text, ':');
        if (last_may_be_v4 && text.empty() && field.find('.') != std::string_view::npos) {
            auto v4 = ipv4_address::parse(field);
            if (!v4 || count > 6) return false;
            groups[count++] = uint16_t(v4->value() >> 16);
            groups[count++] = uint16_t(v4->value());
            return true;
        }
        auto group = parse_hex(field, 4);
        if (!group || count == 8) return false;
        groups[count++] = uint16_t(*group);
    }
    return true;
}

// Of an address's 128 bits: the upper and the lower 64 with the first `length` bits set.
std::pair<uint64_t, uint64_t> mask_of(unsigned length) {
    auto ones = [](unsigned n) { return n == 0 ? 0 : ~uint64_t(0) << (64 - n); };
    return {ones(std::min(length, 64u)), ones(length > 64 ? length - 64 : 0)};
}

unsigned mapped_length(const ip_address& a, unsigned length) {
    return a.is_v4() ? length + 96 : length;
}

}  // namespace

result<mac_address> mac_address::parse(std::string_view text) noexcept {
    std::array<uint8_t, 6> bytes{};
    if (text.size() != 17) return invalid();
    for (auto& b : bytes) {
        std::string_view field = next_field(text, ':');
        auto value = parse_hex(field, 2);
        if (!value || field.size() != 2) return invalid();
        b = uint8_t(*value);
    }
    return mac_address(bytes);
}

result<ipv4_address> ipv4_address::parse(std::string_view text) noexcept {
    if (text.empty() || text.back() == '.') return invalid();
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        auto byte = parse_decimal(next_field(text, '.'), 255);
        if (!byte) return invalid();
        value = value << 8 | *byte;
    }
    if (!text.empty()) return invalid();
    return ipv4_address(value);
}

result<ipv6_address> ipv6_address::parse(std::string_view text) noexcept {
    std::array<uint16_t, 8> front{}, back{};
    size_t fronts = 0, backs = 0;
    size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        if (!parse_groups(text, true, front, fronts) || fronts != 8) return invalid();
    } else {
        std::string_view rest = text.substr(gap + 2);
        if (!rest.empty() && rest.front() == ':') return invalid();
        if (!parse_groups(text.substr(0, gap), false, front, fronts)) return invalid();
        if (!parse_groups(rest, true, back, backs)) return invalid();
        if (fronts + backs > 7) return invalid();  // "::" stands for at least one group
    }
    for (size_t i = 0; i < backs; ++i) front[8 - backs + i] = back[i];
    std::array<uint8_t, 16> bytes{};
    for (size_t i = 0; i < 8; ++i) {
        bytes[2 * i] = uint8_t(front[i] >> 8);
        bytes[2 * i + 1] = uint8_t(front[i]);
    }
    return ipv6_address(bytes);
}

result<ip_address> ip_address::parse(std::string_view text) noexcept {
    if (text.find(':') == std::string_view::npos) {
        auto v4 = ipv4_address::parse(text);
        if (!v4) return v4.error();
        return ip_address(*v4);
    }
    auto v6 = ipv6_address::parse(text);
    if (!v6) return v6.error();
    return ip_address(*v6);
}

prefix::prefix(ip_address address, unsigned length) noexcept : address_(address), length_(uint8_t(length)) {
    CHECK(length <= (address.is_v4() ? 32 : 128));
}

result<prefix> prefix::parse(std::string_view text) noexcept {
    size_t slash = text.rfind('/');
    if (slash == std::string_view::npos) return invalid();
    auto address = ip_address::parse(text.substr(0, slash));
    if (!address) return address.error();
    auto length = parse_decimal(text.substr(slash + 1), address->is_v4() ? 32 : 128);
    if (!length) return invalid();
    return prefix(*address, *length);
}

bool prefix::contains(const ip_address& a) const noexcept {
    if (a.is_v4() != address_.is_v4()) return false;
    auto [high, low] = mask_of(mapped_length(address_, length_));
    return (a.high() & high) == (address_.high() & high) && (a.low() & low) == (address_.low() & low);
}

ip_address prefix::network() const noexcept {
    if (address_.is_v4()) {
        uint32_t mask = length_ == 0 ? 0 : ~uint32_t(0) << (32 - length_);
        return ipv4_address(address_.v4().value() & mask);
    }
    auto [high, low] = mask_of(length_);
    std::array<uint8_t, 16> bytes = address_.v6().bytes();
    for (size_t i = 0; i < 8; ++i) {
        bytes[i] &= uint8_t(high >> (56 - 8 * i));
        bytes[8 + i] &= uint8_t(low >> (56 - 8 * i));
    }
    return ipv6_address(bytes);
}

bool prefix::is_directed_broadcast(const ip_address& a) const noexcept {
    if (!address_.is_v4() || !a.is_v4() || length_ > 30) return false;
    uint32_t host = length_ == 0 ? ~uint32_t(0) : ~(~uint32_t(0) << (32 - length_));
    return contains(a) && (a.v4().value() & host) == host;
}

std::string to_string(const mac_address& a) {
    const auto& b = a.bytes();
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5]);
}

std::string to_string(const ipv4_address& a) {
    uint32_t v = a.value();
    return fmt::format("{}.{}.{}.{}", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
}

// RFC 5952 §4: lower case, no leading zeros, "::" for the first of the longest runs of two zero groups or
// more.
std::string to_string(const ipv6_address& a) {
    std::array<unsigned, 8> groups;
    for (size_t i = 0; i < 8; ++i) groups[i] = unsigned(a.bytes()[2 * i]) << 8 | a.bytes()[2 * i + 1];
    size_t longest = 0, longest_at = 8;
    for (size_t i = 0; i < 8; ++i) {
        size_t n = 0;
        while (i + n < 8 && groups[i + n] == 0) ++n;
        if (n > longest && n > 1) longest = n, longest_at = i;
    }
    std::string text;
    for (size_t i = 0; i < 8; ++i) {
        if (i == longest_at) {
            text += "::";
            i += longest - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') text += ':';
        text += fmt::format("{:x}", groups[i]);
    }
    return text;
}

std::string to_string(const ip_address& a) {
    return a.is_v4() ? to_string(a.v4()) : to_string(a.v6());
}

std::string to_string(const prefix& p) {
    return fmt::format("{}/{}", to_string(p.address()), p.length());
}

}  // namespace millrace::net
