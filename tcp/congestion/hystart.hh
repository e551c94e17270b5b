// HyStart++: leaves slow start when round trips grow longer, before packets are lost. RFC 9406.
#pragma once

#include "core/time.hh"
#include "tcp/congestion/window.hh"

#include <chrono>
#include <cstdint>

namespace millrace::tcp {

// For the first slow start of a connection (RFC 9406 §4.3): later ones end at the threshold that was found.
// Rounds are counted down in bytes, which is the same as waiting for windowEnd to be acknowledged.
class hystart {
 public:
    // RFC 9406 §4.3.
    static constexpr duration min_rtt_thresh = std::chrono::milliseconds(4);
    static constexpr duration max_rtt_thresh = std::chrono::milliseconds(16);
    static constexpr unsigned min_rtt_divisor = 8;
    static constexpr unsigned rtt_samples = 8;  // N_RTT_SAMPLE
    static constexpr unsigned css_growth_divisor = 4;
    static constexpr unsigned css_rounds = 5;
    static constexpr unsigned limit_segments = 8;  // L, without pacing

    enum class phase : uint8_t {
        slow_start,
        conservative,  // CSS: delay has grown; watching whether that was a whim
        finished,      // it was not: on to congestion avoidance
    };

    // Bytes that the window may grow by. RFC 9406 §4.2.
    uint32_t on_ack(const window_ack& a, uint32_t smss) noexcept;
    // ACKs went by unseen: rounds and samples begin anew.
    void restart() noexcept;
    phase now() const noexcept { return phase_; }

 private:
    void judge() noexcept;
    void end_round(uint32_t flight) noexcept;

    // Least round trips; zero while there was no sample.
    duration last_round_{0};     // lastRoundMinRTT
    duration current_round_{0};  // currentRoundMinRTT
    duration baseline_{0};       // cssBaselineMinRtt
    uint32_t round_left_ = 0;    // bytes to be acknowledged until the round ends; 0: none has begun
    uint8_t samples_ = 0;        // of the current round; stays at 255
    uint8_t rounds_ = 0;         // in CSS
    phase phase_ = phase::slow_start;
};

}  // namespace millrace::tcp
