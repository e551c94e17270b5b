// The integer cube root.
#pragma once

#include <cstdint>

namespace millrace::tcp {

// Wide enough for the third power of a time and a product with a window.
__extension__ typedef unsigned __int128 uint128;

// The largest number whose cube does not exceed `x`, which is below 2^126.
constexpr uint64_t cube_root(uint128 x) noexcept {
    uint64_t root = 0;
    for (int bit = 41; bit >= 0; --bit) {
        const uint64_t candidate = root | uint64_t(1) << bit;
        if (uint128(candidate) * candidate * candidate <= x) root = candidate;
    }
    return root;
}

}  // namespace millrace::tcp
