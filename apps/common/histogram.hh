// A histogram of latencies: 64 buckets for each power of two, so that a value is known within 1.6 %, whatever
// its size.
#pragma once

#include "core/time.hh"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace millrace {

class histogram {
 public:
    // Values from 0 to 2^43 ns, about two and a half hours; longer ones count as that long.
    void record(duration d) noexcept { record(d, 1); }
    // The same duration, n times.
    void record(duration d, uint64_t n) noexcept {
        uint64_t ns = d.count() < 0 ? 0 : std::min(uint64_t(d.count()), longest_ns);
        buckets_[index_of(ns)] += n;
        count_ += n;
        sum_ += double(ns) * double(n);
        min_ = std::min(min_, ns);
        max_ = std::max(max_, ns);
    }
    void merge(const histogram& other) noexcept;
    // What was recorded here and not yet in `earlier`, a copy of this one. Its least and greatest are those
    // of their buckets.
    histogram since(const histogram& earlier) const noexcept;
    void clear() noexcept { *this = histogram(); }

    uint64_t count() const noexcept { return count_; }
    // All of these are 0 when nothing was recorded.
    duration min() const noexcept { return duration(count_ == 0 ? 0 : int64_t(min_)); }
    duration max() const noexcept { return duration(int64_t(max_)); }
    duration mean() const noexcept { return duration(count_ == 0 ? 0 : int64_t(sum_ / double(count_))); }
    // The value that `percent` of 100 values do not exceed, from 0 to 100; too high by 1.6 % at most.
    duration percentile(double percent) const noexcept;

 private:
    static constexpr unsigned sub_bits = 6;
    static constexpr uint64_t sub_count = 1 << sub_bits;
    static constexpr unsigned longest_bits = 43;
    static constexpr uint64_t longest_ns = (uint64_t(1) << longest_bits) - 1;

    // Below 64 each value has a bucket; above, the 6 bits behind the highest one choose it.
    static unsigned index_of(uint64_t ns) noexcept {
        if (ns < sub_count) return unsigned(ns);
        unsigned shift = unsigned(std::bit_width(ns)) - 1 - sub_bits;
        return unsigned((shift + 1) * sub_count + ((ns >> shift) - sub_count));
    }
    static uint64_t lowest_of(unsigned index) noexcept;
    static uint64_t highest_of(unsigned index) noexcept;

    std::array<uint64_t, (longest_bits - sub_bits + 1) * sub_count> buckets_{};
    uint64_t count_ = 0;
    double sum_ = 0;
    uint64_t min_ = longest_ns;
    uint64_t max_ = 0;
};

}  // namespace millrace
