// A segment arrives: RFC 9293 §3.10.7, and its checks in order: §3.10.7.4.
#include "tcp/connection/both_ways.hh"
#include "tcp/connection/connection.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {

drop_reason connection::on_segment(segment&& s, time_point now) noexcept {
    ++segments_received_;
    if (state_ == connection_state::syn_sent) return arrive_in_syn_sent(s, now);
    if (!is_closed()) return arrive_synchronised(s, now);
    if (state_ == connection_state::time_wait && s.length() > 0 && !s.flags.has(flags::rst))
        acks_.require_now();
    return drop_reason::closed;
}

drop_reason connection::arrive_synchronised(segment& s, time_point now) noexcept {
    if (unusual_.accurate) accurate().skips_ace = false;
    if (state_ == connection_state::syn_received) {
        if (repeats_syn(s)) {
            if (hear_repeated_syn(s))
                unusual_.syn_due = true;
            else
                reset(failure::aborted);
            return drop_reason::none;
        }
        strip_repeated_syn(s);
    }
    drop_reason refused = check_timestamp(s, now);
    if (refused == drop_reason::none) refused = check_sequence(s, now);
    if (refused == drop_reason::none) refused = check_reset(s, now);
    if (refused == drop_reason::none && is_closed()) return drop_reason::none;
    if (refused == drop_reason::none) refused = check_syn(s, now);
    if (refused == drop_reason::none) refused = check_ack(s, now);
    if (refused != drop_reason::none || is_closed()) return refused;
    // RFC 7323 §4.3, but only now: who cannot acknowledge what we sent could else blindly set TS.Recent, and
    // have the peer's segments refused.
    if (timestamps_.enabled() && s.options.timestamps)
        timestamps_.on_segment(s.options.timestamps->value, s.seq, acked_to_, now);
    if (ecn_.feedback != ecn_feedback::none) note_marks(s);
    return take_text_and_fin(s);
}

// Fast open: our SYN-ACK was lost, and the peer's SYN comes again (RFC 7413 §4.2.2), without its data.
bool connection::repeats_syn(const segment& s) const noexcept {
    return fast_open_ && !active_ && s.seq == irs_ &&
           s.flags.are(flags::syn, flags::syn | flags::ack | flags::rst);
}

// Simultaneous open: the peer's SYN-ACK repeats its SYN, and its ACK is ours (RFC 9293 §3.5, figure 8).
void connection::strip_repeated_syn(segment& s) noexcept {
    if (!active_ || s.seq != irs_ || !s.flags.has(flags::syn) || !s.flags.has(flags::ack)) return;
    ++s.seq;
    s.flags = s.flags.without(flags::syn);
    s.wnd = uint16_t(s.wnd >> snd_.scale);  // the field of a SYN is not scaled
    acks_.require_now();
    if (is_accurate()) accurate().skips_ace = true;
}

// Before the first check: RFC 7323 §5.3, R1. A SYN is left to its own check (RFC 5961 §4.2).
drop_reason connection::check_timestamp(const segment& s, time_point now) noexcept {
    if (!timestamps_.enabled() || s.flags.has_any(flags::rst | flags::syn)) return drop_reason::none;
    if (!s.options.timestamps) return drop_reason::missing_timestamp;
    if (!timestamps_.rejects(s.options.timestamps->value, now)) return drop_reason::none;
    answer_unacceptable(s, now);
    return drop_reason::old_timestamp;
}

// First, the sequence number.
drop_reason connection::check_sequence(segment& s, time_point now) noexcept {
    // A RST is in the window, not at its right edge: RFC 5961 §3.2.
    const bool resets_at_edge = s.flags.has(flags::rst) && s.seq != rcv_.nxt() && s.seq == rcv_.edge();
    if (resets_at_edge || !rcv_.acceptable(s.seq, s.length())) {
        const bool into_closed_window = rcv_.wnd() == 0 && s.seq == rcv_.nxt();
        if (!into_closed_window || s.flags.has(flags::syn)) return refuse_sequence(s, now);
        // A probe, or data on its way as the window closed: its ACK counts all the same.
        if (!s.payload.empty()) s.flags = s.flags.without(flags::fin);
        s.payload = {};
        acks_.require_now();
    }
    heard(now);
    return drop_reason::none;
}

