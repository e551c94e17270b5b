// A sequence number: modulo 2^32, compared by the shorter way round. RFC 9293 §3.4.
#pragma once

#include <cstdint>

namespace millrace::tcp {

// The order of two numbers means something only while they are less than 2^31 apart, as all numbers of one
// connection are (windows end at 2^30).
class seq {
 public:
    constexpr seq() noexcept = default;
    constexpr explicit seq(uint32_t value) noexcept : value_(value) {}

    constexpr uint32_t value() const noexcept { return value_; }

    constexpr seq& operator+=(uint32_t n) noexcept {
        value_ += n;
        return *this;
    }
    constexpr seq& operator-=(uint32_t n) noexcept {
        value_ -= n;
        return *this;
    }
    constexpr seq& operator++() noexcept { return *this += 1; }

    friend constexpr seq operator+(seq a, uint32_t n) noexcept { return seq(a.value_ + n); }
    friend constexpr seq operator-(seq a, uint32_t n) noexcept { return seq(a.value_ - n); }
    // How far `a` lies behind `b` in sequence space: negative if it comes before.
    friend constexpr int32_t operator-(seq a, seq b) noexcept {
        return static_cast<int32_t>(a.value_ - b.value_);
    }

    friend constexpr bool operator==(seq a, seq b) noexcept = default;
    friend constexpr bool operator<(seq a, seq b) noexcept { return a - b < 0; }
    friend constexpr bool operator>(seq a, seq b) noexcept { return b < a; }
    friend constexpr bool operator<=(seq a, seq b) noexcept { return !(b < a); }
    friend constexpr bool operator>=(seq a, seq b) noexcept { return !(a < b); }

 private:
    uint32_t value_ = 0;
};

constexpr seq earlier(seq a, seq b) noexcept {
    return b < a ? b : a;
}
constexpr seq later(seq a, seq b) noexcept {
    return a < b ? b : a;
}

// Bytes from `from` up to `to`, which must not come before it.
constexpr uint32_t distance(seq from, seq to) noexcept {
    return to.value() - from.value();
}

// left <= s < left + size.
constexpr bool in_window(seq s, seq left, uint32_t size) noexcept {
    return distance(left, s) < size;
}

// A half-open range [left, right).
struct seq_range {
    seq left;
    seq right;

    constexpr uint32_t size() const noexcept { return distance(left, right); }
    constexpr bool empty() const noexcept { return left == right; }
    constexpr bool contains(seq s) const noexcept { return in_window(s, left, size()); }
    friend constexpr bool operator==(const seq_range&, const seq_range&) noexcept = default;
};

}  // namespace millrace::tcp
