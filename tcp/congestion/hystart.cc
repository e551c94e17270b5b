#include "tcp/congestion/hystart.hh"

#include <algorithm>

namespace millrace::tcp {

namespace {

constexpr duration threshold(duration rtt) noexcept {
    return std::clamp(rtt / hystart::min_rtt_divisor, hystart::min_rtt_thresh, hystart::max_rtt_thresh);
}

}  // namespace

uint32_t hystart::on_ack(const window_ack& a, uint32_t smss) noexcept {
    if (round_left_ == 0) begin_round(a);
    const uint32_t most = std::min(a.acked, limit_segments * smss);
    const uint32_t growth = phase_ == phase::slow_start ? most : most / css_growth_divisor;
    if (a.rtt > duration::zero()) take_sample(a.rtt);
    if (samples_ >= rtt_samples) judge_delay();
    if (train_fills_path(a, smss) && phase_ == phase::slow_start) {
        begin_css(least_);
        by_train_ = true;
    }
    round_left_ -= std::min(round_left_, a.acked);
    if (round_left_ == 0) end_round();
    return growth;
}

void hystart::begin_round(const window_ack& a) noexcept {
    round_left_ = a.acked + a.flight;
    current_round_ = duration::zero();
    samples_ = 0;
    train_begin_ = train_end_ = a.now;
}

void hystart::take_sample(duration rtt) noexcept {
    current_round_ = current_round_ > duration::zero() ? std::min(current_round_, rtt) : rtt;
    least_ = least_ > duration::zero() ? std::min(least_, rtt) : rtt;
    if (samples_ < UINT8_MAX) ++samples_;
}

// A window that goes out at a pace of two in a round trip is a train half a round trip long, whatever the
// path.
bool hystart::train_fills_path(const window_ack& a, uint32_t smss) noexcept {
    if (a.now - train_end_ > std::min(train_gap, least_ / train_gap_divisor)) return false;  // nor later ones
    train_end_ = a.now;
    const duration enough = a.paced ? least_ : least_ / 2;
    return least_ > duration::zero() && a.acked + a.flight >= train_segments * smss &&
           train_end_ - train_begin_ > enough;
}

void hystart::judge_delay() noexcept {
    if (phase_ == phase::slow_start) {
        if (last_round_ > duration::zero() && current_round_ >= last_round_ + threshold(last_round_))
            begin_css(current_round_);
    } else if (phase_ == phase::conservative) {
        if (current_round_ >= baseline_ + threshold(baseline_))
            phase_ = phase::finished;
        else if (current_round_ < baseline_ && !by_train_)
            phase_ = phase::slow_start;
    }
}

void hystart::begin_css(duration baseline) noexcept {
    baseline_ = baseline;
    rounds_ = 0;
    by_train_ = false;
    phase_ = phase::conservative;
}

void hystart::end_round() noexcept {
    last_round_ = current_round_;
    // The round in which CSS began counts, however late in it that was.
    if (phase_ == phase::conservative && ++rounds_ >= css_rounds) phase_ = phase::finished;
}

void hystart::restart() noexcept {
    last_round_ = duration::zero();
    round_left_ = 0;
}

}  // namespace millrace::tcp
