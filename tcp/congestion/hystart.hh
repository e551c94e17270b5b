// HyStart++: leaves slow start when round trips grow longer, before packets are lost. RFC 9406.
#pragma once

#include "core/time.hh"
#include "tcp/congestion/window.hh"

#include <chrono>
#include <cstdint>

namespace millrace::tcp {

// For the first slow start of a connection (RFC 9406 §4.3): later ones end at the threshold that was found.
// Rounds are counted down in bytes, which is the same as waiting for windowEnd to be acknowledged; the next
// ACK begins the next one, so that a round is a whole train of segments.
//
// In two things it goes beyond the RFC. A window that goes out at once is a train with a gap behind it. While
// the path delivers it in less than a round trip, the head of the next train finds an empty queue: the least
// round trip does not grow before the window is more than the path holds, and then it doubles once more. But
// ACKs that come without a gap for half a round trip say already that what answers them fills the path: that
// begins CSS, too (HyStart's train of ACKs, as in Linux, where it ends slow start). And delay that grows by
// the threshold once more while in CSS is no whim: it ends slow start, without waiting for five rounds.
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
    // Of a train of ACKs: Linux's bounds, and for short round trips a narrower gap.
    static constexpr uint32_t train_segments = 16;  // in flight, at least
    static constexpr duration train_gap = std::chrono::milliseconds(2);
    static constexpr unsigned train_gap_divisor = 8;  // of the round trip, where that is less

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
    void begin_round(const window_ack& a) noexcept;
    void take_sample(duration rtt) noexcept;
    bool train_fills_path(const window_ack& a, uint32_t smss) noexcept;
    void judge_delay() noexcept;
    void begin_css(duration baseline) noexcept;
    void end_round() noexcept;

    // Least round trips; zero while there was no sample.
    duration last_round_{0};     // lastRoundMinRTT
    duration current_round_{0};  // currentRoundMinRTT
    duration baseline_{0};       // cssBaselineMinRtt
    uint32_t round_left_ = 0;    // bytes to be acknowledged until the round ends; 0: none has begun
    uint8_t samples_ = 0;        // of the current round; stays at 255
    uint8_t rounds_ = 0;         // in CSS
    bool by_train_ = false;      // CSS began since a train of ACKs was long
    duration least_{0};          // of all rounds
    // The train of ACKs that began the round, as far as it has come without a gap.
    time_point train_begin_{};
    time_point train_end_{};
    phase phase_ = phase::slow_start;
};

}  // namespace millrace::tcp
