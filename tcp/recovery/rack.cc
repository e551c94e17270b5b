#include "tcp/recovery/rack.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

constexpr uint8_t recoveries_to_forget = 16;

// RACK_sent_after().
bool sent_after(time_point t1, seq end1, time_point t2, seq end2) noexcept {
    return t1 > t2 || (t1 == t2 && end1 > end2);
}

}  // namespace

void rack::on_delivered(const sent_segment& s, time_point now, duration min_rtt, time_point echoed_until,
                        memory& m) noexcept {
    // Step 3, which the ambiguity below does not concern.
    if (fack_ < s.end())
        fack_ = s.end();
    else if (s.end() < fack_ && s.transmissions == 1)
        m.reordering_seen = true;
    // Step 2. The ACK of a segment sent twice may be for the first of both.
    if (s.transmissions > 1 && (echoed_until <= s.sent_at || now - s.sent_at < min_rtt)) return;
    rtt_ = now - s.sent_at;
    if (!sent_after(s.sent_at, s.end(), xmit_ts_, end_seq_)) return;
    xmit_ts_ = s.sent_at;
    end_seq_ = s.end();
}

void rack::update_window(const conditions& c, memory& m) noexcept {
    if (dsack_round_ && c.una >= *dsack_round_) dsack_round_.reset();
    if (!dsack_round_ && c.duplicate_reported) {
        dsack_round_ = c.snd_nxt;
        if (m.multiplier < UINT8_MAX) ++m.multiplier;
        m.persist = recoveries_to_forget;
    }
    const bool at_once = !m.reordering_seen && (c.recovering || c.three_arrived);
    window_ = at_once ? duration::zero() : std::min(c.min_rtt / 4 * m.multiplier, c.srtt);
}

void rack::on_recovery_exit(memory& m) noexcept {
    if (m.persist > 0) --m.persist;
    if (m.persist == 0) m.multiplier = 1;
}

time_point rack::detect_loss(in_flight& flight, lost_ranges& lost, time_point now) noexcept {
    time_point until = never;
    judge_originals(flight, lost, now, until);
    judge_resent(flight, lost, now, until);
    return until;
}

rack::judgement rack::judge(time_point sent_at, seq end, time_point now, time_point& until) const noexcept {
    if (!sent_after(xmit_ts_, end_seq_, sent_at, end)) return judgement::none;
    const time_point due = sent_at + rtt_ + window_;
    if (due <= now) return judgement::lost;
    until = std::min(until, due);
    return judgement::waiting;
}

void rack::judge_originals(in_flight& flight, lost_ranges& lost, time_point now, time_point& until) noexcept {
    size_t i = flight.lower_bound(cursor_);
    for (; i < flight.size(); ++visited_) {
        const sent_segment& s = flight[i];
        if (s.sacked) {
            i = flight.lower_bound(s.sacked_to);
            continue;
        }
        if (!s.lost && s.transmissions == 1) {
            if (judge(s.sent_at, s.end(), now, until) != judgement::lost) break;
            flight.mark_lost(i);
            lost.add(s.at, s.end());
        }
        ++i;
    }
    if (i < flight.size())
        cursor_ = flight[i].at;
    else if (!flight.empty())
        cursor_ = flight.back().end();
}

void rack::judge_resent(in_flight& flight, lost_ranges& lost, time_point now, time_point& until) noexcept {
    for (; !resent_.empty(); resent_.drop_front()) {
        const transmission t = resent_.front();
        // It may have been cut in pieces since, and some of them sent again or arrived.
        for (size_t i = flight.lower_bound(t.at); i < flight.size() && flight[i].at < t.end; ++i) {
            ++visited_;
            const sent_segment& s = flight[i];
            if (s.sacked || s.lost || s.sent_at != t.sent_at) continue;
            if (judge(s.sent_at, s.end(), now, until) != judgement::lost) return;
            flight.mark_lost(i);
            lost.add(s.at, s.end());
        }
    }
}

void rack::on_timeout(in_flight& flight, lost_ranges& lost, time_point now) noexcept {
    for (size_t i = 0; i < flight.size(); ++i) {
        const sent_segment& s = flight[i];
        if (s.sacked || s.lost) continue;
        if (i > 0 && s.sent_at + rtt_ + window_ > now) continue;
        flight.mark_lost(i);
        lost.add(s.at, s.end());
    }
    cursor_ = flight.front().at;
}

void rack::restart(seq una) noexcept {
    cursor_ = una;
}

}  // namespace millrace::tcp
