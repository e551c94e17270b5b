// BBR's states and what ends them: draft-ietf-ccwg-bbr, to which all sections here belong.
#include "tcp/congestion/bbr.hh"

#include <chrono>

namespace millrace::tcp {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t startup_full_losses = 6;     // BBRStartupFullLossCnt
constexpr uint32_t startup_full_marks = 2;      // rounds in a row: Linux
constexpr uint32_t drain_rounds = 3;            // §5.3.2
constexpr uint32_t reno_rounds = 63;            // §5.3.3.8.3
constexpr duration probe_rtt_duration = 200ms;  // BBR.ProbeRTTDuration

}  // namespace

bbr::bbr(const congestion_window& w, duration srtt, bool selective, time_point now, uint64_t seed) noexcept
    : random_(seed | 1),
      now_(now),
      initial_cwnd_(w.cwnd),
      selective_(selective),
      rtt_seen_(srtt > duration::zero()) {
    model_.begin(w.cwnd, srtt, now);
    init_pacing_rate(srtt);
}

void bbr::on_delivery(congestion_window& w, const delivery& d) noexcept {
    now_ = d.now;
    if (std::exchange(in_recovery_, d.in_recovery) && !d.in_recovery) restore_cwnd(w);
    if (!rtt_seen_ && d.rtt > duration::zero()) {
        rtt_seen_ = true;
        init_pacing_rate(d.rtt);
    }
    model_.on_delivery(d, w.cwnd, accelerates());
    if (d.has_sample) {
        last_tx_in_flight_ = d.tx_in_flight;
        app_limited_ = d.app_limited;
    }
    if (model_.round_start()) was_cwnd_limited_ = std::exchange(cwnd_limited_, false);
    cwnd_limited_ |= d.cwnd_limited;
    model_.update_aggregation(d, w.cwnd, full_bw_reached_);
    check_full_pipe(d);
    check_startup_loss(w, d);
    if (phase_ == phase::startup && full_bw_reached_) enter_drain();
    check_drain_done(w, d);
    update_probe_bw(w, d);
    model_.update_min_rtt(d);
    check_probe_rtt(w, d);
    model_.finish(d);
    set_pacing_rate(pacing_percent());
    set_cwnd(w, d);
}

// A probe that loses more than the threshold is over; where in `p` the threshold was crossed is what the path
// holds: InflightAtLoss().
void bbr::on_lost(congestion_window& w, const lost_segment& p) noexcept {
    if (model_.note_loss(p.total)) save_state(w);
    lost_ranges_ += p.begins_range;
    if (!probe_sample_ || !is_too_high(p.lost, p.tx_in_flight)) return;
    const int64_t before = int64_t(p.tx_in_flight) - p.size;
    const int64_t lost_before = int64_t(p.lost) - p.size;
    const int64_t prefix = (int64_t(bbr_model::loss_thresh) * before - 100 * lost_before) /
                           int64_t(100 - bbr_model::loss_thresh);
    on_too_high(w, uint64_t(std::max<int64_t>(before + prefix, 0)), p.app_limited);
}

void bbr::on_restart(congestion_window& w, time_point now) noexcept {
    now_ = now;
    idle_restart_ = true;
    model_.restart_aggregation(now);
    if (probes_bw())
        set_pacing_rate(100);
    else if (phase_ == phase::probe_rtt)
        leave_probe_rtt_if_due(w, now);
}

void bbr::on_recovery(const congestion_window& w) noexcept {
    if (model_.note_loss(model_.total())) save_state(w);
    in_recovery_ = true;
}

void bbr::on_timeout(congestion_window& w, bool first) noexcept {
    if (first) save_state(w);
    in_recovery_ = true;
    w.cwnd = w.smss;
}

void bbr::on_mark(congestion_window& w) noexcept {
    model_.note_mark(model_.total());
    if (probe_sample_) on_too_high(w, last_tx_in_flight_, app_limited_);
}

void bbr::on_spurious(congestion_window& w) noexcept {
    restore_cwnd(w);
    in_recovery_ = false;
    model_.forget_loss();
    model_.raise_short_term(undo_bw_shortterm_, undo_inflight_shortterm_);
    inflight_longterm_ = std::max(inflight_longterm_, undo_inflight_longterm_);
    pipe_.restart();
    const auto was = std::exchange(undo_phase_, std::nullopt);
    if (was == phase::startup && phase_ != phase::startup) {
        full_bw_reached_ = false;
        if (phase_ != phase::probe_rtt) phase_ = phase::startup;
    } else if (was == phase::probe_up && phase_ != phase::probe_up && phase_ != phase::probe_rtt) {
        start_refill();
    }
}

// --- Startup and drain: §5.3.1, §5.3.2.

