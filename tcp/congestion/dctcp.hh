// DCTCP: the window falls by as much as the part of the bytes that were marked. RFC 8257.
#pragma once

#include "tcp/congestion/reno.hh"
#include "tcp/congestion/window.hh"

#include <cstdint>

namespace millrace::tcp {

// Grows, and reacts to loss, as Reno does (RFC 8257 §3.3, §3.5); without ECN it is Reno. Works on a window
// that others hold. All counts in bytes.
class dctcp {
 public:
    void on_ack(congestion_window& w, const window_ack& a) noexcept { reno_.on_ack(w, a); }
    void on_pause() noexcept { reno_.on_pause(); }
    // Any ACK, of `acked` bytes (RFC 8257 §3.3), which says that so many were `marked`: of those, if it is
    // all or none, or else of what has arrived lately; `flight` bytes are in flight behind it.
    void on_delivered(uint32_t acked, uint32_t flight, uint32_t marked) noexcept;
    // At most once for each window: RFC 8257 §3.3, cwnd = cwnd * (1 - DCTCP.Alpha / 2).
    void on_mark(congestion_window& w) noexcept;
    void on_loss(congestion_window& w, uint32_t flight) noexcept { reno_.on_loss(w, flight); }
    void on_timeout(congestion_window& w, uint32_t flight) noexcept { reno_.on_timeout(w, flight); }
    void on_spurious() noexcept { reno_.on_spurious(); }

    // DCTCP.Alpha, the part of the bytes that are marked, in units of 2^-20.
    static constexpr uint32_t whole = 1 << 20;
    uint32_t alpha() const noexcept { return alpha_; }

 private:
    static constexpr unsigned gain_shift = 4;  // g = 1/16: RFC 8257 §4.2

    void end_window() noexcept;

    reno reno_;
    uint32_t alpha_ = whole;    // RFC 8257 §4.2: at first as careful as Reno
    uint32_t window_left_ = 0;  // bytes to be acknowledged up to DCTCP.WindowEnd; 0: none has begun
    uint64_t acked_ = 0;        // DCTCP.BytesAcked
    uint64_t marked_ = 0;       // DCTCP.BytesMarked
};

}  // namespace millrace::tcp
