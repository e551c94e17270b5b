// Integers as Redis reads and writes them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::kv {

inline constexpr size_t longest_integer = 20;  // characters of INT64_MIN

// Decimal digits behind an optional minus; no plus, blank, leading zero or "-0", so that a number has one
// text.
inline std::optional<int64_t> parse_integer(std::string_view text) noexcept {
    if (text.empty() || text.size() > longest_integer) return std::nullopt;
    std::string_view digits = text[0] == '-' ? text.substr(1) : text;
    if (digits.empty() || (digits[0] == '0' && text.size() > 1)) return std::nullopt;
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Writes at most longest_integer characters; returns how many.
inline size_t format_integer(char* out, int64_t value) noexcept {
    return size_t(std::to_chars(out, out + longest_integer, value).ptr - out);
}

}  // namespace millrace::kv
