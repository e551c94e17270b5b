// Short runs of bytes, loaded, compared and copied in words: keys and values are mostly shorter than a call
// of memcmp or memcpy is worth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace::kv {

template <typename T>
T load(const char* p) noexcept {
    T value;
    std::memcpy(&value, p, sizeof value);
    return value;
}

template <typename T>
void store_word(char* p, T value) noexcept {
    std::memcpy(p, &value, sizeof value);
}

// Up to 16 bytes are compared as two words that may overlap.
inline bool same_short_bytes(const char* a, const char* b, size_t n) noexcept {
    auto differ = [a, b]<typename T>(T, size_t last) {
        return (load<T>(a) ^ load<T>(b)) | (load<T>(a + last) ^ load<T>(b + last));
    };
    if (n >= 8) return differ(uint64_t(), n - 8) == 0;
    if (n >= 4) return differ(uint32_t(), n - 4) == 0;
    return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}
// For keys, which are short or differ late: no call, so that what calls this needs no frame.
inline bool same_bytes(const char* a, const char* b, size_t n) noexcept {
    for (; n > 16; n -= 16, a += 16, b += 16)
        if (!same_short_bytes(a, b, 16)) return false;
    return same_short_bytes(a, b, n);
}

// Copies up to 16 bytes. The two do not overlap.
inline void copy_short_bytes(char* to, const char* from, size_t n) noexcept {
    auto copy = [to, from]<typename T>(T, size_t last) {
        const T front = load<T>(from), back = load<T>(from + last);
        store_word(to, front);
        store_word(to + last, back);
    };
    if (n >= 8) {
        copy(uint64_t(), n - 8);
    } else if (n >= 4) {
        copy(uint32_t(), n - 4);
    } else if (n != 0) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
}
// Copies 16 bytes, of which the caller needs fewer.
inline void copy_whole_words(char* to, const char* from) noexcept {
    const auto front = load<uint64_t>(from), back = load<uint64_t>(from + 8);
    store_word(to, front);
    store_word(to + 8, back);
}
inline void copy_bytes(char* to, const char* from, size_t n) noexcept {
    if (n > 16)
        std::memcpy(to, from, n);
    else
        copy_short_bytes(to, from, n);
}

}  // namespace millrace::kv
