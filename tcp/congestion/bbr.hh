// BBR: sends at the rate at which the path delivers, and no more than the path holds, instead of at a window
// that losses cut. draft-ietf-ccwg-bbr, version 3 of the algorithm.
#pragma once

#include "core/time.hh"
#include "tcp/congestion/bbr_model.hh"
#include "tcp/congestion/delivery.hh"
#include "tcp/congestion/full_pipe.hh"
#include "tcp/congestion/window.hh"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace millrace::tcp {

// The state machine; what it goes by is in bbr_model, what it leads to in bbr_control.cc. Works on a window
// that others hold. Sections are those of draft-ietf-ccwg-bbr. Bytes, and bytes per second.
class bbr {
 public:
    // BBR.state: §5.3.
    enum class phase : uint8_t {
        startup,
        drain,
        probe_down,
        probe_cruise,
        probe_refill,
        probe_up,
        probe_rtt
    };

    // OnInit(): §5.2.1. `srtt`: zero if no round trip was measured yet. `selective`: C.has_selective_acks.
    // `seed` makes flows that begin together probe apart.
    bbr(const congestion_window& w, duration srtt, bool selective, time_point now, uint64_t seed) noexcept;

    // UpdateOnACK(): §5.2.3, for any ACK while data is in flight. Sets the window.
    void on_delivery(congestion_window& w, const delivery& d) noexcept;
    // HandleLostPacket(): §5.5.10.2.
    void on_lost(congestion_window& w, const lost_segment& p) noexcept;
    // Something goes out with nothing in flight, after the application had run dry: §5.4.1.
    void on_restart(congestion_window& w, time_point now) noexcept;
    // OnEnterFastRecovery(): §5.6.4.4.
    void on_recovery(const congestion_window& w) noexcept;
    // OnEnterRTO(): §5.6.4.4; `first` of a row without progress. One segment goes out, and what is lost is
    // told behind it.
    void on_timeout(congestion_window& w, bool first) noexcept;
    // The path has marked a segment of the window: congestion (§3.8), as much of it as a loss that is more
    // than the path's loss threshold, for how much of the flight was marked is not known.
    void on_mark(congestion_window& w) noexcept;
    // HandleSpuriousLossDetection(): §5.5.11.2.
    void on_spurious(congestion_window& w) noexcept;

    // C.pacing_rate, at least 1: §5.6.2.
    uint64_t pacing_rate() const noexcept { return pacing_rate_; }
    // C.send_quantum: §5.6.3.
    uint32_t send_quantum(uint32_t smss) const noexcept;
    // True once after it was asked for: what is sent from now on says nothing of the path's bandwidth.
    bool takes_app_limited() noexcept { return std::exchange(mark_app_limited_, false); }

    phase now_in() const noexcept { return phase_; }
    bool full_bw_reached() const noexcept { return full_bw_reached_; }
    uint64_t inflight_longterm() const noexcept { return inflight_longterm_; }
    const bbr_model& model() const noexcept { return model_; }

 private:
    // What the ACKs that come now tell of: BBR.ack_phase.
    enum class ack_phase : uint8_t { init, refilling, probe_starting, probe_feedback, probe_stopping };

    // Startup and drain: §5.3.1, §5.3.2.
    void check_full_pipe(const delivery& d) noexcept;
    void check_startup_loss(const congestion_window& w, const delivery& d) noexcept;
    void leave_startup(const congestion_window& w) noexcept;
    void enter_drain() noexcept;
    void check_drain_done(const congestion_window& w, const delivery& d) noexcept;
    // Probing for bandwidth: §5.3.3.
    void start_down(time_point now) noexcept;
    void start_refill() noexcept;
    void start_up(const congestion_window& w, uint64_t rate) noexcept;
    void update_probe_bw(const congestion_window& w, const delivery& d) noexcept;
    bool on_probe_acks(const delivery& d) noexcept;
    void raise_longterm(const congestion_window& w, const delivery& d) noexcept;
    void probe_upward(const congestion_window& w, const delivery& d) noexcept;
    void raise_slope(const congestion_window& w) noexcept;
    bool is_time_to_probe(const congestion_window& w, time_point now) const noexcept;
    bool is_time_to_cruise(const congestion_window& w, const delivery& d) const noexcept;
    bool is_time_to_go_down(const congestion_window& w, const delivery& d) noexcept;
    void pick_probe_wait() noexcept;
    // Probing for the round trip: §5.3.4.
    void check_probe_rtt(congestion_window& w, const delivery& d) noexcept;
    void handle_probe_rtt(congestion_window& w, const delivery& d) noexcept;
    void leave_probe_rtt_if_due(congestion_window& w, time_point now) noexcept;
    // Congestion: §5.5.10, §5.5.11.
    bool is_too_high(uint64_t lost, uint64_t tx_in_flight) const noexcept;
    void on_too_high(const congestion_window& w, uint64_t tx_in_flight, bool app_limited) noexcept;
    void save_state(const congestion_window& w) noexcept;

