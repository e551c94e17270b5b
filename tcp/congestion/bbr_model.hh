// What BBR knows of a path: how fast it delivers, how long it takes, and what it bears just now.
// draft-ietf-ccwg-bbr §5.5.
#pragma once

#include "core/time.hh"
#include "tcp/congestion/delivery.hh"
#include "tcp/congestion/percent.hh"
#include "tcp/congestion/windowed_max.hh"

#include <algorithm>
#include <array>
#include <cstdint>

namespace millrace::tcp {

// Sections are those of draft-ietf-ccwg-bbr. Bytes, and bytes per second; no_limit for what is not bounded.
class bbr_model {
 public:
    static constexpr duration no_rtt = duration::max();
    // Percent.
    static constexpr unsigned beta = 70;        // BBR.Beta
    static constexpr unsigned loss_thresh = 2;  // BBR.LossThresh

    // `srtt`: zero if no round trip was measured yet.
    void begin(uint32_t initial_cwnd, duration srtt, time_point now) noexcept;

    // What an ACK tells, in the order of §5.2.3.
    //
    // UpdateLatestDeliverySignals() and UpdateCongestionSignals(). `accelerating`: losses are looked for, and
    // lower no bound.
    void on_delivery(const delivery& d, uint32_t cwnd, bool accelerating) noexcept;
    // UpdateACKAggregation(): §5.5.9.
    void update_aggregation(const delivery& d, uint32_t cwnd, bool full_pipe_reached) noexcept;
    // UpdateMinRTT(): §5.3.4.3.
    void update_min_rtt(const delivery& d) noexcept;
    // AdvanceLatestDeliverySignals() and BoundBWForModel().
    void finish(const delivery& d) noexcept;

    // NoteLoss(): true if it is the first of the round. `total`: C.delivered.
    bool note_loss(uint64_t total) noexcept;
    // The path has marked instead.
    void note_mark(uint64_t total) noexcept;
    void forget_loss() noexcept { loss_in_round_ = mark_in_round_ = false; }
    // ResetCongestionSignals(), ResetShortTermModel(): §5.5.10.3.
    void reset_signals() noexcept;
    void reset_short_term() noexcept { bw_shortterm_ = inflight_shortterm_ = no_limit; }
    void raise_short_term(uint64_t bw, uint64_t inflight) noexcept;
    // AdvanceMaxBwFilter(): the bandwidth of the cycle before the last is forgotten (§5.5.6).
    void advance_max_bw() noexcept;
    void start_round() noexcept { next_round_delivered_ = total_; }
    // After a silence nothing is in the network whose ACKs could come together.
    void restart_aggregation(time_point now) noexcept { extra_acked_start_ = now; }
    // The path was drained to see its round trip.
    void on_rtt_probed(time_point now) noexcept { probe_rtt_min_stamp_ = now; }

    uint64_t total() const noexcept { return total_; }
    bool round_start() const noexcept { return round_start_; }
    bool loss_round_start() const noexcept { return loss_round_start_; }
    uint32_t rounds() const noexcept { return round_count_; }
    // Rounds in a row in which the path has marked.
    uint32_t marked_rounds() const noexcept { return marked_rounds_; }
    uint64_t max_bw() const noexcept { return std::max(max_bw_[0], max_bw_[1]); }
    uint64_t bw() const noexcept { return bw_; }
    uint64_t bw_shortterm() const noexcept { return bw_shortterm_; }
    uint64_t inflight_shortterm() const noexcept { return inflight_shortterm_; }
    uint64_t inflight_latest() const noexcept { return inflight_latest_; }
    uint64_t extra_acked() const noexcept { return extra_acked_.value(); }
    duration min_rtt() const noexcept { return min_rtt_; }  // no_rtt before the first sample
    // BBR.probe_rtt_expired: no shorter round trip was seen for 5 s.
    bool wants_rtt_probed() const noexcept { return probe_rtt_expired_; }
    // BDPMultiple(): §5.6.4.2. `bw` is bw() or max_bw().
    uint64_t bdp(uint64_t bw, unsigned percent = 100) const noexcept {
        if (min_rtt_ == no_rtt || bw == 0) return initial_cwnd_;
        return percent_of(bytes_in(min_rtt_, bw), percent);
    }

 private:
    void count_rounds(const delivery& d) noexcept;
    void note_latest(const delivery& d) noexcept;
    void lower_bounds(uint32_t cwnd) noexcept;

    uint64_t bw_ = 0;                   // BBR.bw
    std::array<uint64_t, 2> max_bw_{};  // of the cycle before this one, and of this one
    uint64_t bw_shortterm_ = no_limit;
    uint64_t bw_latest_ = 0;
    uint64_t inflight_shortterm_ = no_limit;
    uint64_t inflight_latest_ = 0;
    uint64_t total_ = 0;  // C.delivered
    uint64_t next_round_delivered_ = 0;
    uint64_t loss_round_delivered_ = 0;
    uint64_t extra_acked_delivered_ = 0;
    windowed_max extra_acked_;
    time_point extra_acked_start_{};
    time_point min_rtt_stamp_{};
    time_point probe_rtt_min_stamp_{};
    duration min_rtt_ = no_rtt;
    duration probe_rtt_min_delay_ = no_rtt;
    uint32_t initial_cwnd_ = 0;
    uint32_t round_count_ = 0;
    uint32_t marked_rounds_ = 0;
    bool round_start_ : 1 = false;
    bool loss_round_start_ : 1 = false;
    bool kept_up_ : 1 = false;        // the path did with the sender, in the sample of bw_latest_
    bool loss_in_round_ : 1 = false;  // a mark, too
    bool mark_in_round_ : 1 = false;
    bool probe_rtt_expired_ : 1 = false;
};

}  // namespace millrace::tcp
