// input: a fuzzer's bytes, taken as decisions. Zeros when they have run out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace millrace::fuzz {

class input {
 public:
    explicit input(std::span<const uint8_t> bytes) noexcept : bytes_(bytes) {}

    bool empty() const noexcept { return bytes_.empty(); }
    size_t left() const noexcept { return bytes_.size(); }

    uint8_t u8() noexcept { return uint8_t(number(1)); }
    uint16_t u16() noexcept { return uint16_t(number(2)); }
    uint32_t u32() noexcept { return uint32_t(number(4)); }
    bool flag() noexcept { return u8() & 1; }
    // From 0 up to n - 1; n is at most 65536.
    uint32_t below(uint32_t n) noexcept { return n <= 1 ? 0 : (n <= 256 ? u8() : u16()) % n; }
    template <typename T, size_t n>
    T one_of(const T (&choices)[n]) noexcept {
        return choices[below(n)];
    }
    // The next `n`, or as many as there are.
    std::string_view text(size_t n) noexcept {
        const auto front = bytes_.first(std::min(n, bytes_.size()));
        bytes_ = bytes_.subspan(front.size());
        return {reinterpret_cast<const char*>(front.data()), front.size()};
    }
    std::string_view rest() noexcept { return text(left()); }

 private:
    uint64_t number(size_t size) noexcept {
        uint64_t n = 0;
        for (; size > 0 && !bytes_.empty(); --size) {
            n = n << 8 | bytes_.front();
            bytes_ = bytes_.subspan(1);
        }
        return n;
    }

    std::span<const uint8_t> bytes_;
};

}  // namespace millrace::fuzz
