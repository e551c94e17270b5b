// The short way in and out, for the segments that nearly all are (Van Jacobson's header prediction): what it
// does is what the general way would do (tests/tcp/connection/plain_test.cc), decided by a few comparisons.
#include "tcp/segment/plain.hh"

#include "tcp/connection/both_ways.hh"
#include "tcp/connection/connection.hh"
#include "tcp/segment/plain_run.hh"

#include <algorithm>

namespace millrace::tcp {

// In order, with nothing in it but data, an ACK of what is in flight, or both, while nothing is lost, late or
// closing: all checks of RFC 9293 §3.10.7.4 hold for such a segment.
[[gnu::always_inline]] inline bool connection::is_expected(const plain_segment& s) noexcept {
    if (state_ != connection_state::established || orphaned_ || peer_fin_known_) return false;
    if (s.seq() != rcv_.nxt() || s.payload_bytes() > rcv_.wnd() || !late_.empty()) return false;
    if (!snd_.acknowledges_sent(s.ack()) || s.wnd() == 0 || snd_.wnd == 0 || waits_for_window()) return false;
    if (s.ack() == snd_.una && s.payload_bytes() == 0) return false;  // maybe a duplicate ACK
    if (!recovery_.is_quiet()) return false;
    if (!in_.empty() && limits_.memory.is_tight()) return false;
    if (s.layout() != layout_in_) return false;
    if (s.has_timestamps() && !timestamps_.is_newest(s.timestamps().value)) return false;
    return !unusual_.special_input() || takes_special(s);
}

// on_acknowledged() while nothing is lost, nothing is reported, and no FIN was sent.
[[gnu::always_inline]] inline void connection::take_plain_ack(seq ack, const timestamp_option* echo,
                                                              time_point now) noexcept {
    const in_flight::acked acked = take_out_of_flight(ack, now);
    const duration sample = sample_rtt(acked, echo, now);
    recovery_.on_expected_ack(ack);
    grow_window(acked.bytes, sample, now);
    restart_retransmit_timer(now);
    if (wants_room_) tell_of_room();
}

[[gnu::always_inline]] inline bool connection::take_plain(const plain_segment& s, time_point now) noexcept {
    if (!is_expected(s)) return false;
    ++segments_received_;
    heard(now);
    const timestamp_option echo = s.has_timestamps() ? s.timestamps() : timestamp_option();
    if (s.has_timestamps()) timestamps_.on_newest(echo.value, s.seq(), acked_to_, now);
    snd_.update(s.seq(), s.ack(), s.wnd());
    if (s.ack() != snd_.una)
        take_plain_ack(s.ack(), s.has_timestamps() ? &echo : nullptr, now);
    else if (!flight_.empty())
        recovery_.on_expected_ack(snd_.una);
    if (const uint32_t bytes = s.payload_bytes()) {
        rcv_.advance(bytes);
        bytes_received_ += bytes;
        acks_.on_in_order(bytes, s.push(), now, settings_.ack_delay);
    }
    return true;
}

bool connection::on_plain_segment(const plain_segment& s, time_point now) noexcept {
    return take_plain(s, now);
}

// What the others would do by themselves behind the first: each is expected, as they are like it and the
// window and the shard's memory take them all, and what is counted by segment or by their size is so here,
// too.
bool connection::on_plain_run(const plain_run& r, time_point now) noexcept {
    const plain_segment& first = r.first();
    const uint32_t others = r.segments() - 1;
    if (r.payload_bytes() > rcv_.wnd() || (others > 0 && limits_.memory.is_tight())) return false;
    if (!take_plain(first, now)) return false;
    if (others == 0) return true;
    const uint32_t bytes = r.payload_bytes() - r.segment_bytes();
    segments_received_ += others;
    snd_.update(r.last_seq(), first.ack(), first.wnd());
    rcv_.advance(bytes);
    bytes_received_ += bytes;
    acks_.on_in_order(bytes, others, r.segment_bytes(), r.push(), now, settings_.ack_delay);
    if (!unusual_.accurate) return true;
    mark_counters& marks = accurate().received;
    for (uint32_t i = 1; i < others; ++i) marks.on_segment(first.congestion(), r.segment_bytes(), true);
    marks.on_segment(first.congestion(), r.last_bytes(), true);
    unusual_.counts_due |= marks.has_news();
    return true;
}

// In flight at most for sending to be plain: what goes beyond the first window may have to be paced.
inline uint32_t connection::plain_segments() const noexcept {
    if (!settings_.pacing) return settings_.max_segments_in_flight;
    const uint32_t first = initial_window(smss_, settings_.initial_window_segments) / smss_;
    return std::min(first, settings_.max_segments_in_flight);
}

// What segment_size() decides at once: `size` is all that is unsent or a full segment, and fits both windows.
[[gnu::always_inline]] inline bool connection::may_send_whole(uint32_t size, time_point now) const noexcept {
    if (size > snd_.usable()) return false;
    if (flight_.empty()) return size <= congestion_.cwnd() && now - sent_at_ <= settings_.rto_min;
    return (no_delay_ || size == smss_) && recovery_.pipe(flight_) + size <= congestion_.cwnd() &&
           flight_.size() < plain_segments();
}

// New data in one piece, whole if not the last, that the windows let out; or an ACK for which there is
// nothing to ride on.
bool connection::next_plain_segment(plain_outgoing& out, time_point now) noexcept {
    if (state_ != connection_state::established || unusual_.but_for_cwnd()) return false;
    if (flight_.lost_bytes() > 0 || (sack_ && late_.has_report())) return false;
    const uint32_t data = unsent();
    const uint32_t size = std::min(data, smss_);
    out.payload_bytes = size;
    if (size == 0) {
        if (unusual_.cwnd_limited || !acks_.due(now)) return false;
        acks_.on_ack_alone();
        out.seq = snd_.nxt_in_window(false);
    } else {
        if (!may_send_whole(size, now) || waits_for_pace()) return false;
        const send_buffer::place text = out_.find_whole(snd_.nxt, size);
        if (!text.bytes) return false;
        out.from = text.bytes;
        out.offset = text.offset;
        out.seq = snd_.nxt;
        out.ect = ecn_.ect;
        note_new(size, size, now);
    }
    out.push = size > 0 && size == data;
    out.ack = rcv_.nxt();
    out.wnd = offer_window(now);
    out.layout = layout_out_;
    if (out.has_timestamps()) out.timestamps = timestamps_.stamp(now);
    ++segments_sent_;
    return true;
}

// Each has a record of its own in flight, so that loss, round trips and windows are those of segments.
uint32_t connection::prolong(plain_outgoing& full, uint32_t most, uint32_t most_bytes,
                             time_point now) noexcept {
    const uint32_t segment_bytes = full.payload_bytes;
    uint32_t segments = 1;
    for (; segments < most && !full.push; ++segments) {
        const uint32_t size = std::min(unsent(), segment_bytes);
        if (full.payload_bytes + size > most_bytes || !may_send_whole(size, now)) break;
        if (out_.find_whole(snd_.nxt, size).bytes != full.from) break;
        note_new(size, size, now);
        full.payload_bytes += size;
        full.push = snd_.nxt == out_.end();
        ++segments_sent_;
    }
    return segments;
}

}  // namespace millrace::tcp
