// Big-endian numbers at any address: the wire's way of writing them.
#pragma once

#include "tcp/segment/seq.hh"

#include <cstdint>
#include <cstring>

namespace millrace::tcp {

inline uint16_t load16(const uint8_t* from) noexcept {
    uint16_t v;
    std::memcpy(&v, from, sizeof v);
    return __builtin_bswap16(v);
}
inline uint32_t load32(const uint8_t* from) noexcept {
    uint32_t v;
    std::memcpy(&v, from, sizeof v);
    return __builtin_bswap32(v);
}
inline void store16(uint8_t* to, uint16_t v) noexcept {
    v = __builtin_bswap16(v);
    std::memcpy(to, &v, sizeof v);
}
inline void store32(uint8_t* to, uint32_t v) noexcept {
    v = __builtin_bswap32(v);
    std::memcpy(to, &v, sizeof v);
}
inline seq load_seq(const uint8_t* from) noexcept {
    return seq(load32(from));
}
inline void store_seq(uint8_t* to, seq s) noexcept {
    store32(to, s.value());
}

}  // namespace millrace::tcp
