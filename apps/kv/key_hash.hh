// The hash of a key: chooses its shard, and its place in that shard's table.
#pragma once

#include "apps/kv/bytes.hh"

#include <cstdint>
#include <string_view>

namespace millrace::kv {

// Both words of the seed are random for each process, so that nobody can prepare keys that collide. The
// mixing step is the folded 64x64 bit product, fast and well spread; it is no cryptographic hash.
struct hash_seed {
    uint64_t a = 0x9e3779b97f4a7c15;
    uint64_t b = 0xc2b2ae3d27d4eb4f;
};

namespace detail {

inline uint64_t fold(uint64_t x, uint64_t y) noexcept {
    unsigned __int128 product = static_cast<unsigned __int128>(x) * y;
    return uint64_t(product) ^ uint64_t(product >> 64);
}

}  // namespace detail

[[gnu::always_inline]] inline uint64_t key_hash(const hash_seed& seed, std::string_view key) noexcept {
    const char* p = key.data();
    size_t n = key.size();
    uint64_t state = seed.a ^ n;
    for (; n > 16; n -= 16, p += 16)
        state = detail::fold(load<uint64_t>(p) ^ state, load<uint64_t>(p + 8) ^ seed.b);
    uint64_t low = 0, high = 0;
    if (n >= 8) {
        low = load<uint64_t>(p);
        high = load<uint64_t>(p + n - 8);
    } else if (n >= 4) {
        low = load<uint32_t>(p);
        high = load<uint32_t>(p + n - 4);
    } else if (n > 0) {
        low = uint64_t(uint8_t(p[0])) << 16 | uint64_t(uint8_t(p[n / 2])) << 8 | uint8_t(p[n - 1]);
    }
    return detail::fold(detail::fold(low ^ state, high ^ seed.b) ^ seed.a, seed.b | 1);
}

// The upper half of the hash chooses among shards, the lower half is the table's.
inline unsigned shard_of(uint64_t hash, unsigned shards) noexcept {
    return unsigned(((hash >> 32) * shards) >> 32);
}

}  // namespace millrace::kv
