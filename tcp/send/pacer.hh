// Lets data out at a rate instead of at once: draft-ietf-ccwg-bbr §5.6.2, and what Linux does inside of TCP.
#pragma once

#include "core/frame_cache.hh"
#include "core/time.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

// Credit in bytes comes with time, up to one quantum, and is spent by segments, the last of which may spend
// more than there is. Who has none waits for a whole quantum: few wake-ups, and bursts that are no longer.
class pacer : public frame_cached {
 public:
    // What goes out at one rate: that in bytes per second, and a quantum in bytes; neither is 0.
    struct pace {
        uint64_t rate;
        uint32_t quantum;
    };

    // With the credit of a quantum.
    pacer(const pace& p, time_point now) noexcept : credit_(p.quantum), refilled_at_(now) {}

    // May a segment go out now? If not, deadline() says when to ask again.
    bool may_send(const pace& p, time_point now) noexcept;
    // It went out.
    void on_sent(uint32_t bytes) noexcept { credit_ -= bytes; }
    // When it may go on; `never` if nobody waits.
    time_point deadline() const noexcept { return deadline_; }
    // The deadline is past, or nobody waits any more.
    void stop_waiting() noexcept { deadline_ = never; }

 private:
    int64_t credit_;  // below 0 after a segment that was longer than the rest of a quantum
    time_point refilled_at_;
    time_point deadline_ = never;
};

inline bool pacer::may_send(const pace& p, time_point now) noexcept {
    constexpr uint64_t second = 1'000'000'000;
    const auto elapsed = uint64_t(std::clamp<int64_t>((now - refilled_at_).count(), 0, second));
    const auto came = int64_t(uint64_t(elapsed) * std::min(p.rate, UINT64_MAX / second) / second);
    if (came > 0) {
        credit_ = std::min<int64_t>(credit_ + came, p.quantum);
        refilled_at_ = now;
    }
    deadline_ = never;
    if (credit_ > 0) return true;
    const auto missing = uint64_t(int64_t(p.quantum) - credit_);
    deadline_ = refilled_at_ + duration(int64_t(missing * second / p.rate) + 1);
    return false;
}

// The pace of a window: cwnd for each round trip, and a gain, of which `percent` is 100 for none. A quantum
// is a millisecond's, and at least `least` bytes.
constexpr pacer::pace pace_of_window(uint32_t cwnd, duration srtt, uint32_t percent,
                                     uint32_t least) noexcept {
    const auto ns = uint64_t(std::max<int64_t>(srtt.count(), 1));
    // 2^30 bytes * 200 * 10^7 fit.
    const uint64_t rate = std::max<uint64_t>(uint64_t(cwnd) * percent * 10'000'000 / ns, 1);
    return {rate, uint32_t(std::clamp<uint64_t>(rate / 1000, least, uint64_t(1) << 30))};
}

}  // namespace millrace::tcp
