#include "apps/common/histogram.hh"

#include <cmath>

namespace millrace {

void histogram::merge(const histogram& other) noexcept {
    for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

uint64_t histogram::lowest_of(unsigned index) noexcept {
    return index == 0 ? 0 : highest_of(index - 1) + 1;
}

uint64_t histogram::highest_of(unsigned index) noexcept {
    if (index < sub_count) return index;
    unsigned shift = unsigned(index / sub_count) - 1;
    return ((index % sub_count + sub_count + 1) << shift) - 1;
}

histogram histogram::since(const histogram& earlier) const noexcept {
    histogram d;
    for (size_t i = 0; i < buckets_.size(); ++i) {
        d.buckets_[i] = buckets_[i] - earlier.buckets_[i];
        if (d.buckets_[i] == 0) continue;
        d.min_ = std::min(d.min_, std::max(lowest_of(unsigned(i)), min_));
        d.max_ = std::min(highest_of(unsigned(i)), max_);
    }
    d.count_ = count_ - earlier.count_;
    d.sum_ = sum_ - earlier.sum_;
    return d;
}

duration histogram::percentile(double percent) const noexcept {
    if (count_ == 0) return duration::zero();
    // 99.9 % of 1,000 are 999, though as binary fractions they are a little more.
    auto wanted = uint64_t(std::ceil(percent * double(count_) / 100 * (1 - 1e-12)));
    uint64_t seen = 0;
    for (unsigned i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= std::max<uint64_t>(wanted, 1))
            return duration(int64_t(std::clamp(highest_of(i), min_, max_)));
    }
    return max();
}

}  // namespace millrace
