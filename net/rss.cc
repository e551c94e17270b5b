#include "net/rss.hh"

namespace millrace::net {

const rss_key rss_microsoft_key = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                                   0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                                   0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                                   0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

const rss_key rss_symmetric_key = {0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
                                   0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
                                   0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a,
                                   0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a, 0x6d, 0x5a};

namespace {

// The 32 bits of the key from bit `at`, counted from its first byte's highest.
uint32_t window(const rss_key& key, size_t at) {
    uint64_t bits = 0;
    for (size_t i = 0; i < 5; ++i) {
        size_t byte = at / 8 + i;
        bits = bits << 8 | (byte < key.size() ? key[byte] : 0);
    }
    return uint32_t(bits >> (8 - at % 8));
}

const toeplitz flows(rss_microsoft_key);

}  // namespace

// The hash XORs the key's window at every set bit of the input: for one byte, a sum that depends on its place
// only.
toeplitz::toeplitz(const rss_key& key) noexcept {
    for (size_t place = 0; place < max_bytes; ++place)
        for (size_t value = 0; value < 256; ++value) {
            uint32_t h = 0;
            for (size_t bit = 0; bit < 8; ++bit)
                if (value & (0x80u >> bit)) h ^= window(key, place * 8 + bit);
            table_[place][value] = h;
        }
}

const toeplitz& flow_toeplitz() noexcept {
    return flows;
}

uint32_t flow_hash(const ip_address& source, const ip_address& destination, uint16_t source_port,
                   uint16_t destination_port) noexcept {
    if (source.is_v4() && destination.is_v4())
        return flow_hash(source.v4(), destination.v4(), source_port, destination_port);
    std::array<uint8_t, 36> tuple;
    auto s = source.v6().bytes(), d = destination.v6().bytes();
    std::copy(s.begin(), s.end(), tuple.begin());
    std::copy(d.begin(), d.end(), tuple.begin() + 16);
    tuple[32] = uint8_t(source_port >> 8);
    tuple[33] = uint8_t(source_port);
    tuple[34] = uint8_t(destination_port >> 8);
    tuple[35] = uint8_t(destination_port);
    return flow_toeplitz()(tuple);
}

}  // namespace millrace::net
