#include "net/sim/impairment.hh"

#include <algorithm>

namespace millrace::net {

namespace {

constexpr size_t ethernet_header = 14;

}  // namespace

// Every draw is made in a fixed order, so that a changed option does not shift the draws of the others more
// than it must.
impairment::fate impairment::decide(time_point now, size_t bytes, bool may_mark) {
    fate f;
    ++counters_.sent;
    if (dropped(now, bytes)) return f;

    f.copies = 1;
    f.marked = is_marked() && may_mark;
    counters_.marked += f.marked;
    f.arrival[0] =
        std::max(last_bit_sent(now, bytes) + options_.delay + upto(options_.jitter), last_arrival_);
    if (random_.chance(options_.reorder)) {
        f.arrival[0] += upto(options_.reorder_hold);
        ++counters_.reordered;
    } else {
        last_arrival_ = f.arrival[0];
    }
    if (random_.chance(options_.duplicate)) {
        f.copies = 2;
        f.arrival[1] = f.arrival[0] + upto(options_.reorder_hold);
        ++counters_.duplicated;
    }
    if (bytes != 0 && random_.chance(options_.corrupt)) {
        f.corrupted = true;
        f.flipped_bit = random_.below(bytes * 8);
        ++counters_.corrupted;
    }
    return f;
}

bool impairment::dropped(time_point now, size_t bytes) {
    if (cut_) return ++counters_.cut, true;
    if (bytes > options_.mtu + ethernet_header) return ++counters_.too_long, true;
    if (random_.chance(options_.loss) || lost_in_burst()) return ++counters_.lost, true;
    if (exceeds_police(now, bytes)) return ++counters_.policed, true;
    if (queue_full(now)) return ++counters_.overflowed, true;
    return false;
}

// Draws nothing where there are no bursts.
bool impairment::lost_in_burst() {
    if (options_.burst <= 0) return in_burst_ = false;
    if (!in_burst_ && !random_.chance(options_.burst)) return false;
    const bool lost = random_.chance(options_.burst_loss);
    in_burst_ = !random_.chance(options_.burst_end);
    return lost;
}

bool impairment::queue_full(time_point now) {
    while (!departures_.empty() && departures_.front() <= now) departures_.pop_front();
    return departures_.size() > options_.queue_packets;  // one is being sent, the others wait
}

size_t impairment::waiting(time_point now) const noexcept {
    const auto left = departures_.end() - std::upper_bound(departures_.begin(), departures_.end(), now);
    return left > 0 ? size_t(left) - 1 : 0;  // one is being sent
}

// A token bucket, by the time at which it is full again: who is too far ahead of that has no tokens.
bool impairment::exceeds_police(time_point now, size_t bytes) {
    if (options_.police_bps == 0) return false;
    const auto time_for = [&](size_t b) {
        return duration(int64_t(uint64_t(b) * 8 * 1'000'000'000 / options_.police_bps));
    };
    const time_point full = std::max(bucket_full_, now) + time_for(bytes);
    if (full > now + time_for(options_.police_burst)) return true;
    bucket_full_ = full;
    return false;
}

bool impairment::is_marked() {
    const bool queue_long = options_.mark_packets > 0 && departures_.size() > options_.mark_packets;
    return queue_long || (options_.mark > 0 && random_.chance(options_.mark));
}

time_point impairment::last_bit_sent(time_point now, size_t bytes) {
    if (options_.rate_bps == 0) return now;
    const time_point start = departures_.empty() ? now : departures_.back();
    // At most 65549 bytes: the product fits.
    const duration sending(int64_t(uint64_t(bytes) * 8 * 1'000'000'000 / options_.rate_bps));
    departures_.push_back(start + sending);
    return departures_.back();
}

duration impairment::upto(duration most) {
    if (most <= duration::zero()) return duration::zero();
    return duration(int64_t(random_.below(uint64_t(most.count()) + 1)));
}

}  // namespace millrace::net
