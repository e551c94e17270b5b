#include "tcp/congestion/dctcp.hh"

#include <algorithm>

namespace millrace::tcp {

// RFC 8257 §3.3, steps 1 to 9.
void dctcp::on_delivered(uint32_t acked, uint32_t flight, uint32_t marked) noexcept {
    marked_ += marked;
    if (acked == 0) return;
    if (window_left_ == 0) window_left_ = acked + flight;
    acked_ += acked;
    if (acked < window_left_) {
        window_left_ -= acked;
        return;
    }
    end_window();
    window_left_ = flight;
}

// DCTCP.Alpha = DCTCP.Alpha * (1 - g) + g * M.
void dctcp::end_window() noexcept {
    const auto m = uint32_t(std::min(marked_, acked_) * whole / acked_);
    alpha_ = alpha_ - (alpha_ >> gain_shift) + (m >> gain_shift);
    acked_ = marked_ = 0;
}

void dctcp::on_mark(congestion_window& w) noexcept {
    const auto less = uint32_t(uint64_t(w.cwnd) * alpha_ / whole / 2);
    w.ssthresh = std::max(w.cwnd - less, 2 * w.smss);
}

}  // namespace millrace::tcp
