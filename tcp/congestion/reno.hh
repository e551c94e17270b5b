// Reno: slow start, congestion avoidance and halving. RFC 5681, with RFC 3465 byte counting and RFC 6928's
// start.
#pragma once

#include <cstdint>

namespace millrace::tcp {

// RFC 6928 §2: ten segments, about 14600 bytes, at least two segments. `segments` is 10 unless set otherwise.
constexpr uint32_t initial_window(uint32_t smss, uint32_t segments = 10) noexcept {
    const uint32_t floor = 2 * smss;
    const uint32_t budget = segments * 1460 > floor ? segments * 1460 : floor;
    return segments * smss < budget ? segments * smss : budget;
}

// All windows and counts in bytes.
class reno {
 public:
    // `smss` is the largest payload that we send; `initial_cwnd` comes from initial_window().
    reno(uint32_t smss, uint32_t initial_cwnd) noexcept;

    // `acked` bytes of new data were acknowledged outside of recovery; `cwnd_limited`: before this ACK the
    // flight filled the window. A window that was not used does not grow (RFC 9293 leaves it open; RFC 7661
    // §4.2 asks it).
    void on_ack(uint32_t acked, bool cwnd_limited) noexcept;
    // Loss was seen by duplicate ACKs or SACKs with `flight` bytes in flight: RFC 5681 §3.2 step 2. The
    // window during recovery is ssthresh; what has left the network is taken off the flight, not added to the
    // window (RFC 6675).
    void on_loss(uint32_t flight) noexcept;
    // Everything up to the recovery point is acknowledged; `flight` bytes are in flight. RFC 6582 §3.2 step 3
    // (1) with option (1): no burst is let out.
    void on_recovery_exit(uint32_t flight) noexcept;
    // The retransmission timer struck; `first` of a row without progress: only that halves (RFC 5681 §3.1
    // (4)).
    void on_timeout(uint32_t flight, bool first) noexcept;
    // Nothing was sent for longer than one RTO: RFC 5681 §4.1.
    void on_idle() noexcept;
    // Path MTU discovery changed the segment size.
    void set_smss(uint32_t smss) noexcept { smss_ = smss; }

    uint32_t cwnd() const noexcept { return cwnd_; }
    uint32_t ssthresh() const noexcept { return ssthresh_; }  // UINT32_MAX until the first loss
    bool in_slow_start() const noexcept { return cwnd_ < ssthresh_; }

 private:
    uint32_t smss_;
    uint32_t cwnd_;
    uint32_t ssthresh_ = UINT32_MAX;
    uint32_t restart_window_;
    uint32_t acked_since_growth_ = 0;  // congestion avoidance: RFC 3465 §2.1 bytes_acked
    bool after_timeout_ = false;       // slow start, after one
};

}  // namespace millrace::tcp
