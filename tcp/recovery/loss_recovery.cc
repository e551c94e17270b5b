#include "tcp/recovery/loss_recovery.hh"

#include "core/check.hh"
#include "tcp/send/in_flight.hh"

#include <algorithm>

namespace millrace::tcp {

loss_recovery::loss_recovery(seq iss, uint32_t smss, bool with_sack) noexcept
    : recover_(iss), first_lost_(iss), smss_(uint16_t(smss)), with_sack_(with_sack) {
    scoreboard_.reset(iss);
}

loss_recovery::transition loss_recovery::on_unusual_ack(const ack& a, const sack_blocks& blocks,
                                                        in_flight& flight) noexcept {
    const transition t = a.acked_bytes > 0 ? advance(a, flight)
                         : a.is_duplicate  ? on_duplicate(a, flight)
                                           : transition::none;
    if (!with_sack_ || blocks.empty()) return t;
    if (state_ == recovery_state::open && flight.sacked_bytes() == 0) scoreboard_.reset(a.una);
    scoreboard_.on_sack(blocks, a.una, flight);
    const seq judged = scoreboard_.horizon();
    if (scoreboard_.mark_lost(flight) == 0) return t;
    if (state_ == recovery_state::open) {
        first_lost_ = judged;
        return enter(a);
    }
    first_lost_ = earlier(first_lost_, judged);
    return t;
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
        if (flight.lost_bytes() > 0) return enter(a);
        return before == recovery_state::fast_recovery ? transition::exited : transition::none;
    }
    if (before == recovery_state::fast_recovery) on_partial_ack(a, flight);
    return transition::none;
}

// RFC 6582 §3.2 step 5: all that was in flight when the loss was seen has had its time, so what is missing
// first is lost as well. With SACK too, as the last segments of a flight never have three others behind them.
void loss_recovery::on_partial_ack(const ack& a, in_flight& flight) noexcept {
    // One segment's worth was the hole; the rest had been announced by duplicate ACKs.
    credit_ -= std::min(credit_, a.acked_bytes - std::min<uint32_t>(a.acked_bytes, smss_));
    if (flight.empty() || flight.front().sacked) return;
    if (with_sack_ && (flight.front().lost || flight.front().transmissions > 1)) return;
    flight.mark_lost(0);
    first_lost_ = a.una;
    retransmit_due_ = true;
}

loss_recovery::transition loss_recovery::on_duplicate(const ack& a, in_flight& flight) noexcept {
    if (duplicates_ < UINT8_MAX) ++duplicates_;
    if (with_sack_ || flight.empty()) return transition::none;
    if (state_ == recovery_state::fast_recovery) credit_ = std::min(credit_ + smss_, flight.bytes());
    if (state_ != recovery_state::open) return transition::none;
    if (duplicates_ < scoreboard::duplicate_threshold) {
        credit_ += smss_;  // RFC 3042: the first two let out new data
        return transition::none;
    }
    // RFC 6582 §3.2 step 2: duplicates of what was sent before the last recovery ended say nothing.
    if (duplicates_ > scoreboard::duplicate_threshold || a.una <= recover_) return transition::none;
    credit_ = scoreboard::duplicate_threshold * uint32_t(smss_);
    flight.mark_lost(0);
    first_lost_ = a.una;
    return enter(a);
}

loss_recovery::transition loss_recovery::enter(const ack& a) noexcept {
    state_ = recovery_state::fast_recovery;
    recover_ = a.snd_nxt;
    retransmit_due_ = true;
    return transition::entered;
}

void loss_recovery::on_timeout(seq snd_nxt, in_flight& flight) noexcept {
    if (flight.empty()) return;
    // RFC 2018 §8: a peer that had the first segment would have acknowledged it; it has dropped what it
    // reported.
    if (flight.front().sacked) flight.forget_sacked();
    for (size_t i = 0; i < flight.size(); ++i)
        if (!flight[i].sacked) flight.mark_lost(i);
    first_lost_ = flight.front().at;
    scoreboard_.reset(flight.front().at);
    scoreboard_.judge_until(snd_nxt);
    state_ = recovery_state::timed_out;
    recover_ = snd_nxt;
    credit_ = 0;
    duplicates_ = 0;
    retransmit_due_ = false;
}

std::optional<size_t> loss_recovery::next_retransmission(const in_flight& flight) noexcept {
    if (flight.lost_bytes() == 0) return std::nullopt;
    size_t i = flight.lower_bound(first_lost_);
    while (i < flight.size() && !flight[i].lost) ++i;
    CHECK(i < flight.size());
    first_lost_ = flight[i].at;
    return i;
}

}  // namespace millrace::tcp
