// Proportional rate reduction: how much fast recovery lets out for each ACK. RFC 9937.
#pragma once

#include <cstdint>

namespace millrace::tcp {

// One episode: from the loss that began it to the end of the recovery. All counts in bytes. The window comes
// down to the threshold in step with what is delivered, instead of stopping all sending until half the flight
// is gone; and a flight that has fallen below the threshold climbs back to it.
class prr {
 public:
    prr() noexcept = default;
    // RFC 9937 §6.1. `flight`: RecoverFS, what was in flight before the ACK that showed the loss, without
    // what had been reported as arrived before.
    explicit prr(uint32_t flight) noexcept : recover_fs_(flight > 0 ? flight : 1) {}

    struct ack {
        uint32_t delivered = 0;  // DeliveredData: arrived, by this ACK, in sequence or reported
        uint32_t pipe = 0;       // inflight, after it
        uint32_t out = 0;        // prr_out: sent since the episode began
        uint32_t ssthresh = 0;
        uint32_t smss = 0;
        bool safe = false;  // SafeACK: SND.UNA advanced, and nothing more was seen to be lost
    };
    // The congestion window from this ACK on: RFC 9937 §6.2. To be asked of the ACK that begins the episode,
    // and of each that delivers something.
    uint32_t window(const ack& a) noexcept;

    uint64_t delivered() const noexcept { return delivered_; }

 private:
    uint64_t delivered_ = 0;  // prr_delivered
    uint32_t recover_fs_ = 1;
};

}  // namespace millrace::tcp
