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

// Four words at once: one chain of carries, which compilers do not make of add().
uint64_t add_32_bytes(uint64_t sum, const uint8_t* p) noexcept {
#if defined(__x86_64__)
    struct block {
        uint8_t bytes[32];
    };
    __asm__(
        "addq 0(%[p]), %[sum]\n\t"
        "adcq 8(%[p]), %[sum]\n\t"
        "adcq 16(%[p]), %[sum]\n\t"
        "adcq 24(%[p]), %[sum]\n\t"
        "adcq $0, %[sum]"
        : [sum] "+r"(sum)
        : [p] "r"(p), "m"(*reinterpret_cast<const block*>(p))
        : "cc");
    return sum;
#else
    return add(add(add(add(sum, load64(p)), load64(p + 8)), load64(p + 16)), load64(p + 24));
#endif
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

uint32_t sum_bytes(const void* data, size_t size) noexcept {
    const auto* p = static_cast<const uint8_t*>(data);
    uint64_t sum = 0;
    for (; size >= 32; p += 32, size -= 32) sum = add_32_bytes(sum, p);
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

uint32_t sum_pieces(const packet& p) noexcept {
    uint64_t sum = sum_bytes(p.head.data(), p.head.size());
    bool odd = p.head.size() & 1;
    for (const auto& f : p.fragments) {
        uint32_t s = sum_bytes(f.data(), f.size());
        sum += odd ? swapped_sum(s) : s;
        odd ^= f.size() & 1;
    }
    return narrow(sum);
}

}  // namespace millrace::net
