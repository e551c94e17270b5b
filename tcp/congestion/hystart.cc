#include "tcp/congestion/hystart.hh"

#include <algorithm>

namespace millrace::tcp {

uint32_t hystart::on_ack(const window_ack& a, uint32_t smss) noexcept {
    if (round_left_ == 0) round_left_ = a.acked + a.flight;
    const uint32_t most = std::min(a.acked, limit_segments * smss);
    const uint32_t growth = phase_ == phase::slow_start ? most : most / css_growth_divisor;
    if (a.rtt > duration::zero()) {
        current_round_ = current_round_ > duration::zero() ? std::min(current_round_, a.rtt) : a.rtt;
        if (samples_ < UINT8_MAX) ++samples_;
    }
    if (samples_ >= rtt_samples) judge();
    if (a.acked < round_left_)
        round_left_ -= a.acked;
    else
        end_round(a.flight);
    return growth;
}

void hystart::judge() noexcept {
    if (phase_ == phase::slow_start && last_round_ > duration::zero()) {
        const duration thresh = std::clamp(last_round_ / min_rtt_divisor, min_rtt_thresh, max_rtt_thresh);
        if (current_round_ < last_round_ + thresh) return;
        baseline_ = current_round_;
        rounds_ = 0;
        phase_ = phase::conservative;
    } else if (phase_ == phase::conservative && current_round_ < baseline_) {
        phase_ = phase::slow_start;
    }
}

void hystart::end_round(uint32_t flight) noexcept {
    last_round_ = current_round_;
    current_round_ = duration::zero();
    samples_ = 0;
    round_left_ = flight;
    // The round in which CSS began counts, however late in it that was.
    if (phase_ == phase::conservative && ++rounds_ >= css_rounds) phase_ = phase::finished;
}

void hystart::restart() noexcept {
    last_round_ = current_round_ = duration::zero();
    samples_ = 0;
    round_left_ = 0;
}

}  // namespace millrace::tcp
