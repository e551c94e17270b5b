// What stands where in a stream: bytes that follow from their place, so that a misplaced one is seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::fuzz {

constexpr char stream_byte(uint8_t stream, uint32_t place) noexcept {
    const uint32_t mixed = (place + stream * 0x10001u) * 0x9e3779b1u;
    return char(mixed >> 24 ^ mixed >> 13);
}

inline std::string stream_bytes(uint8_t stream, uint32_t place, size_t bytes) {
    std::string s(bytes, '\0');
    for (char& c : s) c = stream_byte(stream, place++);
    return s;
}

inline bool is_stream_bytes(uint8_t stream, uint32_t place, std::string_view bytes) noexcept {
    for (const char c : bytes)
        if (c != stream_byte(stream, place++)) return false;
    return true;
}

}  // namespace millrace::fuzz
