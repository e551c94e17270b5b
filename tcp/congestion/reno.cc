#include "tcp/congestion/reno.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

// No window may exceed what window scaling can express (RFC 7323 §2.3).
constexpr uint32_t max_cwnd = uint32_t(1) << 30;

}  // namespace

reno::reno(uint32_t smss, uint32_t initial_cwnd) noexcept
    : smss_(smss), cwnd_(std::max(initial_cwnd, smss)), restart_window_(cwnd_) {}

void reno::on_ack(uint32_t acked, bool cwnd_limited) noexcept {
    if (!cwnd_limited || cwnd_ >= max_cwnd) return;
    if (in_slow_start()) {
        // RFC 3465 §2.2, §2.3: never more than two segments for one ACK; after a timeout, one.
        cwnd_ += std::min(acked, after_timeout_ ? smss_ : 2 * smss_);
        return;
    }
    // RFC 3465 §2.1: one segment for each window of acknowledged bytes.
    after_timeout_ = false;
    acked_since_growth_ += acked;
    if (acked_since_growth_ >= cwnd_) {
        acked_since_growth_ -= cwnd_;
        cwnd_ += smss_;
    }
}

void reno::on_loss(uint32_t flight) noexcept {
    ssthresh_ = std::max(flight / 2, 2 * smss_);  // RFC 5681 equation (4)
    cwnd_ = ssthresh_;
    after_timeout_ = false;
    acked_since_growth_ = 0;
}

void reno::on_recovery_exit(uint32_t flight) noexcept {
    cwnd_ = std::min(ssthresh_, std::max(flight, smss_) + smss_);
    acked_since_growth_ = 0;
}

void reno::on_timeout(uint32_t flight, bool first) noexcept {
    if (first) ssthresh_ = std::max(flight / 2, 2 * smss_);
    cwnd_ = smss_;  // the loss window
    after_timeout_ = true;
    acked_since_growth_ = 0;
}

void reno::on_idle() noexcept {
    cwnd_ = std::min(cwnd_, restart_window_);
    acked_since_growth_ = 0;
}

}  // namespace millrace::tcp
