#include "net/checksum.hh"

#include <algorithm>

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

#if defined(__x86_64__)
// A block of words: one chain of carries, which compilers do not make of add().
template <size_t bytes>
struct block {
    uint8_t data[bytes];
};

uint64_t add_32_bytes(uint64_t sum, const uint8_t* p) noexcept {
    __asm__(
        "addq 0(%[p]), %[sum]\n\t"
        "adcq 8(%[p]), %[sum]\n\t"
        "adcq 16(%[p]), %[sum]\n\t"
        "adcq 24(%[p]), %[sum]\n\t"
        "adcq $0, %[sum]"
        : [sum] "+r"(sum)
        : [p] "r"(p), "m"(*reinterpret_cast<const block<32>*>(p))
        : "cc");
    return sum;
}

uint64_t add_64_bytes(uint64_t sum, const uint8_t* p) noexcept {
    __asm__(
        "addq 0(%[p]), %[sum]\n\t"
        "adcq 8(%[p]), %[sum]\n\t"
        "adcq 16(%[p]), %[sum]\n\t"
        "adcq 24(%[p]), %[sum]\n\t"
        "adcq 32(%[p]), %[sum]\n\t"
        "adcq 40(%[p]), %[sum]\n\t"
        "adcq 48(%[p]), %[sum]\n\t"
        "adcq 56(%[p]), %[sum]\n\t"
        "adcq $0, %[sum]"
        : [sum] "+r"(sum)
        : [p] "r"(p), "m"(*reinterpret_cast<const block<64>*>(p))
        : "cc");
    return sum;
}
#else
uint64_t add_32_bytes(uint64_t sum, const uint8_t* p) noexcept {
    return add(add(add(add(sum, load64(p)), load64(p + 8)), load64(p + 16)), load64(p + 24));
}
uint64_t add_64_bytes(uint64_t sum, const uint8_t* p) noexcept {
    return add_32_bytes(add_32_bytes(sum, p), p + 32);
}
#endif

// From here on four words at a time, split in halves so that nothing carries, overtake the chain, which adds
// one word after the other.
constexpr size_t long_bytes = 1024;
constexpr size_t most_at_once = size_t(1) << 19;  // the halves' sums, of 32 bits, are full then

using four_words = uint32_t __attribute__((vector_size(16)));

four_words load_four(const uint8_t* p) noexcept {
    four_words w;
    std::memcpy(&w, p, sizeof w);
    return w;
}

uint64_t sum_of_64s(const uint8_t* p, size_t count) noexcept {
    four_words low0{}, low1{}, high0{}, high1{};
    for (; count > 0; --count, p += 64) {
        const four_words a = load_four(p), b = load_four(p + 16);
        const four_words c = load_four(p + 32), d = load_four(p + 48);
        low0 += a & 0xffff;
        high0 += a >> 16;
        low1 += b & 0xffff;
        high1 += b >> 16;
        low0 += c & 0xffff;
        high0 += c >> 16;
        low1 += d & 0xffff;
        high1 += d >> 16;
    }
    uint64_t sum = 0;
    for (int i = 0; i < 4; ++i) sum += uint64_t(low0[i]) + low1[i] + high0[i] + high1[i];
    return sum;
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

uint64_t add_bytes(uint64_t sum, const void* data, size_t size) noexcept {
    const auto* p = static_cast<const uint8_t*>(data);
    while (size >= long_bytes) [[unlikely]] {
            const size_t n = std::min(size, most_at_once) & ~size_t(63);
            sum = add(sum, sum_of_64s(p, n / 64));
            p += n;
            size -= n;
        }
    for (; size >= 64; p += 64, size -= 64) sum = add_64_bytes(sum, p);
    if (size & 32) {
        sum = add_32_bytes(sum, p);
        p += 32;
    }
    if (size & 16) {
        sum = add(add(sum, load64(p)), load64(p + 8));
        p += 16;
    }
    if (size & 8) {
        sum = add(sum, load64(p));
        p += 8;
    }
    if (size & 7) sum = add(sum, load_tail(p, size));
    return sum;
}

uint32_t sum_bytes(const void* data, size_t size) noexcept {
    return narrow(add_bytes(0, data, size));
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
