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

uint64_t histogram::highest_of(unsigned index) noexcept {
    if (index < sub_count) return index;
    unsigned shift = unsigned(index / sub_count) - 1;
    return ((index % sub_count + sub_count + 1) << shift) - 1;
}

duration histogram::percentile(double percent) const noexcept {
    if (count_ == 0) return duration::zero();
    auto wanted = uint64_t(std::ceil(percent / 100 * double(count_)));
    uint64_t seen = 0;
    for (unsigned i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        if (seen >= std::max<uint64_t>(wanted, 1))
            return duration(int64_t(std::clamp(highest_of(i), min_, max_)));
    }
    return max();
}

}  // namespace millrace
