// Addresses: MAC, IPv4, IPv6, either of the two, and prefixes. Small values: copied, compared and hashed
// freely.
#pragma once

#include "core/result.hh"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace millrace::net {

class mac_address {
 public:
    constexpr mac_address() noexcept = default;
    constexpr explicit mac_address(std::array<uint8_t, 6> bytes) noexcept : bytes_(bytes) {}
    static mac_address read(const uint8_t* from) noexcept {
        mac_address a;
        std::memcpy(a.bytes_.data(), from, 6);
        return a;
    }
    void write(uint8_t* to) const noexcept { std::memcpy(to, bytes_.data(), 6); }
    static constexpr mac_address broadcast() noexcept {
        return mac_address({0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    }
    // "02:00:00:00:00:01"
    static result<mac_address> parse(std::string_view text) noexcept;

    constexpr const std::array<uint8_t, 6>& bytes() const noexcept { return bytes_; }
    // For a group of stations: multicast, broadcast among them.
    constexpr bool is_group() const noexcept { return bytes_[0] & 1; }
    constexpr bool is_zero() const noexcept { return *this == mac_address(); }

    constexpr auto operator<=>(const mac_address&) const noexcept = default;

 private:
    std::array<uint8_t, 6> bytes_{};
};

// Held in host byte order.
class ipv4_address {
 public:
    constexpr ipv4_address() noexcept = default;
    constexpr explicit ipv4_address(uint32_t host_order) noexcept : value_(host_order) {}
    constexpr ipv4_address(uint8_t a, uint8_t b, uint8_t c, uint8_t d) noexcept
        : value_(uint32_t(a) << 24 | uint32_t(b) << 16 | uint32_t(c) << 8 | d) {}
    // To and from four bytes in network order.
    static ipv4_address read(const uint8_t* from) noexcept {
        uint32_t v;
        std::memcpy(&v, from, 4);
        return ipv4_address(__builtin_bswap32(v));
    }
    void write(uint8_t* to) const noexcept {
        uint32_t v = __builtin_bswap32(value_);
        std::memcpy(to, &v, 4);
    }
    static constexpr ipv4_address any() noexcept { return ipv4_address(); }
    static constexpr ipv4_address broadcast() noexcept { return ipv4_address(0xffffffff); }
    // "10.0.0.1"; four decimal numbers without leading zeros.
    static result<ipv4_address> parse(std::string_view text) noexcept;

    constexpr uint32_t value() const noexcept { return value_; }
    constexpr bool is_any() const noexcept { return value_ == 0; }
    constexpr bool is_loopback() const noexcept { return value_ >> 24 == 127; }
    constexpr bool is_multicast() const noexcept { return value_ >> 28 == 14; }
    constexpr bool is_broadcast() const noexcept { return value_ == 0xffffffff; }
    // One host's address: may stand as the source of a packet (RFC 1122 §3.2.1.3). Not so 0/8, 127/8,
    // multicast and the reserved 240/4 with the limited broadcast.
    constexpr bool is_host() const noexcept {
        uint32_t top = value_ >> 24;
        return top != 0 && top != 127 && top < 224;
    }

    constexpr auto operator<=>(const ipv4_address&) const noexcept = default;

 private:
    uint32_t value_ = 0;
};

class ipv6_address {
 public:
    constexpr ipv6_address() noexcept = default;
    constexpr explicit ipv6_address(std::array<uint8_t, 16> bytes) noexcept : bytes_(bytes) {}
    static constexpr ipv6_address any() noexcept { return ipv6_address(); }
    static constexpr ipv6_address loopback() noexcept {
        return ipv6_address({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    }
    // RFC 4291 §2.2, all three forms; no zone.
    static result<ipv6_address> parse(std::string_view text) noexcept;

    constexpr const std::array<uint8_t, 16>& bytes() const noexcept { return bytes_; }
    constexpr bool is_any() const noexcept { return *this == any(); }
    constexpr bool is_loopback() const noexcept { return *this == loopback(); }
    constexpr bool is_multicast() const noexcept { return bytes_[0] == 0xff; }
    constexpr bool is_link_local() const noexcept { return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80; }

    constexpr auto operator<=>(const ipv6_address&) const noexcept = default;

 private:
    std::array<uint8_t, 16> bytes_{};
};

// An address of either family. An IPv4 address is held in its IPv6-mapped form ::ffff:a.b.c.d (RFC 4291
// §2.5.5.2), which never appears on a wire. Default: the unspecified address ::, as a local address "any, of
// either family".
class ip_address {
 public:
    constexpr ip_address() noexcept = default;
    constexpr ip_address(ipv4_address a) noexcept : high_(0), low_(mapped | a.value()) {}
    constexpr ip_address(const ipv6_address& a) noexcept {
        for (size_t i = 0; i < 8; ++i) {
            high_ = high_ << 8 | a.bytes()[i];
            low_ = low_ << 8 | a.bytes()[8 + i];
        }
    }
    static result<ip_address> parse(std::string_view text) noexcept;

    constexpr bool is_v4() const noexcept { return high_ == 0 && low_ >> 32 == mapped >> 32; }
    constexpr bool is_v6() const noexcept { return !is_v4(); }
    // The IPv4 address; a bug of the caller unless is_v4().
    constexpr ipv4_address v4() const noexcept {
        CHECK(is_v4());
        return ipv4_address(uint32_t(low_));
    }
    constexpr ipv6_address v6() const noexcept {
        std::array<uint8_t, 16> b{};
        for (size_t i = 0; i < 8; ++i) {
            b[i] = uint8_t(high_ >> (56 - 8 * i));
            b[8 + i] = uint8_t(low_ >> (56 - 8 * i));
        }
        return ipv6_address(b);
    }
    // 0.0.0.0 or ::
    constexpr bool is_any() const noexcept { return high_ == 0 && (low_ == 0 || low_ == mapped); }
    constexpr bool is_multicast() const noexcept {
        return is_v4() ? v4().is_multicast() : high_ >> 56 == 0xff;
    }
    constexpr bool is_loopback() const noexcept {
        return is_v4() ? v4().is_loopback() : high_ == 0 && low_ == 1;
    }

    // The 128 bits as two numbers, for hashing.
    constexpr uint64_t high() const noexcept { return high_; }
    constexpr uint64_t low() const noexcept { return low_; }

    constexpr auto operator<=>(const ip_address&) const noexcept = default;

 private:
    static constexpr uint64_t mapped = uint64_t(0xffff) << 32;

    uint64_t high_ = 0;
    uint64_t low_ = 0;
};

// An address and how many of its leading bits name the network: "10.0.0.1/24". The host's bits are kept, so
// that a prefix also says an interface's address with its network.
class prefix {
 public:
    constexpr prefix() noexcept = default;
    // `length` is at most 32 for IPv4, 128 for IPv6.
    prefix(ip_address address, unsigned length) noexcept;
    // The length is not optional.
    static result<prefix> parse(std::string_view text) noexcept;

    constexpr const ip_address& address() const noexcept { return address_; }
    // Counted in the address's own family.
    constexpr unsigned length() const noexcept { return length_; }
    bool contains(const ip_address& a) const noexcept;
    // The address with the host's bits zero.
    ip_address network() const noexcept;
    // IPv4: the network's directed broadcast address (RFC 1122 §3.2.1.3); none for lengths 31 and 32 (RFC
    // 3021).
    bool is_directed_broadcast(const ip_address& a) const noexcept;

    constexpr auto operator<=>(const prefix&) const noexcept = default;

 private:
    ip_address address_;
    uint8_t length_ = 0;
};

std::string to_string(const mac_address& a);
std::string to_string(const ipv4_address& a);
std::string to_string(const ipv6_address& a);  // RFC 5952
std::string to_string(const ip_address& a);
std::string to_string(const prefix& p);

// Spreads the bits of an address over a word; not for keys that an attacker may choose.
constexpr size_t hash_value(const ip_address& a) noexcept {
    uint64_t x = (a.high() ^ a.low()) * 0x9e3779b97f4a7c15u;
    return size_t(x ^ x >> 32);
}

}  // namespace millrace::net

template <>
struct std::hash<millrace::net::ip_address> {
    size_t operator()(const millrace::net::ip_address& a) const noexcept { return hash_value(a); }
};

template <>
struct std::hash<millrace::net::ipv4_address> {
    size_t operator()(millrace::net::ipv4_address a) const noexcept { return hash_value(a); }
};

// Prints any type of ours that has a to_string(), found beside it.
template <typename T>
struct millrace_text_formatter : fmt::formatter<std::string_view> {
    template <typename Context>
    auto format(const T& value, Context& context) const {
        return fmt::formatter<std::string_view>::format(to_string(value), context);
    }
};

template <>
struct fmt::formatter<millrace::net::mac_address> : millrace_text_formatter<millrace::net::mac_address> {};
template <>
struct fmt::formatter<millrace::net::ipv4_address> : millrace_text_formatter<millrace::net::ipv4_address> {};
template <>
struct fmt::formatter<millrace::net::ipv6_address> : millrace_text_formatter<millrace::net::ipv6_address> {};
template <>
struct fmt::formatter<millrace::net::ip_address> : millrace_text_formatter<millrace::net::ip_address> {};
template <>
struct fmt::formatter<millrace::net::prefix> : millrace_text_formatter<millrace::net::prefix> {};
