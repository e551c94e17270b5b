#include "net/checksum.hh"

namespace millrace::net {

namespace {

uint64_t load64(const uint8_t* p) noexcept {
    uint64_t v;
    std::memcpy(&v, p, 8);
    return v;
}

// a + b with the carry brought round.
uint64_t add(uint64_t a, uint64_t b) noexcept {
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? sum + 1 : sum;
}

// The last 1 to 7 bytes, with zeros behind them.
uint64_t load_tail(const uint8_t* p, size_t size) noexcept {
    uint64_t v = 0;
    unsigned at = 0;
    if (size & 4) {
        uint32_t w;
        std::memcpy(&w, p, 4);
        v = w;
        at = 4;
    }
    if (size & 2) {
        uint16_t w;
        std::memcpy(&w, p + at, 2);
        v |= uint64_t(w) << 8 * at;
        at += 2;
    }
    if (size & 1) v |= uint64_t(p[at]) << 8 * at;
    return v;
}

uint32_t narrow(uint64_t sum) noexcept {
    uint64_t s = (sum & 0xffffffff) + (sum >> 32);
    return uint32_t((s & 0xffff) + (s >> 16 & 0xffff) + (s >> 32));
}

}  // namespace

// Words of 32 bits added into 64 do not overflow, so that the main loop has no carries to bring round and can
// be vectorised; four sums keep the adders busy where it is not.
uint32_t sum_bytes(const void* data, size_t size) noexcept {
    const auto* p = static_cast<const uint8_t*>(data);
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (; size >= 32; p += 32, size -= 32) {
        uint64_t w = load64(p), x = load64(p + 8), y = load64(p + 16), z = load64(p + 24);
        a += (w & 0xffffffff) + (w >> 32);
        b += (x & 0xffffffff) + (x >> 32);
        c += (y & 0xffffffff) + (y >> 32);
        d += (z & 0xffffffff) + (z >> 32);
    }
    uint64_t sum = a + b + c + d;
    for (; size >= 8; p += 8, size -= 8) sum = add(sum, load64(p));
    if (size) sum = add(sum, load_tail(p, size));
    return narrow(sum);
}

uint32_t copy_and_sum(void* to, const void* from, size_t size) noexcept {
    const auto* p = static_cast<const uint8_t*>(from);
    auto* q = static_cast<uint8_t*>(to);
    uint64_t sum = 0;
    for (; size >= 8; p += 8, q += 8, size -= 8) {
        uint64_t v = load64(p);
        std::memcpy(q, &v, 8);
        sum = add(sum, v);
    }
    if (size) {
        std::memcpy(q, p, size);
        sum = add(sum, load_tail(p, size));
    }
    return narrow(sum);
}

uint32_t sum_packet(const packet& p, size_t offset) noexcept {
    uint64_t sum = sum_bytes(p.head.data() + offset, p.head.size() - offset);
    bool odd = (p.head.size() - offset) & 1;
    for (const auto& f : p.fragments) {
        uint32_t s = sum_bytes(f.data(), f.size());
        sum += odd ? swapped_sum(s) : s;
        odd ^= f.size() & 1;
    }
    return narrow(sum);
}

}  // namespace millrace::net
