// The congestion window and its threshold: what every algorithm works on. RFC 5681 §3.1.
#pragma once

#include "core/time.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

// RFC 6928 §2: ten segments, about 14600 bytes, at least two segments. `segments` is 10 unless set otherwise.
constexpr uint32_t initial_window(uint32_t smss, uint32_t segments = 10) noexcept {
    const uint32_t floor = 2 * smss;
    const uint32_t budget = segments * 1460 > floor ? segments * 1460 : floor;
    return segments * smss < budget ? segments * smss : budget;
}

// In bytes.
struct congestion_window {
    // No window may exceed what window scaling can express (RFC 7323 §2.3).
    static constexpr uint32_t max = uint32_t(1) << 30;
    static constexpr uint32_t unlimited = UINT32_MAX;  // ssthresh until the first loss

    uint32_t smss;  // the largest payload that we send
    uint32_t cwnd;
    uint32_t ssthresh = unlimited;

    bool in_slow_start() const noexcept { return cwnd < ssthresh; }
    void grow(uint64_t bytes) noexcept { cwnd = uint32_t(std::min<uint64_t>(cwnd + bytes, max)); }

    // RFC 3465 §2.2: by what was acknowledged, but never by more than `segments` for one ACK.
    void slow_start(uint32_t acked, uint32_t segments) noexcept {
        grow(std::min({acked, segments * smss, ssthresh - cwnd}));
    }

    // What a loss is measured by: the flight, but not what limited transmit (RFC 3042) sent beyond the
    // window (RFC 5681 §3.2 step 2).
    uint32_t used(uint32_t flight) const noexcept { return std::min(cwnd, flight); }
};

// An ACK of new data outside of recovery, while the flight before it filled the window.
struct window_ack {
    uint32_t acked;   // bytes of new data
    uint32_t flight;  // bytes in flight after it
    time_point now;
    duration rtt;        // sampled by this ACK; zero if it gave none
    duration srtt;       // smoothed (RFC 6298); zero before the first sample
    bool paced = false;  // the window goes out at a pace, not at once
};

}  // namespace millrace::tcp
