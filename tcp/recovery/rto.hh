// The retransmission timeout: computed from the round-trip time, doubled when it strikes. RFC 6298 §2.4 §5.
#pragma once

#include "core/time.hh"
#include "tcp/recovery/rtt.hh"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace millrace::tcp {

struct rto_limits {
    duration initial = std::chrono::seconds(1);  // before the first sample; RFC 6298 §2.1
    // The least that is waited beyond the smoothed round-trip time, so that a peer's delayed ACK is no
    // timeout even where round trips never vary. RFC 6298 §2.4 rounds the sum up to 1 s instead; Linux does
    // as we do.
    duration min = std::chrono::milliseconds(200);
    duration max = std::chrono::seconds(60);  // RFC 6298 §2.5
};

// The limits, those of all connections, are the caller's: always the same.
class rto {
 public:
    explicit rto(const rto_limits& limits = {}) noexcept : base_(limits.initial.count()) {
        update(limits.max);
    }

    // A new sample went into `r`: computes the timeout anew and takes every backoff back (RFC 6298 §5, last
    // note).
    void on_sample(const rtt& r, const rto_limits& limits) noexcept {
        const duration base = r.smoothed() + std::max(4 * r.variation(), limits.min);
        base_ = base.count();
        backoffs_ = 0;
        value_ = std::min(base, limits.max);
    }
    // The timer struck: doubles the timeout, up to the maximum (RFC 6298 §5.5).
    void back_off(const rto_limits& limits) noexcept;
    // New data was acknowledged, without a sample: takes every backoff back. RFC 6298 §5.3 restarts the timer
    // with the RTO that holds; today's stacks let progress end the backoff, so do we.
    void reset_backoff(const rto_limits& limits) noexcept;
    // A handshake whose SYN was retransmitted starts data with three seconds (RFC 6298 §5.7); to be called
    // when such a handshake is done and has given no sample.
    void on_handshake_timed_out(const rto_limits& limits) noexcept;

    // How long to wait from now.
    duration value() const noexcept { return value_; }
    // How often in a row it struck without progress.
    unsigned backoffs() const noexcept { return unsigned(backoffs_); }

 private:
    void update(duration max) noexcept;

    duration value_{};
    int64_t base_ : 56;  // before any backoff, in ns: up to a year
    uint64_t backoffs_ : 8 = 0;
};

}  // namespace millrace::tcp
