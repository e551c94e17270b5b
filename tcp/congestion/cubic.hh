// CUBIC: the window as a cubic function of the time since the last loss. RFC 9438.
#pragma once

#include "core/time.hh"
#include "tcp/congestion/hystart.hh"
#include "tcp/congestion/window.hh"

#include <cstdint>

namespace millrace::tcp {

// Works on a window that others hold. Windows in bytes; time in ticks of 2^-20 s, so that the cube of a time
// is exact in 128 bits and its unit a shift. The constants of RFC 9438 §4.6 and §5: C = 0.4, beta = 0.7,
// alpha = 3 (1 - beta) / (1 + beta) = 9/17.
class cubic {
 public:
    void on_ack(congestion_window& w, const window_ack& a) noexcept;
    // The window was not filled for a while: that time does not count (RFC 9438 §4.2, §5.8).
    void on_pause() noexcept { paused_ = true; }
    // Loss was seen by duplicate ACKs or SACKs with `flight` bytes in flight: §4.6, §4.7.
    void on_loss(congestion_window& w, uint32_t flight) noexcept;
    // The path has marked a segment of the window instead of losing it: §4.6.
    void on_mark(congestion_window& w) noexcept { on_loss(w, w.cwnd); }
    // The retransmission timer struck for the first time in a row: §4.8.
    void on_timeout(congestion_window& w, uint32_t flight) noexcept;
    // The last loss or timeout was none: what it made of the curve is taken back (§4.9).
    void on_spurious() noexcept;

    // For tests.
    uint32_t w_max() const noexcept { return curve_.w_max; }
    hystart::phase slow_start_phase() const noexcept { return hystart_.now(); }

 private:
    // The stage of congestion avoidance that begins with the first ACK after slow start or recovery.
    struct curve {
        time_point epoch{};       // t_epoch, moved by the time that does not count
        uint32_t w_max = 0;       // W_max; 0: the stage begins at its plateau
        uint32_t cwnd_prior = 0;  // cwnd_prior: the window before the last reduction
        uint32_t w_est = 0;       // W_est
        uint32_t k = 0;           // K, in ticks
        bool begun = false;
    };

    void grow_in_slow_start(congestion_window& w, const window_ack& a) noexcept;
    void begin(const congestion_window& w, time_point now) noexcept;
    void estimate_reno(const congestion_window& w, uint32_t acked) noexcept;
    void remember(const congestion_window& w) noexcept;
    int64_t w_cubic(int64_t ticks, uint32_t smss) const noexcept;

    curve curve_;
    curve before_;             // the last loss or timeout
    time_point grown_at_{};    // the last ACK that counted
    uint64_t est_credit_ = 0;  // remainders of growth too small for a byte: of W_est
    uint64_t credit_ = 0;      // and of the window
    hystart hystart_;
    bool paused_ = false;
    bool after_timeout_ = false;  // in the slow start that follows one
};

}  // namespace millrace::tcp
