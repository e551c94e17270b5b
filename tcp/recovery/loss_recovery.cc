#include "tcp/recovery/loss_recovery.hh"

#include "core/check.hh"
#include "tcp/send/in_flight.hh"

#include <algorithm>

namespace millrace::tcp {

loss_recovery::loss_recovery(seq iss, uint32_t smss, bool with_sack) noexcept
    : recover_(iss), smss_(uint16_t(smss)), with_sack_(with_sack) {}

void loss_recovery::begin_episode(seq una) {
    if (episode_) return;
    episode_ = std::make_unique<episode>();
    episode_->board.reset(una);
    episode_->first_lost = una;
}

loss_recovery::transition loss_recovery::on_unusual_ack(const ack& a, const sack_blocks& blocks,
                                                        in_flight& flight) noexcept {
    if (!blocks.empty() && with_sack_) begin_episode(a.una);
    if (episode_) {
        episode_->delivered = a.newly_arrived;
        episode_->more_lost = false;
    }
    transition t = a.acked_bytes > 0 ? advance(a, flight)
                   : a.is_duplicate  ? on_duplicate(a, flight)
                                     : transition::none;
    if (with_sack_ && !blocks.empty() && t != transition::entered) {
        const transition judged = judge(a, blocks, flight);
        if (judged != transition::none) t = judged;
    }
    const bool settled = state_ == recovery_state::open && flight.sacked_bytes() + flight.lost_bytes() == 0;
    if (settled) episode_.reset();
    return t;
}

// What the peer reports, and what follows from it.
loss_recovery::transition loss_recovery::judge(const ack& a, const sack_blocks& blocks,
                                               in_flight& flight) noexcept {
    episode_->delivered += episode_->board.on_sack(blocks, a.una, flight).newly_sacked_bytes;
    const seq judged = episode_->board.horizon();
    if (episode_->board.mark_lost(flight) == 0) return transition::none;
    episode_->more_lost = true;
    if (state_ == recovery_state::open) {
        episode_->first_lost = judged;
        return enter(a, flight);
    }
    episode_->first_lost = earlier(episode_->first_lost, judged);
    return transition::none;
}

// New data is acknowledged.
loss_recovery::transition loss_recovery::advance(const ack& a, in_flight& flight) noexcept {
    const recovery_state before = state_;
    duplicates_ = 0;
    if (a.una >= recover_ || before == recovery_state::open) {
        state_ = recovery_state::open;
        credit_ = 0;
        retransmit_due_ = false;
        // Lost by SACKs, but sent after the loss that is repaired now: another loss, another recovery.
        if (flight.lost_bytes() > 0) return enter(a, flight);
        return before == recovery_state::fast_recovery ? transition::exited : transition::none;
    }
    if (before == recovery_state::fast_recovery) on_partial_ack(a, flight);
    return transition::none;
}

// RFC 6582 §3.2 step 5: all that was in flight when the loss was seen has had its time, so what is missing
// first is lost as well. With SACK too, as the last segments of a flight never have three others behind them.
void loss_recovery::on_partial_ack(const ack& a, in_flight& flight) noexcept {
    // One segment's worth was the hole; the rest had been announced by duplicate ACKs.
    const uint32_t announced = std::min(credit_, a.acked_bytes - std::min<uint32_t>(a.acked_bytes, smss_));
    credit_ -= announced;
    episode_->delivered -= std::min(announced, episode_->delivered);
    if (flight.empty() || flight.front().sacked) return;
    if (with_sack_ && (flight.front().lost || flight.front().transmissions > 1)) return;
    lose(flight, 0);
    retransmit_due_ = true;
}

void loss_recovery::lose(in_flight& flight, size_t i) noexcept {
    flight.mark_lost(i);
    episode_->first_lost = earlier(episode_->first_lost, flight[i].at);
    episode_->more_lost = true;
}

loss_recovery::transition loss_recovery::on_duplicate(const ack& a, in_flight& flight) noexcept {
    if (duplicates_ < UINT8_MAX) ++duplicates_;
    if (with_sack_ || flight.empty()) return transition::none;
    if (state_ == recovery_state::fast_recovery) {
        const uint32_t before = credit_;
        credit_ = std::min(credit_ + smss_, flight.bytes());
        episode_->delivered = credit_ - std::min(before, credit_);
    }
    if (state_ != recovery_state::open) return transition::none;
    if (duplicates_ < scoreboard::duplicate_threshold) {
        credit_ += smss_;  // RFC 3042: the first two let out new data
        return transition::none;
    }
    // RFC 6582 §3.2 step 2: duplicates of what was sent before the last recovery ended say nothing.
    if (duplicates_ > scoreboard::duplicate_threshold || a.una <= recover_) return transition::none;
    credit_ = scoreboard::duplicate_threshold * uint32_t(smss_);
    begin_episode(a.una);
    episode_->delivered = smss_;
    lose(flight, 0);
    return enter(a, flight);
}

// RFC 9937 §6.1.
loss_recovery::transition loss_recovery::enter(const ack& a, const in_flight& flight) noexcept {
    state_ = recovery_state::fast_recovery;
    recover_ = a.snd_nxt;
    retransmit_due_ = true;
    episode_->reduction =
        prr(flight.bytes() - flight.sacked_bytes() + (with_sack_ ? episode_->delivered : 0));
    episode_->began_at = a.snd_nxt;
    episode_->sent_again = 0;
    return transition::entered;
}

uint32_t loss_recovery::window(const ack& a, uint32_t ssthresh, const in_flight& flight,
                               uint32_t cwnd) noexcept {
    episode& e = *episode_;
    const bool begins = e.reduction.delivered() == 0 && e.sent_again == 0;
    if (e.delivered == 0 && !begins) return cwnd;
    return e.reduction.window({.delivered = e.delivered,
                               .pipe = pipe(flight),
                               .out = e.sent_again + distance(e.began_at, a.snd_nxt),
                               .ssthresh = ssthresh,
                               .smss = smss_,
                               .safe = a.acked_bytes > 0 && !e.more_lost});
}

void loss_recovery::on_timeout(seq snd_nxt, in_flight& flight) noexcept {
    if (flight.empty()) return;
    // RFC 2018 §8: a peer that had the first segment would have acknowledged it; it has dropped what it
    // reported.
    if (flight.front().sacked) flight.forget_sacked();
    begin_episode(flight.front().at);
    for (size_t i = 0; i < flight.size(); ++i)
        if (!flight[i].sacked) flight.mark_lost(i);
    episode_->first_lost = flight.front().at;
    episode_->board.reset(flight.front().at);
    episode_->board.judge_until(snd_nxt);
    state_ = recovery_state::timed_out;
    recover_ = snd_nxt;
    credit_ = 0;
    duplicates_ = 0;
    retransmit_due_ = false;
}

std::optional<size_t> loss_recovery::next_retransmission(const in_flight& flight) noexcept {
    if (flight.lost_bytes() == 0) return std::nullopt;
    size_t i = flight.lower_bound(episode_->first_lost);
    while (i < flight.size() && !flight[i].lost) ++i;
    CHECK(i < flight.size());
    episode_->first_lost = flight[i].at;
    return i;
}

void loss_recovery::on_retransmit(uint32_t bytes) noexcept {
    retransmit_due_ = false;
    if (episode_) episode_->sent_again += bytes;
}

}  // namespace millrace::tcp
