// How much of the congestion window is in use, and since when it is more than that: RFC 7661.
#pragma once

#include "core/time.hh"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace millrace::tcp {

// The window itself is another's. Told of all ACKs of new data outside of recovery.
class window_validation {
 public:
    // RFC 7661 §4.4.3, the non-validated period: how long a window that is not used is kept.
    static constexpr duration kept = std::chrono::minutes(5);

    // So many bytes were acknowledged. True once a round trip is over, so that pipe_ack() may be another.
    bool on_acked(uint32_t bytes, time_point now, duration srtt) noexcept {
        bytes_ += bytes;
        if (begun_ && now - began_ < std::max(srtt, shortest_round_trip)) return false;
        end_sample(bytes, now, srtt);
        return true;
    }
    // RFC 7661 §4.2: the most that was acknowledged in a round trip, of late.
    uint32_t pipe_ack() const noexcept { return uint32_t(std::min<uint64_t>(most(), UINT32_MAX)); }
    // RFC 7661 §4.3: half of `cwnd` is in use at least, or nothing is known yet.
    bool is_validated(uint32_t cwnd) const noexcept { return !defined_ || most() >= cwnd / 2; }
    // What is_validated() says now, at the latest.
    void note_validated(time_point now) noexcept { validated_at_ = now; }
    // It has not been for longer than it may.
    bool is_over(time_point now) const noexcept { return begun_ && now - validated_at_ > kept; }
    // RFC 7661 §4.4.1: pipeACK is undefined again.
    void reset() noexcept { *this = window_validation(); }

 private:
    // Whatever is acknowledged at once belongs to one.
    static constexpr duration shortest_round_trip = std::chrono::microseconds(1);

    uint64_t most() const noexcept { return std::max({bytes_, latest_, before_}); }
    void end_sample(uint32_t last, time_point now, duration srtt) noexcept;

    time_point began_{};   // the sample that is being taken
    time_point period_{};  // half a sampling period began
    time_point validated_at_{};
    uint64_t bytes_ = 0;   // of the sample that is being taken
    uint64_t latest_ = 0;  // the largest sample of this half of a sampling period
    uint64_t before_ = 0;  // and of the one before
    bool begun_ = false;
    bool defined_ = false;
};

}  // namespace millrace::tcp
