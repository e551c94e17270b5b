#include "tcp/recovery/loss_recovery.hh"

#include "core/check.hh"
#include "tcp/send/in_flight.hh"

#include <algorithm>

namespace millrace::tcp {

void loss_recovery::begin_episode(seq una, const rtt& path) {
    if (!episode_) episode_ = std::make_unique<episode>(una, path.latest());
}

// There is nothing left to remember.
bool loss_recovery::is_over(seq una, const in_flight& flight) const noexcept {
    if (state_ != recovery_state::open || flight.sacked_bytes() + flight.lost_bytes() > 0) return false;
    if (episode_->doubt.is_watching() && una <= episode_->doubt_until) return false;
    return episode_->by_time.nothing_resent() && episode_->probe.is_idle();
}

void loss_recovery::on_acknowledging(const ack& a, const in_flight& flight, const rtt& path) noexcept {
    for (size_t i = 0; i < flight.size() && flight[i].end() <= a.una; ++i) {
        if (flight[i].sacked) continue;
        if (how_ == loss_detection::rack)
            episode_->by_time.on_delivered(flight[i], a.now, path.minimum(), a.echoed_until, reordering_);
        if (with_sack() && state_ == recovery_state::timed_out)
            episode_->was_late |= episode_->doubt.by_arrival(flight[i]);
    }
}

loss_recovery::transition loss_recovery::on_unusual_ack(const ack& a, const sack_blocks& blocks,
                                                        in_flight& flight, const rtt& path) noexcept {
    if (with_sack() && !blocks.empty()) begin_episode(a.una, path);
    if (episode_) {
        episode_->delivered = a.newly_arrived;
        episode_->more_lost = false;
    }
    transition t = transition::none;
    if (a.acked_bytes > 0)
        t = advance(a, flight);
    else if (a.is_duplicate)
        on_duplicate(a, flight, path);
    if (!episode_) return t;
    const transition seen = follow(a, blocks, flight, path);
    if (seen != transition::none) t = seen;
    episode_->was_late = false;
    if (flight.lost_bytes() == 0) episode_->lost.clear();
    if (is_over(a.una, flight)) episode_.reset();
    return t;
}

// What the peer reports, and what follows from it.
loss_recovery::transition loss_recovery::follow(const ack& a, const sack_blocks& blocks, in_flight& flight,
                                                const rtt& path) noexcept {
    const bool duplicate_reported = take_blocks(a, blocks, flight, path).duplicate_reported;
    const bool repaired = episode_->probe.has_repaired(a.una, blocks, duplicate_reported, a.is_duplicate);
    const bool spurious = is_spurious(a, blocks, duplicate_reported);
    if (spurious) undo(a.una, flight);
    find_lost(a, flight, path, duplicate_reported);
    if (spurious) {
        if (flight.lost_bytes() > 0) episode_->reorder_at = a.now;  // another recovery, at once
        return transition::undone;
    }
    if (state_ != recovery_state::open) return transition::none;
    if (flight.lost_bytes() == 0) episode_->forgone = false;
    if (flight.lost_bytes() > 0 && (episode_->more_lost || !episode_->forgone))
        return enter(a.una, a.snd_nxt, flight);
    return repaired ? transition::repaired : transition::none;
}

scoreboard::update loss_recovery::take_blocks(const ack& a, const sack_blocks& blocks, in_flight& flight,
                                              const rtt& path) noexcept {
    if (!with_sack() || blocks.empty()) return {};
    if (state_ == recovery_state::open && flight.sacked_bytes() == 0) episode_->board.reset(a.una);
    const auto u = episode_->board.on_sack(blocks, a.una, flight, [&](const sent_segment& s) {
        if (how_ == loss_detection::rack)
            episode_->by_time.on_delivered(s, a.now, path.minimum(), a.echoed_until, reordering_);
        if (state_ == recovery_state::timed_out) episode_->was_late |= episode_->doubt.by_arrival(s);
    });
    episode_->delivered += u.newly_sacked_bytes;
    return u;
}

// RFC 6675 §4, or RFC 8985 §6.2 steps 4 and 5.
void loss_recovery::find_lost(const ack& a, in_flight& flight, const rtt& path,
                              bool duplicate_reported) noexcept {
    episode& e = *episode_;
    const uint32_t before = flight.lost_bytes();
    if (how_ == loss_detection::rack) {
        e.by_time.update_window({.una = a.una,
                                 .snd_nxt = a.snd_nxt,
                                 .duplicate_reported = duplicate_reported,
                                 .recovering = state_ != recovery_state::open,
                                 .three_arrived = e.board.has_three(a.una),
                                 .min_rtt = path.minimum(),
                                 .srtt = path.smoothed()},
                                reordering_);
        e.reorder_at = e.by_time.detect_loss(flight, e.lost, a.now);
    } else if (how_ == loss_detection::sack) {
        e.board.mark_lost(flight, e.lost);
    }
    e.more_lost |= flight.lost_bytes() > before;
}

loss_recovery::transition loss_recovery::on_reorder_timeout(seq snd_nxt, in_flight& flight,
                                                            time_point now) noexcept {
    if (!episode_) return transition::none;
    episode_->delivered = 0;
    const uint32_t before = flight.lost_bytes();
    episode_->reorder_at = episode_->by_time.detect_loss(flight, episode_->lost, now);
    if (state_ != recovery_state::open || flight.lost_bytes() == 0) return transition::none;
    if (episode_->forgone && flight.lost_bytes() == before) return transition::none;
    return enter(flight.front().at, snd_nxt, flight);
}

bool loss_recovery::is_spurious(const ack& a, const sack_blocks& blocks, bool duplicate_reported) noexcept {
    spurious_loss& doubt = episode_->doubt;
    if (!doubt.is_watching()) return false;
    if (episode_->was_late) return true;
    if (a.acked_bytes > 0 && doubt.by_timestamp(a.una, a.echoed_until)) return true;
    return duplicate_reported && doubt.by_duplicates(blocks[0]);
}

// What was marked lost is only late, as far as is known; RFC 4015 §3.2 step (DET).
void loss_recovery::undo(seq una, in_flight& flight) noexcept {
    episode_->doubt.end();
    episode_->test = timeout_test::none;
    episode_->lost.clear();
    episode_->by_time.restart(una);
    flight.forget_lost();
    state_ = recovery_state::open;
    credit_ = 0;
    retransmit_due_ = false;
}

// New data is acknowledged.
loss_recovery::transition loss_recovery::advance(const ack& a, in_flight& flight) noexcept {
    const recovery_state before = state_;
    duplicates_ = 0;
    if (a.una >= recover_ || before == recovery_state::open) {
        credit_ = 0;
        retransmit_due_ = false;
        if (before != recovery_state::open) leave(a.snd_nxt);
        return before == recovery_state::fast_recovery ? transition::exited : transition::none;
    }
    if (before == recovery_state::fast_recovery)
        on_partial_ack(a, flight);
    else if (episode_->test == timeout_test::first_ack)
        episode_->test = timeout_test::second_ack;
    else if (episode_->test == timeout_test::second_ack)
        episode_->was_late = true;  // RFC 5682 §2.1 step (3b): nothing of this was sent again
    return transition::none;
}

// All that was in flight when the loss was seen is acknowledged.
void loss_recovery::leave(seq snd_nxt) noexcept {
    state_ = recovery_state::open;
    episode_->doubt_until = snd_nxt;
    episode_->test = timeout_test::none;
    if (how_ == loss_detection::rack) rack::on_recovery_exit(reordering_);
}

// RFC 6582 §3.2 step 5: all that was in flight when the loss was seen has had its time, so what is missing
// first is lost as well. With SACK too, as the last segments of a flight never have three others behind them.
void loss_recovery::on_partial_ack(const ack& a, in_flight& flight) noexcept {
    // One segment's worth was the hole; the rest had been announced by duplicate ACKs.
    const uint32_t announced = std::min(credit_, a.acked_bytes - std::min<uint32_t>(a.acked_bytes, smss_));
    credit_ -= announced;
    episode_->delivered -= std::min(announced, episode_->delivered);
    if (how_ == loss_detection::rack || flight.empty() || flight.front().sacked) return;
    if (with_sack() && (flight.front().lost || flight.front().transmissions > 1)) return;
    lose(flight, 0);
    retransmit_due_ = true;
}

void loss_recovery::lose(in_flight& flight, size_t i) {
    flight.mark_lost(i);
    episode_->lost.add(flight[i].at, flight[i].end());
    episode_->more_lost = true;
}

void loss_recovery::on_duplicate(const ack& a, in_flight& flight, const rtt& path) noexcept {
    if (duplicates_ < UINT8_MAX) ++duplicates_;
    if (with_sack() || flight.empty()) return;
    if (state_ == recovery_state::timed_out) {  // RFC 5682 §2.1 steps (2a), (3a)
        retransmit_due_ |= episode_->test == timeout_test::second_ack;
        episode_->test = timeout_test::none;
    }
    if (state_ == recovery_state::fast_recovery) {
        const uint32_t before = credit_;
        credit_ = std::min(credit_ + smss_, flight.bytes());
        episode_->delivered = credit_ - std::min(before, credit_);
    }
    if (state_ != recovery_state::open) return;
    if (duplicates_ < scoreboard::duplicate_threshold) {
        credit_ += smss_;  // RFC 3042: the first two let out new data
        return;
    }
    // RFC 6582 §3.2 step 2: duplicates of what was sent before the last recovery ended say nothing.
    if (duplicates_ > scoreboard::duplicate_threshold || a.una <= recover_) return;
    credit_ = scoreboard::duplicate_threshold * uint32_t(smss_);
    begin_episode(a.una, path);
    episode_->delivered = smss_;
    lose(flight, 0);
}

// RFC 9937 §6.1.
loss_recovery::transition loss_recovery::enter(seq una, seq snd_nxt, const in_flight& flight) noexcept {
    state_ = recovery_state::fast_recovery;
    recover_ = snd_nxt;
    retransmit_due_ = true;
    episode& e = *episode_;
    e.reduction = prr(flight.bytes() - flight.sacked_bytes() + (with_sack() ? e.delivered : 0));
    e.began_at = snd_nxt;
    e.sent_again = 0;
    e.forgone = false;
    e.probe.reset();
    e.doubt.begin(una, snd_nxt);
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

void loss_recovery::on_timeout(seq snd_nxt, in_flight& flight, const rtt& path, time_point now,
                               bool first) noexcept {
    if (flight.empty()) return;
    begin_episode(flight.front().at, path);
    // RFC 2018 §8: a peer that had the first segment would have acknowledged it; it has dropped what it
    // reported.
    if (flight.front().sacked) flight.forget_sacked();
    begin_timed_out(snd_nxt, flight);
    if (how_ == loss_detection::rack) {
        episode_->by_time.on_timeout(flight, episode_->lost, now);
        retransmit_due_ = true;  // though what was sent lately may be on its way
    } else {
        lose_all(flight);
    }
    if (!first) return;
    episode_->doubt.begin(flight.front().at, snd_nxt);
    if (!with_sack()) episode_->test = timeout_test::first_ack;
}

void loss_recovery::on_smaller_segments(seq snd_nxt, in_flight& flight) noexcept {
    if (flight.empty()) return;
    begin_episode(flight.front().at, rtt());
    begin_timed_out(snd_nxt, flight);
    lose_all(flight);
    episode_->doubt.end();
}

void loss_recovery::forgo() noexcept {
    state_ = recovery_state::open;
    retransmit_due_ = false;
    episode_->forgone = true;
    episode_->doubt.end();
}

void loss_recovery::lose_all(in_flight& flight) {
    for (size_t i = 0; i < flight.size(); ++i)
        if (!flight[i].sacked && !flight[i].lost) lose(flight, i);
}

void loss_recovery::begin_timed_out(seq snd_nxt, const in_flight& flight) noexcept {
    episode_->board.reset(flight.front().at);
    episode_->board.judge_until(snd_nxt);
    episode_->reorder_at = never;
    episode_->probe.reset();
    episode_->test = timeout_test::none;
    state_ = recovery_state::timed_out;
    recover_ = snd_nxt;
    credit_ = 0;
    duplicates_ = 0;
    retransmit_due_ = false;
}

bool loss_recovery::tests_timeout(bool has_new) noexcept {
    if (!episode_ || episode_->test != timeout_test::second_ack) return false;
    if (!has_new) episode_->test = timeout_test::none;
    return has_new;
}

void loss_recovery::on_probe(seq una, seq end, bool retransmission, const rtt& path) {
    begin_episode(una, path);
    episode_->probe.on_send(end, retransmission);
}

std::optional<size_t> loss_recovery::next_retransmission(const in_flight& flight) noexcept {
    if (flight.lost_bytes() == 0) return std::nullopt;
    const auto i = episode_->lost.first(flight);
    CHECK(i.has_value());
    return i;
}

void loss_recovery::on_retransmit(const sent_segment& s) noexcept {
    if (!episode_) return;
    if (how_ == loss_detection::rack) episode_->by_time.on_retransmit(s);
    if (state_ == recovery_state::open) return;
    retransmit_due_ = false;
    episode_->sent_again += s.length;
    episode_->doubt.on_retransmit(s);
}

}  // namespace millrace::tcp
