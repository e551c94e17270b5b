// Reno: slow start, congestion avoidance and halving. RFC 5681, with RFC 3465 byte counting.
#pragma once

#include "tcp/congestion/window.hh"

#include <cstdint>

namespace millrace::tcp {

// Works on a window that others hold. All counts in bytes.
class reno {
 public:
    void on_ack(congestion_window& w, const window_ack& a) noexcept;
    // The window was not filled for a while: nothing to be learned from that time.
    void on_pause() noexcept {}
    // Loss was seen by duplicate ACKs or SACKs with `flight` bytes in flight: RFC 5681 §3.2 step 2.
    void on_loss(congestion_window& w, uint32_t flight) noexcept;
    // The path has marked a segment of the window instead of losing it: RFC 3168 §6.1.2.
    void on_mark(congestion_window& w) noexcept { on_loss(w, w.cwnd); }
    // The retransmission timer struck for the first time in a row: RFC 5681 §3.1 equation (4).
    void on_timeout(congestion_window& w, uint32_t flight) noexcept;
    // The last loss or timeout was none.
    void on_spurious() noexcept { after_timeout_ = false; }

 private:
    uint32_t acked_since_growth_ = 0;  // RFC 3465 §2.1 bytes_acked
    bool after_timeout_ = false;       // in the slow start that follows one
};

}  // namespace millrace::tcp
