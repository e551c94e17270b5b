// How large a window is worth offering: at least four times of what comes in a round trip, as long as it is
// read. So a fast or long path gets the window that it needs, and many slow ones together hold little.
#pragma once

#include "core/time.hh"
#include "tcp/segment/seq.hh"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace millrace::tcp {

// Cheap to ask with every segment: it looks at the clock once for each quarter of the window that has come.
// If that came within a round trip, a sender in slow start has half the window in flight in the next, and all
// of it in the one behind: it must have grown by then. A window that holds such a sender back makes it send
// all that it missed at once when it grows, which is more than short queues hold.
class receive_tuner {
 public:
    receive_tuner() noexcept = default;
    // Begins with `size` bytes; `nxt`: RCV.NXT.
    receive_tuner(uint32_t size, seq nxt, time_point now) noexcept
        : size_(size), mark_(nxt), marked_at_(ticks(now.time_since_epoch())) {}

    // Of the receive buffer, in bytes.
    uint32_t size() const noexcept { return size_; }
    // Is it time for look()?
    bool is_due(seq nxt) const noexcept { return distance(mark_, nxt) >= size_ / 4; }
    // `unread`: bytes that came and were not read yet. The size grows to at most `limit`.
    void look(seq nxt, uint32_t unread, duration round_trip, uint32_t limit, time_point now) noexcept {
        const uint32_t elapsed = ticks(now.time_since_epoch()) - marked_at_;
        const bool within_round_trip = elapsed <= ticks(std::max(round_trip, shortest_round_trip));
        if (within_round_trip && unread < size_ / 4)
            size_ = uint32_t(std::min<uint64_t>(2ull * size_, limit));
        mark_ = nxt;
        marked_at_ += elapsed;
    }

 private:
    // On shorter paths what holds a sender back is how long either end is busy with other things.
    static constexpr duration shortest_round_trip = std::chrono::milliseconds(1);

    // Of 1024 ns. They wrap after more than an hour: a sender that slow gets one window more than it needs.
    static uint32_t ticks(duration d) noexcept { return uint32_t(uint64_t(d.count()) >> 10); }

    uint32_t size_ = 0;
    seq mark_;
    uint32_t marked_at_ = 0;
};

}  // namespace millrace::tcp