void bbr::check_full_pipe(const delivery& d) noexcept {
    if (pipe_.is_full() || !model_.round_start() || d.app_limited) return;
    full_bw_reached_ |= pipe_.on_round(d.rate);
}

// CheckStartupHighLoss(): §5.3.1.3; and marks, of which nothing tells how many there were.
void bbr::check_startup_loss(const congestion_window& w, const delivery& d) noexcept {
    if (!model_.loss_round_start()) return;
    const uint32_t losses = std::exchange(lost_ranges_, 0);
    if (phase_ != phase::startup || full_bw_reached_) return;
    const bool many = losses >= (selective_ ? startup_full_losses : 1) && d.in_recovery;
    if (model_.marked_rounds() >= startup_full_marks || (many && is_too_high(d.lost, d.tx_in_flight)))
        leave_startup(w);
}

void bbr::leave_startup(const congestion_window& w) noexcept {
    undo_phase_ = phase::startup;
    full_bw_reached_ = true;
    inflight_longterm_ =
        std::max({model_.bdp(model_.bw()), model_.inflight_latest(), uint64_t(4 * uint64_t(w.smss))});
}

void bbr::enter_drain() noexcept {
    phase_ = phase::drain;
    drain_start_round_ = model_.rounds();
}

void bbr::check_drain_done(const congestion_window& w, const delivery& d) noexcept {
    if (phase_ != phase::drain) return;
    const bool waited = model_.rounds() - drain_start_round_ > drain_rounds;
    if (waited || d.in_flight <= inflight(w, model_.bw())) start_down(d.now);
}

// --- Probing for bandwidth: §5.3.3.9.

void bbr::start_down(time_point now) noexcept {
    model_.reset_signals();
    probe_up_acked_per_inc_ = no_limit;
    pick_probe_wait();
    cycle_stamp_ = now;
    ack_phase_ = ack_phase::probe_stopping;
    model_.start_round();
    phase_ = phase::probe_down;
}

void bbr::start_refill() noexcept {
    model_.reset_short_term();
    probe_up_rounds_ = 0;
    probe_up_acked_ = 0;
    prev_probe_precautionary_ = false;
    ack_phase_ = ack_phase::refilling;
    model_.start_round();
    phase_ = phase::probe_refill;
}

void bbr::start_up(const congestion_window& w, uint64_t rate) noexcept {
    ack_phase_ = ack_phase::probe_starting;
    model_.start_round();
    pipe_.restart(rate);
    phase_ = phase::probe_up;
    raise_slope(w);
}

void bbr::update_probe_bw(const congestion_window& w, const delivery& d) noexcept {
    if (!full_bw_reached_ || !d.has_sample) return;
    if (on_probe_acks(d)) return;
    raise_longterm(w, d);
    switch (phase_) {
        case phase::probe_down:
        case phase::probe_cruise:
            if (is_time_to_probe(w, d.now))
                start_refill();
            else if (phase_ == phase::probe_down && is_time_to_cruise(w, d))
                phase_ = phase::probe_cruise;
            break;
        case phase::probe_refill:
            if (!model_.round_start()) break;
            probe_sample_ = true;
            start_up(w, d.rate);
            break;
        case phase::probe_up:
            if (!is_time_to_go_down(w, d)) break;
            prev_probe_too_high_ = false;
            start_down(d.now);
            break;
        case phase::startup:
        case phase::drain:
        case phase::probe_rtt:
            break;
    }
}

// Of AdaptLongTermModel(): what a round of ACKs says of the probe; true if it has decided on another state.
// A precaution that has lost nothing is followed by a probe without one (§5.3.3.6).
bool bbr::on_probe_acks(const delivery& d) noexcept {
    if (!model_.round_start()) return false;
    if (ack_phase_ == ack_phase::probe_starting) ack_phase_ = ack_phase::probe_feedback;
    if (ack_phase_ != ack_phase::probe_stopping) return false;
    probe_sample_ = false;
    ack_phase_ = ack_phase::init;
    if (!probes_bw()) return false;
    if (!d.app_limited) model_.advance_max_bw();
    if (!prev_probe_precautionary_ || prev_probe_too_high_) return false;
    start_refill();
    return true;
}

// The rest of it: what went well may be done again.
void bbr::raise_longterm(const congestion_window& w, const delivery& d) noexcept {
    if (inflight_longterm_ == no_limit || is_too_high(d.lost, d.tx_in_flight)) return;
    inflight_longterm_ = std::max<uint64_t>(inflight_longterm_, d.tx_in_flight);
    if (phase_ == phase::probe_up) probe_upward(w, d);
}

void bbr::probe_upward(const congestion_window& w, const delivery& d) noexcept {
    if (!(cwnd_limited_ || was_cwnd_limited_) || w.cwnd < inflight_longterm_) return;
    probe_up_acked_ += d.newly_acked;
    const uint64_t steps = probe_up_acked_ / probe_up_acked_per_inc_;
    probe_up_acked_ -= steps * probe_up_acked_per_inc_;
    inflight_longterm_ += steps * w.smss;
    if (model_.round_start()) raise_slope(w);
}

