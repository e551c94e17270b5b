// How many connections are in use whose peers have shown no more than a SYN with a good cookie.
// RFC 7413 §5.1.
#pragma once

#include "core/time.hh"

#include <chrono>
#include <cstdint>
#include <deque>

namespace millrace::tcp {

// Beyond a limit further ones wait for the end of their handshake, as without fast open. One that a RST has
// ended still counts for a while: else who has stolen cookies could flood us in the name of hosts that
// answer our SYN-ACKs by RST.
class pending_fast_opens {
 public:
    explicit pending_fast_opens(uint32_t limit) noexcept : limit_(limit) {}

    bool full(time_point now) noexcept {
        while (!reset_.empty() && reset_.front() <= now) reset_.pop_front();
        return size() >= limit_;
    }
    // There must be room.
    void begin() noexcept { ++open_; }
    // Confirmed by the peer's ACK, or over otherwise than by its RST.
    void end() noexcept { --open_; }
    void end_by_reset(time_point now) {
        --open_;
        reset_.push_back(now + penance);
    }
    // Those ended by RST counted in, as long as full() last found them in force.
    size_t size() const noexcept { return open_ + reset_.size(); }

 private:
    static constexpr duration penance = std::chrono::seconds(60);  // Linux

    uint32_t limit_;
    size_t open_ = 0;
    std::deque<time_point> reset_;  // until when each counts; in order
};

}  // namespace millrace::tcp
