#include "tcp/listen/siphash.hh"

#include <bit>
#include <cstring>

namespace millrace::tcp {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

struct state {
    uint64_t v0, v1, v2, v3;

    void round() noexcept {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }

    void compress(uint64_t word) noexcept {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }

    uint64_t finish() noexcept {
        v2 ^= 0xff;
        for (int i = 0; i < 4; ++i) round();
        return v0 ^ v1 ^ v2 ^ v3;
    }
};

}  // namespace

uint64_t siphash(const siphash_key& key, std::span<const uint8_t> bytes) noexcept {
    state s{key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
            key[1] ^ 0x7465646279746573};
    const size_t whole = bytes.size() / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word;
        std::memcpy(&word, bytes.data() + i, 8);
        s.compress(word);
    }
    uint64_t last = 0;
    if (whole < bytes.size()) std::memcpy(&last, bytes.data() + whole, bytes.size() - whole);
    s.compress(last | uint64_t(bytes.size() & 0xff) << 56);
    return s.finish();
}

}  // namespace millrace::tcp
