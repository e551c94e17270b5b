// What goes out next: RFC 9293 §3.7, §3.8.6, §3.10.7.4; retransmissions before new data, and an ACK if
// nothing else carries it.
#include "tcp/connection/both_ways.hh"
#include "tcp/connection/connection.hh"
#include "tcp/send/segmenter.hh"

#include <algorithm>

namespace millrace::tcp {

bool connection::next_segment(outgoing& out, time_point now, const fast_open_cookie* cookie) noexcept {
    if (unusual_.reset_due || unusual_.stray_reset_due) return next_reset(out, now);
    if (unusual_.syn_due) return next_syn(out, now, cookie);
    if (unusual_.handshake_ack_due) return next_handshake_ack(out, now);
    if (rare_ && rare_->changes && !rare_->changes->empty()) return next_earlier_ack(out, now);
    if (may_have_text()) {
        if (unusual_.probe_due && next_probe(out, now)) return true;
        const bool again = flight_.lost_bytes() > 0 && !tests_timeout();
        if (again ? next_retransmission(out, now) : next_new(out, now)) return true;
    }
    return next_ack(out, now);
}

// Data or FIN can be unsent or unacknowledged.
bool connection::may_have_text() const noexcept {
    switch (state_) {
        case connection_state::established:
        case connection_state::fin_wait_1:
        case connection_state::close_wait:
        case connection_state::closing:
        case connection_state::last_ack:
            return true;
        case connection_state::syn_received:
            return fast_open_ && !active_;  // RFC 7413 §4.2.2
        case connection_state::closed:
        case connection_state::listen:
        case connection_state::syn_sent:
        case connection_state::fin_wait_2:
        case connection_state::time_wait:
            return false;
    }
    return false;
}

bool connection::next_reset(outgoing& out, time_point now) noexcept {
    if (unusual_.stray_reset_due) {  // for a segment with ACK: <SEQ=SEG.ACK><CTL=RST>
        unusual_.stray_reset_due = false;
        out.seq = rare_->stray_reset;
        out.flags = flags::rst;
    } else {
        unusual_.reset_due = false;
        fill_header(out, now);
        out.options.sack.clear();
        out.flags = flags::rst | flags::ack;
        if (is_accurate()) out.flags |= accurate().received.ace();
    }
    ++segments_sent_;
    return true;
}

// New data is to tell whether a timeout was spurious.
bool connection::tests_timeout() noexcept {
    const bool has_new = (unsent() > 0 && snd_.usable() > 0) || recovery_.recover() < snd_.nxt;
    return recovery_.tests_timeout(has_new);
}

// A segment that was lost, if the congestion window or the rules of recovery let it out. New data waits until
// then.
bool connection::next_retransmission(outgoing& out, time_point now) noexcept {
    const auto i = recovery_.next_retransmission(flight_);
    if (!i) return false;
    const uint32_t pipe = recovery_.pipe(flight_);
    if (!recovery_.retransmit_due() && pipe > 0 && pipe + flight_[*i].length > congestion_.cwnd()) {
        unusual_.cwnd_limited = true;
        return false;
    }
    const bool by_model = congestion_.has_model();
    if (by_model && !recovery_.retransmit_due() && !pace_allows(now)) return false;
    retransmit(out, *i, now);
    if (by_model && paced()) rare_->pacer->on_sent(uint32_t(out.payload_bytes()));
    return true;
}

void connection::retransmit(outgoing& out, size_t i, time_point now) noexcept {
    fill_header(out, now);
    const uint32_t room = room_for_payload(out);
    if (unusual_.sizing) forget_resent_probe(flight_[i].at);
    if (payload_of(flight_[i]) > room) flight_.split(i, room);
    fill_text(out, flight_[i].at, payload_of(flight_[i]), ends_with_fin(flight_[i]));
    flight_.on_retransmit(i, now);
    recovery_.on_retransmit(flight_[i]);
    sent_at_ = now;
    ++rare().retransmissions;
    if (retransmit_at_ == never) retransmit_at_ = now + rto_.value();
}

bool connection::next_new(outgoing& out, time_point now) noexcept {
    const uint32_t data = unsent();
    const bool fin = may_finish() && snd_.nxt <= fin_seq();
    if (data == 0 && !fin) {
        if (unusual_.measured) note_idle_sender();
        if (unusual_.cwnd_limited)
            unusual_.cwnd_limited = recovery_.pipe(flight_) + smss_ > congestion_.cwnd();
        return false;
    }
    if (flight_.size() >= settings_.max_segments_in_flight) return false;
    if (flight_.empty()) validate_cwnd(now);
    const uint32_t pipe = flight_.empty() ? 0 : recovery_.pipe(flight_);
    const uint32_t cwnd_room = congestion_.cwnd() > pipe ? congestion_.cwnd() - pipe : 0;
    const uint32_t window = snd_.usable();
    if (unusual_.sizing)
        if (const uint32_t probe = size_to_probe(window))
            return next_size_probe(out, probe, window, cwnd_room, now);
    const uint32_t size = segment_size({.unsent = data,
                                        .usable_window = window,
                                        .cwnd_room = cwnd_room,
                                        .mss = smss_,
                                        .max_wnd = snd_.max_wnd,
                                        .idle = flight_.empty(),
                                        .no_delay = no_delay_,
                                        .finishing = unusual_.fin_queued});
    const bool bare_fin = data == 0 && fin && window > 0;
    if (size == 0 && !bare_fin) {
        unusual_.cwnd_limited = cwnd_room < std::min({data, smss_, window});
        if (flight_.empty()) arm_persist_timer(now);
        return false;
    }
    const bool at_pace = size > 0 && is_paced(now);
    if (!at_pace && paced()) rare_->pacer->stop_waiting();
    if (at_pace && !pace_allows(now)) {
        unusual_.cwnd_limited = !congestion_.has_model();  // other paces are the window's
        return false;
    }
    send_new(out, size, window, now);
    if (at_pace) rare_->pacer->on_sent(size);
    if (size > 0) allow_marks(out);
    return true;
}

// What fits the first window needs no pace: a request, or its answer, is never kept waiting. A model's pace
// is all that holds the sender back. Behind a silence a round trip is paced in any case, until there are ACKs
// to follow: RFC 7661 §4.4.2.
bool connection::is_paced(time_point now) noexcept {
    if (congestion_.has_model()) return true;
    if (unusual_.restarting) unusual_.restarting = now < rare_->paced_until;
    return (settings_.pacing || unusual_.restarting) && rtt_.has_sample() &&
           flight_.bytes() >= initial_window(smss_, settings_.initial_window_segments);
}

bool connection::pace_allows(time_point now) noexcept {
    if (!paced()) {
        rare().pacer = std::make_unique<pacer>(pace(), now);
        more_deadlines_ = true;
    }
    return rare_->pacer->may_send(pace(), now);
}

// After a silence longer than the timeout. What a model knows is worth more: draft-ietf-ccwg-bbr §5.4.1.
void connection::validate_cwnd(time_point now) noexcept {
    if (congestion_.has_model()) {
        if (flight_.rate()->is_app_limited()) congestion_.on_restart(now);
        return;
    }
    const duration silence = now - sent_at_;
    if (silence <= settings_.rto_min || silence <= rto_.value()) return;
    if (!congestion_.on_silence(now, initial_window(smss_, settings_.initial_window_segments))) return;
    rare().paced_until = now + rtt_.smoothed();
    unusual_.restarting = true;
}

// `size` bytes of data that were never sent, and FIN if it is behind them and the window takes it, too.
void connection::send_new(outgoing& out, uint32_t size, uint32_t window, time_point now) noexcept {
    fill_header(out, now);
    if (unusual_.counts_due) add_counts(out, size > 0);
    size = std::min(size, room_for_payload(out));
    const seq at = snd_.nxt;
    const bool fin = may_finish() && at + size == fin_seq() && window > size;
    fill_text(out, at, size, fin);
    note_new(size + fin, size, now);
    if (flight_.rate()) flight_.measure_last(now);
}

bool connection::next_probe(outgoing& out, time_point now) noexcept {
    unusual_.probe_due = false;
    if (!flight_.empty() && snd_.wnd > 0 && !unusual_.probing) return next_tail_probe(out, now);
    return next_window_probe(out, now);
}

// Of a window that is closed, or too small for all other rules: RFC 9293 §3.8.6.1, §3.8.6.2.1.
bool connection::next_window_probe(outgoing& out, time_point now) noexcept {
    if (!flight_.empty()) {
        retransmit(out, 0, now);
    } else {
        if (!waits_for_window()) return false;  // an ACK came first
        const uint32_t window = snd_.usable();
        const uint32_t size = std::min({unsent(), std::max<uint32_t>(window, 1), smss_});
        if (size == 0 && !(unusual_.fin_queued && snd_.nxt == fin_seq())) return false;
        const time_point deadline = retransmit_at_;
        send_new(out, size, std::max<uint32_t>(window, 1), now);
        retransmit_at_ = deadline;
        unusual_.probing = flight_.bytes() > window;
    }
    ++rare().window_probes;
    return true;
}

// RFC 8985 §7.3: new data, whatever the congestion window says, or else the last segment again.
bool connection::next_tail_probe(outgoing& out, time_point now) noexcept {
    const uint32_t window = snd_.usable();
    const uint32_t size = std::min({unsent(), smss_, window});
    const bool fresh = size > 0 && flight_.size() < settings_.max_segments_in_flight;
    if (fresh)
        send_new(out, size, window, now);
    else
        retransmit(out, flight_.size() - 1, now);
    recovery_.on_probe(snd_.una, snd_.nxt, !fresh, rtt_);
    ++rare().tail_probes;
    retransmit_at_ = now + rto_.value();
    return true;
}

bool connection::next_ack(outgoing& out, time_point now) noexcept {
    if (!acks_.due(now) && !unusual_.keepalive_due) return false;
    acks_.on_ack_alone();
    fill_header(out, now);
    if (unusual_.counts_due) add_counts(out, false);
    if (unusual_.keepalive_due) {  // RFC 9293 §3.8.4: SEG.SEQ = SND.NXT-1, which no peer may accept
        unusual_.keepalive_due = false;
        out.seq = snd_.nxt - 1;
        ++rare().keepalive_probes;
    }
    ++segments_sent_;
    return true;
}

void connection::tune_window(time_point now) noexcept {
    if (limits_.memory.is_tight()) return;
    tuner_.look(rcv_.nxt(), in_.bytes(), rtt_.smoothed(), settings_.receive_buffer, now);
}

// What every segment but SYN has: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, window and options.
void connection::fill_header(outgoing& out, time_point now) noexcept {
    out.seq = snd_.nxt_in_window(unusual_.probing);
    out.ack = rcv_.nxt();
    out.flags = unusual_.ece_due ? flags::ack | flags::ece : tcp::flags(flags::ack);
    out.wnd = offer_window(now);
    if (is_accurate()) {  // RFC 9768 §3.2.2.2
        out.flags |= accurate().received.ace();
        accurate().received.on_ack_sent();
    }
    if (timestamps_.enabled()) out.options.timestamps = timestamps_.stamp(now);
    if (sack_ && late_.has_report()) late_.report(out.options.sack, sack_room(timestamps_.enabled()));
}

void connection::fill_text(outgoing& out, seq at, uint32_t bytes, bool fin) noexcept {
    out.seq = at;
    out_.slice(at, bytes, out.payload);
    // RFC 9293 §3.9.1.2: with the last byte that there is.
    if (bytes > 0 && at + bytes == out_.end()) out.flags |= flags::psh;
    if (fin) out.flags |= flags::fin;
    ++segments_sent_;
}

// smss_ allows for timestamps; other options take their room from the payload (RFC 6691).
uint32_t connection::room_for_payload(const outgoing& out) const noexcept {
    if (out.options.sack.empty() && !out.options.mark_counts) return smss_;
    const auto fixed = uint32_t(timestamps_.enabled() ? timestamps_bytes : 0);
    return smss_ - (uint32_t(out.options.emitted_bytes()) - fixed);
}

}  // namespace millrace::tcp
