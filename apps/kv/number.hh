// Integers as Redis reads and writes them.
#pragma once

#include "apps/kv/bytes.hh"

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::kv {

inline constexpr size_t longest_integer = 20;  // characters of INT64_MIN

// Decimal digits behind an optional minus; no plus, blank, leading zero or "-0", so that a number has one
// text.
inline std::optional<int64_t> parse_integer(std::string_view text) noexcept {
    if (text.empty() || text.size() > longest_integer) return std::nullopt;
    const bool negative = text[0] == '-';
    std::string_view digits = text.substr(negative);
    if (digits.empty() || (digits[0] == '0' && text.size() > 1)) return std::nullopt;
    uint64_t value = 0;  // 10^20 - 1 would not fit, 19 digits do
    if (digits.size() == longest_integer) return std::nullopt;
    for (char c : digits) {
        const auto digit = unsigned(c - '0');
        if (digit > 9) return std::nullopt;
        value = value * 10 + digit;
    }
    if (value > uint64_t(INT64_MAX) + negative) return std::nullopt;
    return int64_t(negative ? 0 - value : value);
}

// "07" to "99", as they lie in memory.
inline uint16_t two_digits(unsigned value) noexcept {
    const unsigned tens = value * 205 >> 11;
    return uint16_t(('0' + tens) | ('0' + value - tens * 10) << 8);
}

// Writes at most longest_integer characters; returns how many.
inline size_t format_integer(char* out, int64_t value) noexcept {
    if (uint64_t(value) < 10) {
        *out = char('0' + value);
        return 1;
    }
    char digits[longest_integer];
    char* at = digits + longest_integer;
    uint64_t rest = value < 0 ? 0 - uint64_t(value) : uint64_t(value);
    for (; rest >= 10; rest /= 100) store_word(at -= 2, two_digits(unsigned(rest % 100)));
    if (rest != 0) *--at = char('0' + rest);
    if (value < 0) *--at = '-';
    const size_t n = size_t(digits + longest_integer - at);
    std::memcpy(out, at, n);
    return n;
}

}  // namespace millrace::kv
