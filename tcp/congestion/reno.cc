#include "tcp/congestion/reno.hh"

#include <algorithm>

namespace millrace::tcp {

void reno::on_ack(congestion_window& w, const window_ack& a) noexcept {
    // RFC 3465 §2.2, §2.3: two segments for an ACK; after a timeout one, for its ACKs tell of what left the
    // network long ago.
    if (w.in_slow_start()) return w.slow_start(a.acked, after_timeout_ ? 1 : 2);
    after_timeout_ = false;
    // RFC 3465 §2.1: one segment for each window of acknowledged bytes.
    acked_since_growth_ += a.acked;
    if (acked_since_growth_ < w.cwnd) return;
    acked_since_growth_ -= w.cwnd;
    w.grow(w.smss);
}

void reno::on_loss(congestion_window& w, uint32_t flight) noexcept {
    w.ssthresh = std::max(w.used(flight) / 2, 2 * w.smss);
    acked_since_growth_ = 0;
    after_timeout_ = false;
}

void reno::on_timeout(congestion_window& w, uint32_t flight) noexcept {
    on_loss(w, flight);
    after_timeout_ = true;
}

}  // namespace millrace::tcp