drop_reason connection::refuse_sequence(const segment& s, time_point now) noexcept {
    if (s.flags.has(flags::rst)) return drop_reason::out_of_window;
    if (s.flags.has(flags::syn)) return check_syn(s, now);  // RFC 5961 §4.2: irrespective of its number
    const seq old_end = earlier(s.seq + uint32_t(s.payload.size()), rcv_.nxt());
    if (s.seq < old_end) note_duplicate({s.seq, old_end});
    answer_unacceptable(s, now);
    return drop_reason::out_of_window;
}

// "Send an acknowledgment", but let nobody make two ends answer each other's answers for ever.
void connection::answer_unacceptable(const segment& s, time_point now) noexcept {
    if (s.length() > 0)
        acks_.require_now();
    else
        challenge(now);
}

// Second, the RST bit: RFC 5961 §3.2.
drop_reason connection::check_reset(const segment& s, time_point now) noexcept {
    if (!s.flags.has(flags::rst)) return drop_reason::none;
    if (s.seq != rcv_.nxt()) {
        challenge(now);
        return drop_reason::reset_challenged;
    }
    const bool only_fin_missing =
        (state_ == connection_state::closing || state_ == connection_state::last_ack) &&
        snd_.una == fin_seq();
    if (only_fin_missing || (state_ == connection_state::fin_wait_2 && orphaned_))
        end(failure::none);
    else if (state_ == connection_state::syn_received && active_)
        end(failure::refused);
    else
        end(failure::reset);
    return drop_reason::none;
}

// Fourth, the SYN bit: RFC 5961 §4.2. (Third was security.)
drop_reason connection::check_syn(const segment& s, time_point now) noexcept {
    if (!s.flags.has(flags::syn)) return drop_reason::none;
    challenge(now);
    const bool repeats = active_ && s.seq == irs_ && s.flags.has(flags::ack) && s.ack == iss_ + 1;
    if (repeats && is_accurate() && acks_.due(now) && handshake_mark(s.flags)) owe_handshake_ack(s);
    return drop_reason::syn_challenged;
}

// Fifth, the ACK field.
drop_reason connection::check_ack(const segment& s, time_point now) noexcept {
    if (!s.flags.has(flags::ack)) return drop_reason::no_ack;
    if (state_ == connection_state::syn_received) {
        if (s.ack <= snd_.una || snd_.nxt < s.ack) {
            owe_stray_reset(s.ack);
            return drop_reason::unacceptable_ack;
        }
        const bool marked = hear_handshake(s);
        establish(s.ack, now, s.options.timestamps ? &*s.options.timestamps : nullptr);
        if (marked) obey_mark();
    }
    if (snd_.nxt < s.ack) restore_probe(s.ack);
    if (snd_.nxt < s.ack) {
        challenge(now);
        return drop_reason::unacceptable_ack;
    }
    // RFC 5961 §5.2: SND.UNA - MAX.SND.WND =< SEG.ACK, or it is someone's guess.
    if (s.ack < snd_.una) {
        if (snd_.max_wnd >= distance(s.ack, snd_.una)) return drop_reason::none;
        challenge(now);
        return drop_reason::ancient_ack;
    }
    take_ack(s, now);
    return drop_reason::none;
}

// Cuts off what was received before and what does not fit the window; but not a FIN right behind it, for
// which there is always room: the peer would wait for a timeout to send it again.
void connection::trim_to_window(segment& s) noexcept {
    if (s.seq < rcv_.nxt()) {
        const auto old = std::min<uint32_t>(distance(s.seq, rcv_.nxt()), uint32_t(s.payload.size()));
        if (old > 0) note_duplicate({s.seq, s.seq + old});
        s.payload.trim_front(old);
        s.seq += old;
    }
    const seq edge = rcv_.edge();
    if (s.end() - s.flags.has(flags::fin) <= edge) return;
    s.flags = s.flags.without(flags::fin);
    s.payload.trim(s.seq < edge ? distance(s.seq, edge) : 0);
}

// Came again, so the ACK of it was lost, or its sender guessed wrong: told by D-SACK (RFC 2883 §4), unless it
// never came before.
void connection::note_duplicate(seq_range old) noexcept {
    acks_.require_now();
    if (sack_ && distance(old.left, rcv_.nxt()) <= bytes_received_ + peer_finished_)
        late_.note_duplicate(old);
}

