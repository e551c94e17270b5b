// What one direction of a simulated wire does to a frame: when it arrives, how often, and whether whole.
#pragma once

#include "core/random.hh"
#include "core/time.hh"
#include "net/simulation.hh"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace millrace::net {

class impairment {
 public:
    explicit impairment(uint64_t seed) : random_(seed) {}

    void set(const wire_options& options) noexcept { options_ = options; }
    const wire_options& options() const noexcept { return options_; }
    void cut(bool is_cut) noexcept { cut_ = is_cut; }

    struct fate {
        unsigned copies = 0;  // that arrive: 0, 1 or 2
        time_point arrival[2] = {never, never};
        bool corrupted = false;
        size_t flipped_bit = 0;
        bool marked = false;  // CE, as a queue that is managed marks (RFC 3168 §5)
    };
    // Decides over a frame of `bytes` sent at `now`, and counts it; `may_mark`: it is an IP packet whose
    // sender knows ECN.
    fate decide(time_point now, size_t bytes, bool may_mark = false);

    // Frames that wait for the rate.
    size_t waiting(time_point now) const noexcept;

    wire_counters& counters() noexcept { return counters_; }
    const wire_counters& counters() const noexcept { return counters_; }

 private:
    bool dropped(time_point now, size_t bytes);
    bool lost_in_burst();
    bool queue_full(time_point now);
    bool exceeds_police(time_point now, size_t bytes);
    bool is_marked();
    time_point last_bit_sent(time_point now, size_t bytes);
    duration upto(duration most);

    wire_options options_;
    random random_;
    wire_counters counters_;
    std::deque<time_point> departures_;           // of the frames that wait for the rate
    time_point bucket_full_ = time_point::min();  // when the policer has a whole burst to give again
    time_point last_arrival_ = time_point::min();
    bool cut_ = false;
    bool in_burst_ = false;
};

}  // namespace millrace::net
