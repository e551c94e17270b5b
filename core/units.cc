#include "core/units.hh"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <span>
#include <stdexcept>

namespace millrace {

namespace {

struct scale {
    std::string_view name;
    uint64_t factor;
};

// From small to large; the formatter takes the largest that divides.
constexpr scale time_units[] = {{"ns", 1},
                                {"us", 1'000},
                                {"ms", 1'000'000},
                                {"s", 1'000'000'000},
                                {"m", 60'000'000'000},
                                {"h", 3'600'000'000'000}};
constexpr scale byte_units[] = {{"B", 1},
                                {"KB", 1'000},
                                {"KiB", 1ull << 10},
                                {"MB", 1'000'000},
                                {"MiB", 1ull << 20},
                                {"GB", 1'000'000'000},
                                {"GiB", 1ull << 30},
                                {"TB", 1'000'000'000'000},
                                {"TiB", 1ull << 40}};
constexpr scale rate_units[] = {{"bit", 1}, {"Kbit", 1'000}, {"Mbit", 1'000'000}, {"Gbit", 1'000'000'000}};

// What a kind of quantity is called, looks like, and may be measured in.
struct quantity {
    std::string_view noun;
    std::string_view example;
    std::span<const scale> units;
    std::string_view unit_without_name;  // how a bare number is read; empty: it must be 0
};

constexpr quantity time_quantity{"a duration", "200ms", time_units, ""};
constexpr quantity byte_quantity{"a size", "64KiB", byte_units, "B"};
constexpr quantity rate_quantity{"a rate", "10Gbit", rate_units, ""};

[[noreturn]] void refuse(std::string_view text, const quantity& q, std::string_view why) {
    std::string names;
    for (const auto& u : q.units) names += (names.empty() ? "" : " ") + std::string(u.name);
    throw std::invalid_argument(
        fmt::format("'{}' is not {}: {}, such as {} ({})", text, q.noun, why, q.example, names));
}

// Digits with at most one point among them, as whole * 10^-decimals.
struct decimal {
    uint64_t whole = 0;
    unsigned decimals = 0;
};

bool parse_decimal(std::string_view digits, decimal& out) {
    bool point = false, any = false;
    for (char c : digits) {
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9' || out.whole > 99'999'999'999'999'999ull) return false;
        out.whole = out.whole * 10 + uint64_t(c - '0');
        out.decimals += point;
        any = true;
    }
    return any && digits.back() != '.';
}

uint64_t parse_quantity(std::string_view text, const quantity& q) {
    size_t digits = text.find_first_not_of("0123456789.");
    std::string_view name = digits == std::string_view::npos ? std::string_view() : text.substr(digits);
    decimal number;
    if (!parse_decimal(text.substr(0, text.size() - name.size()), number))
        refuse(text, q, "write a number and a unit");
    if (name.empty()) {
        if (number.whole == 0) return 0;
        if (q.unit_without_name.empty()) refuse(text, q, "it needs a unit");
        name = q.unit_without_name;
    }
    for (const auto& u : q.units) {
        if (u.name != name) continue;
        unsigned __int128 value = static_cast<unsigned __int128>(number.whole) * u.factor;
        for (unsigned i = 0; i < number.decimals; ++i) {
            if (value % 10 != 0) refuse(text, q, fmt::format("it is no whole number of {}", q.units[0].name));
            value /= 10;
        }
        if (value > uint64_t(std::numeric_limits<int64_t>::max())) refuse(text, q, "it is too large");
        return uint64_t(value);
    }
    refuse(text, q, fmt::format("there is no unit '{}'", name));
}

std::string format_quantity(uint64_t value, const quantity& q) {
    const scale* best = &q.units[0];
    for (const auto& u : q.units)
        if (value != 0 && value % u.factor == 0) best = &u;
    return fmt::format("{}{}", value / best->factor, best->name);
}

}  // namespace

uint64_t parse_count(std::string_view text) {
    uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range)
        throw std::invalid_argument(fmt::format("'{}' is too large a number", text));
    if (error != std::errc() || end != text.data() + text.size())
        throw std::invalid_argument(fmt::format("'{}' is not a whole number, such as 8", text));
    return value;
}

duration parse_duration(std::string_view text) {
    return duration(int64_t(parse_quantity(text, time_quantity)));
}

uint64_t parse_bytes(std::string_view text) {
    return parse_quantity(text, byte_quantity);
}

uint64_t parse_rate(std::string_view text) {
    return parse_quantity(text, rate_quantity);
}

std::string format_duration(duration d) {
    if (d < duration::zero()) return "-" + format_quantity(-uint64_t(d.count()), time_quantity);
    return format_quantity(uint64_t(d.count()), time_quantity);
}

std::string format_bytes(uint64_t bytes) {
    return format_quantity(bytes, byte_quantity);
}

std::string format_rate(uint64_t bits_per_second) {
    return format_quantity(bits_per_second, rate_quantity);
}

}  // namespace millrace