// Seventh and eighth. (Sixth was URG: RFC 9293 §3.8.5 lets new applications do without.)
drop_reason connection::take_text_and_fin(segment& s) noexcept {
    trim_to_window(s);
    const seq fin_at = s.end() - s.flags.has(flags::fin);
    const drop_reason refused = take_text(s);
    if (refused != drop_reason::none || is_closed()) return refused;
    if (s.flags.has(flags::fin)) take_fin(fin_at);
    if (peer_fin_known_ && !peer_finished_ && rcv_.nxt() == peer_fin_) on_peer_fin();
    return drop_reason::none;
}

// Seventh, the segment text.
drop_reason connection::take_text(segment& s) noexcept {
    if (s.payload.empty()) return drop_reason::none;
    if (peer_finished_) {
        acks_.require_now();
        return drop_reason::data_after_fin;
    }
    if (orphaned_) {
        reset(failure::aborted);
        return drop_reason::data_after_close;
    }
    if (peer_fin_known_ && peer_fin_ < s.end()) peer_fin_known_ = false;  // then it was not the peer's
    return s.seq == rcv_.nxt() ? take_text_in_order(s) : take_text_out_of_order(s);
}

drop_reason connection::take_text_in_order(segment& s) noexcept {
    const auto bytes = uint32_t(s.payload.size());
    if (!has_memory_for(bytes)) {
        acks_.require_now();  // so that the peer knows that we are there, and goes on when it is read
        return drop_reason::no_memory;
    }
    const bool fills_gap = !late_.empty();
    deliver(std::move(s.payload));
    if (fills_gap) {
        rcv_.advance_to(late_.take(rcv_.nxt(), [this](buffer b) { queue(std::move(b)); }));
        acks_.require_now();  // RFC 5681 §4.2
    } else {
        acks_.on_in_order(bytes, s.flags.has(flags::psh), heard_at_, settings_.ack_delay);
    }
    return drop_reason::none;
}

// For data in order. What came before its turn goes for it: it was reported, but not acknowledged (RFC 2018
// §8).
bool connection::has_memory_for(uint32_t bytes) noexcept {
    if (in_.memory() < settings_.assured_buffer) return true;
    if (limits_.memory.admit(net::memory_use::unread, bytes)) return true;
    const bool enough = late_.bytes() >= bytes;
    late_.clear();
    return enough;
}

drop_reason connection::take_text_out_of_order(segment& s) noexcept {
    acks_.require_now();  // RFC 5681 §4.2
    if (!limits_.memory.admit(net::memory_use::out_of_order, s.payload.size())) return drop_reason::no_memory;
    const bool kept =
        late_.insert(s.seq, receive_queue::compact(std::move(s.payload)),
                     {.max_chunks = settings_.reassembly_chunks, .max_ranges = settings_.reassembly_ranges});
    return kept ? drop_reason::none : drop_reason::reassembly_full;
}

// Eighth, the FIN bit: remembered until everything before it is here.
void connection::take_fin(seq at) noexcept {
    acks_.require_now();
    if (peer_finished_) return;
    peer_fin_known_ = true;
    peer_fin_ = at;
}

void connection::deliver(buffer payload) noexcept {
    rcv_.advance(uint32_t(payload.size()));
    queue(std::move(payload));
}

void connection::queue(buffer payload) noexcept {
    bytes_received_ += payload.size();
    in_.push(std::move(payload));
    events_ |= events::readable;
}

void connection::on_peer_fin() noexcept {
    acks_.require_now();  // the data that led to it may wait, but in TIME-WAIT nobody is left to do so
    rcv_.advance(1);
    late_.clear();
    peer_finished_ = true;
    events_ |= events::peer_finished;
    if (state_ == connection_state::established)
        state_ = connection_state::close_wait;
    else if (state_ == connection_state::fin_wait_1)
        state_ = connection_state::closing;
    else if (state_ == connection_state::fin_wait_2)
        enter_time_wait();
}

// RFC 5961: an ACK that only the true peer can make use of.
void connection::challenge(time_point now) noexcept {
    if (limits_.challenges.take(now)) acks_.require_now();
}

void connection::owe_stray_reset(seq at) noexcept {
    unusual_.stray_reset_due = true;
    rare().stray_reset = at;
}

}  // namespace millrace::tcp