void bbr::raise_slope(const congestion_window& w) noexcept {
    const uint64_t growth = uint64_t(1) << probe_up_rounds_;
    probe_up_rounds_ = uint8_t(std::min(probe_up_rounds_ + 1, 30));
    probe_up_acked_per_inc_ = std::max<uint64_t>(w.cwnd / growth, w.smss);
}

// By the clock, or because Reno would have grown its window as much by now (§5.3.3.8.3).
bool bbr::is_time_to_probe(const congestion_window& w, time_point now) const noexcept {
    const uint64_t reno = std::clamp<uint64_t>(target_inflight(w) / w.smss, 1, reno_rounds);
    return now > cycle_stamp_ + probe_wait_ || model_.rounds() - probe_up_round_ >= reno;
}

bool bbr::is_time_to_cruise(const congestion_window& w, const delivery& d) const noexcept {
    return d.in_flight <= inflight_with_headroom(w) && d.in_flight <= inflight(w, model_.max_bw());
}

bool bbr::is_time_to_go_down(const congestion_window& w, const delivery& d) noexcept {
    if (prev_probe_too_high_ && d.in_flight >= inflight_longterm_) {
        prev_probe_precautionary_ = true;
        return true;
    }
    if (!(cwnd_limited_ || was_cwnd_limited_) || w.cwnd < inflight_longterm_) return pipe_.is_full();
    pipe_.restart(d.rate);  // the window is the limit, not the path's bandwidth
    return false;
}

void bbr::pick_probe_wait() noexcept {
    probe_up_round_ = model_.rounds() - uint32_t(draw(2));
    probe_wait_ = 2s + duration(int64_t(draw(1'000'000'000)));
}

// --- Probing for the round trip: §5.3.4.3.

void bbr::check_probe_rtt(congestion_window& w, const delivery& d) noexcept {
    if (phase_ != phase::probe_rtt && model_.wants_rtt_probed() && !idle_restart_) {
        save_cwnd(w);
        phase_ = phase::probe_rtt;
        probe_rtt_done_stamp_ = {};
        ack_phase_ = ack_phase::probe_stopping;
        model_.start_round();
    }
    if (phase_ == phase::probe_rtt) handle_probe_rtt(w, d);
    if (d.has_sample) idle_restart_ = false;
}

void bbr::handle_probe_rtt(congestion_window& w, const delivery& d) noexcept {
    mark_app_limited_ = true;
    if (probe_rtt_done_stamp_ == time_point()) {
        if (d.in_flight > probe_rtt_cwnd(w)) return;
        probe_rtt_done_stamp_ = d.now + probe_rtt_duration;
        probe_rtt_round_done_ = false;
        model_.start_round();
        return;
    }
    if (model_.round_start()) probe_rtt_round_done_ = true;
    if (probe_rtt_round_done_) leave_probe_rtt_if_due(w, d.now);
}

// §5.3.4.4.
void bbr::leave_probe_rtt_if_due(congestion_window& w, time_point now) noexcept {
    if (probe_rtt_done_stamp_ == time_point() || now <= probe_rtt_done_stamp_) return;
    model_.on_rtt_probed(now);
    restore_cwnd(w);
    model_.reset_short_term();
    if (!full_bw_reached_) {
        phase_ = phase::startup;
        return;
    }
    start_down(now);
    phase_ = phase::probe_cruise;
}

// --- Congestion: §5.5.10.2, §5.5.11.1.

// IsInflightTooHigh(). Without SACK one loss is all that can be seen of a round.
bool bbr::is_too_high(uint64_t lost, uint64_t tx_in_flight) const noexcept {
    return exceeds(lost, bbr_model::loss_thresh, tx_in_flight) || (lost > 0 && !selective_);
}

void bbr::on_too_high(const congestion_window& w, uint64_t tx_in_flight, bool app_limited) noexcept {
    prev_probe_too_high_ = true;
    probe_sample_ = false;
    if (!app_limited)
        inflight_longterm_ = std::max(tx_in_flight, percent_of(target_inflight(w), bbr_model::beta));
    if (phase_ != phase::probe_up) return;
    undo_phase_ = phase::probe_up;
    start_down(now_);
}

void bbr::save_state(const congestion_window& w) noexcept {
    save_cwnd(w);
    undo_phase_ = std::nullopt;
    undo_bw_shortterm_ = model_.bw_shortterm();
    undo_inflight_shortterm_ = model_.inflight_shortterm();
    undo_inflight_longterm_ = inflight_longterm_;
}

}  // namespace millrace::tcp
