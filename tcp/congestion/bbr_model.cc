// What BBR knows of a path: draft-ietf-ccwg-bbr, to which all sections here belong.
#include "tcp/congestion/bbr_model.hh"

#include <chrono>
#include <utility>

namespace millrace::tcp {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t extra_acked_rounds = 10;  // BBR.ExtraAckedFilterLen
constexpr duration min_rtt_window = 10s;     // BBR.MinRTTFilterLen
constexpr duration probe_rtt_interval = 5s;  // BBR.ProbeRTTInterval

}  // namespace

void bbr_model::begin(uint32_t initial_cwnd, duration srtt, time_point now) noexcept {
    *this = {};
    initial_cwnd_ = initial_cwnd;
    extra_acked_start_ = min_rtt_stamp_ = probe_rtt_min_stamp_ = now;
    if (srtt > duration::zero()) min_rtt_ = probe_rtt_min_delay_ = srtt;
}

// §5.5.5, §5.5.10.3.
void bbr_model::on_delivery(const delivery& d, uint32_t cwnd, bool accelerating) noexcept {
    total_ = d.total;
    loss_round_start_ = round_start_ = false;
    if (!d.has_sample) return;
    if (d.rate > bw_latest_) note_latest(d);
    inflight_latest_ = std::max(inflight_latest_, d.delivered);
    if (d.prior >= loss_round_delivered_) {
        loss_round_delivered_ = d.total;
        loss_round_start_ = true;
    }
    count_rounds(d);
    if (d.rate >= max_bw() || !d.app_limited) max_bw_[1] = std::max(max_bw_[1], d.rate);
    if (!loss_round_start_) return;
    if (loss_in_round_ && !accelerating) lower_bounds(cwnd);
    marked_rounds_ = mark_in_round_ ? std::min(marked_rounds_ + 1, UINT32_MAX - 1) : 0;
    forget_loss();
}

void bbr_model::note_latest(const delivery& d) noexcept {
    bw_latest_ = d.rate;
    kept_up_ =
        d.rate >= percent_of(d.send_rate, 100 - loss_thresh) && !exceeds(d.lost, loss_thresh, d.tx_in_flight);
}

// UpdateRound(): §5.5.1.
void bbr_model::count_rounds(const delivery& d) noexcept {
    if (d.prior < next_round_delivered_) return;
    start_round();
    ++round_count_;
    round_start_ = true;
}

// AdaptLowerBoundsFromCongestion(): §5.5.10.3. After losses no bound is lower than what was delivered all the
// same; marks come before anything is lost, so that what was delivered does not tell that it was too much.
//
// Not in the draft: a round in which as much was delivered as was sent, but for the losses that it tolerates,
// lowers nothing. We send at 1 % less than the path delivers, and at half of it while the round trip is
// probed; with a loss in each round each would be the measure of the next, and what a loss by chance has
// taken comes back only with the next probe.
void bbr_model::lower_bounds(uint32_t cwnd) noexcept {
    if (kept_up_ && !mark_in_round_) return;
    if (bw_shortterm_ == no_limit) bw_shortterm_ = max_bw();
    if (inflight_shortterm_ == no_limit) inflight_shortterm_ = cwnd;
    bw_shortterm_ = std::max(bw_latest_, percent_of(bw_shortterm_, beta));
    const uint64_t less = percent_of(inflight_shortterm_, beta);
    inflight_shortterm_ = mark_in_round_ ? less : std::max(inflight_latest_, less);
}

void bbr_model::update_aggregation(const delivery& d, uint32_t cwnd, bool full_pipe_reached) noexcept {
    uint64_t expected = bytes_in(d.now - extra_acked_start_, bw_);
    if (extra_acked_delivered_ <= expected) {
        extra_acked_delivered_ = expected = 0;
        extra_acked_start_ = d.now;
    }
    extra_acked_delivered_ += d.newly_acked;
    const uint64_t extra = std::min<uint64_t>(extra_acked_delivered_ - expected, cwnd);
    extra_acked_.update(extra, round_count_, full_pipe_reached ? extra_acked_rounds : 1);
}

void bbr_model::update_min_rtt(const delivery& d) noexcept {
    probe_rtt_expired_ = d.now > probe_rtt_min_stamp_ + probe_rtt_interval;
    if (d.rtt >= duration::zero() && (d.rtt < probe_rtt_min_delay_ || probe_rtt_expired_)) {
        probe_rtt_min_delay_ = d.rtt;
        probe_rtt_min_stamp_ = d.now;
    }
    if (probe_rtt_min_delay_ < min_rtt_ || d.now > min_rtt_stamp_ + min_rtt_window) {
        min_rtt_ = probe_rtt_min_delay_;
        min_rtt_stamp_ = probe_rtt_min_stamp_;
    }
}

void bbr_model::finish(const delivery& d) noexcept {
    if (loss_round_start_) {
        note_latest(d);
        inflight_latest_ = d.delivered;
    }
    bw_ = std::min(max_bw(), bw_shortterm_);
}

bool bbr_model::note_loss(uint64_t total) noexcept {
    if (loss_in_round_) return false;
    loss_round_delivered_ = total;
    loss_in_round_ = true;
    return true;
}

void bbr_model::note_mark(uint64_t total) noexcept {
    note_loss(total);
    mark_in_round_ = true;
}

void bbr_model::reset_signals() noexcept {
    forget_loss();
    bw_latest_ = inflight_latest_ = 0;
}

void bbr_model::raise_short_term(uint64_t bw, uint64_t inflight) noexcept {
    bw_shortterm_ = std::max(bw_shortterm_, bw);
    inflight_shortterm_ = std::max(inflight_shortterm_, inflight);
}

// A cycle without a sample that counts has nothing to put in the place of the one before.
void bbr_model::advance_max_bw() noexcept {
    if (max_bw_[1] > 0) max_bw_[0] = std::exchange(max_bw_[1], 0);
}

}  // namespace millrace::tcp
