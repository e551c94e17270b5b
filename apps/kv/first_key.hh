// What key a read will ask for first, before its requests are parsed.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::kv {

// The second argument of the first request in `read`, which begins with one of fewer than ten arguments whose
// first is shorter than ten bytes: nearly every request for a key. Otherwise empty, as also where not all of
// it is there. Only a guess: nothing is checked that the parser will check.
inline std::string_view first_key(std::string_view read) noexcept {
    constexpr size_t name_at = 8;  // behind "*2\r\n$3\r\n"
    if (read.size() < name_at || read[0] != '*' || read[2] != '\r' || read[4] != '$' || read[6] != '\r')
        return {};
    const auto digit = [&](size_t i) { return size_t(read[i]) - size_t('0'); };
    if (digit(5) > 9) return {};
    size_t at = name_at + digit(5) + 3;  // behind the name, "\r\n" and "$"
    size_t length = 0;
    for (; at < read.size() && digit(at) <= 9 && length <= read.size(); ++at)
        length = length * 10 + digit(at);
    at += 2;
    if (at > read.size() || length > read.size() - at) return {};
    return read.substr(at, length);
}

}  // namespace millrace::kv