    // bbr_control.cc: §5.6.
    bool probes_bw() const noexcept { return phase_ >= phase::probe_down && phase_ <= phase::probe_up; }
    bool accelerates() const noexcept {  // IsProbingBW()
        return phase_ == phase::startup || phase_ == phase::probe_refill || phase_ == phase::probe_up;
    }
    void init_pacing_rate(duration srtt) noexcept;
    void set_pacing_rate(unsigned percent) noexcept;
    void set_cwnd(congestion_window& w, const delivery& d) const noexcept;
    unsigned pacing_percent() const noexcept;
    unsigned cwnd_percent() const noexcept;
    uint64_t target_inflight(const congestion_window& w) const noexcept;
    uint64_t with_budget(const congestion_window& w, uint64_t cap) const noexcept;
    uint64_t inflight(const congestion_window& w, uint64_t bw) const noexcept;
    uint64_t inflight_with_headroom(const congestion_window& w) const noexcept;
    uint64_t probe_rtt_cwnd(const congestion_window& w) const noexcept;
    void save_cwnd(const congestion_window& w) noexcept;
    void restore_cwnd(congestion_window& w) const noexcept { w.cwnd = std::max(w.cwnd, prior_cwnd_); }
    uint64_t draw(uint64_t below) noexcept;

    bbr_model model_;
    full_pipe pipe_;
    uint64_t pacing_rate_ = 1;
    uint64_t inflight_longterm_ = no_limit;
    uint64_t probe_up_acked_ = 0;  // BBR.bw_probe_up_acked
    uint64_t probe_up_acked_per_inc_ = no_limit;
    uint64_t undo_bw_shortterm_ = no_limit;
    uint64_t undo_inflight_shortterm_ = no_limit;
    uint64_t undo_inflight_longterm_ = no_limit;
    uint64_t random_;
    time_point now_;  // of the last event
    time_point probe_rtt_done_stamp_{};
    time_point cycle_stamp_{};
    duration probe_wait_{0};  // BBR.bw_probe_wait
    uint32_t initial_cwnd_;
    uint32_t prior_cwnd_ = 0;
    uint32_t drain_start_round_ = 0;
    uint32_t probe_up_round_ = 0;     // the round from which BBR.rounds_since_probe_up counts
    uint32_t lost_ranges_ = 0;        // in this round
    uint32_t last_tx_in_flight_ = 0;  // of the last sample
    uint8_t probe_up_rounds_ = 0;     // BBR.bw_probe_up_rounds
    phase phase_ = phase::startup;
    ack_phase ack_phase_ = ack_phase::init;
    std::optional<phase> undo_phase_;
    bool selective_;
    bool rtt_seen_;
    bool full_bw_reached_ = false;
    bool probe_sample_ = false;  // BBR.is_bw_probe_sample
    bool prev_probe_too_high_ = false;
    bool prev_probe_precautionary_ = false;
    bool probe_rtt_round_done_ = false;
    bool idle_restart_ = false;
    bool mark_app_limited_ = false;
    bool in_recovery_ = false;
    bool app_limited_ = false;       // the last sample was
    bool cwnd_limited_ = false;      // in this round; with the next one: C.is_cwnd_limited
    bool was_cwnd_limited_ = false;  // in the one before
};

}  // namespace millrace::tcp
