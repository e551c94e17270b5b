// Explicit congestion notification: agreeing on it, telling the peer of marks, obeying what it tells. RFC
// 3168 §6.1, RFC 9768; a DCTCP receiver tells of each change: RFC 8257 §3.2.
#include "tcp/connection/connection.hh"
#include "tcp/segment/plain.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {

// For our next SYN. A classic one that had to be repeated goes without: something on the way may not like it
// (RFC 3168 §6.1.1.1). One that asks for accurate feedback is repeated once as it was (RFC 9768 §3.1.4.1);
// what is agreed on is what the first SYN-ACK answers, whichever SYN of ours that was.
flags connection::ask_for_ecn() noexcept {
    if (syn_transmissions_ == 0) {
        if (settings_.ecn == ecn_mode::on)
            ecn_.feedback = ecn_feedback::classic;
        else if (settings_.ecn == ecn_mode::accurate || congestion_.needs_ecn())
            ecn_.feedback = settings_.ecn == ecn_mode::off ? ecn_feedback::none : ecn_feedback::accurate;
    } else if (ecn_.feedback == ecn_feedback::classic) {
        ecn_.feedback = ecn_feedback::none;
    }
    return syn_transmissions_ <= 1 ? asking_for(ecn_.feedback) : flags();
}

// Our SYN asked for what is there; the peer's answers it, or has crossed it (RFC 9768 §3.1.2).
void connection::agree_on_ecn(const segment& syn) noexcept {
    const bool answers = syn.flags.has(flags::ack);
    // Of two that cross, both have seen what the other asked for: they agree on the lesser.
    ecn_.feedback =
        answers ? agreed_by(syn.flags, ecn_.feedback) : std::min(asked_by(syn.flags), ecn_.feedback);
    ecn_.ect = ecn_.feedback != ecn_feedback::none;
    ecn_.syn_mark = syn.congestion;
    if (ecn_.feedback != ecn_feedback::accurate) return;
    begin_accurate_ecn();
    if (!answers) return;
    accurate_ecn& a = accurate();
    a.sent.on_first_counts(syn.options.mark_counts);
    a.received.on_segment(syn.congestion, uint32_t(syn.payload.size()), false);
    a.tests_path = true;
    // RFC 9768 §3.2.2.3: our SYN went out as not capable of ECN.
    ecn_.ect = handshake_mark(syn.flags).value_or(net::ecn::not_capable) == net::ecn::not_capable;
    owe_handshake_ack(syn);
}

// The peer's SYN again, before it has heard our SYN-ACK: RFC 9768 §3.1.5. False: that ends the handshake.
bool connection::hear_repeated_syn(const segment& syn) noexcept {
    if (contradicts(syn.flags, ecn_.feedback)) return false;
    ecn_.syn_mark = syn.congestion;
    if (asked_by(syn.flags) == ecn_feedback::none) ecn_.ect = false;
    return true;
}

// Our SYN-ACK: the first brings the option, the second does not, those behind it say nothing of ECN (RFC 9768
// §3.2.3.2.2).
void connection::answer_ecn(outgoing& syn_ack) noexcept {
    const bool counts = is_accurate();
    if (counts && !active_ && syn_transmissions_ > 1) {
        ecn_.ect = false;
        return;
    }
    if (counts && syn_transmissions_ == 0) syn_ack.options.mark_counts = accurate().received.report_all();
    if (counts || ecn_.ect) syn_ack.flags |= answering(ecn_.feedback, ecn_.syn_mark);
}

void connection::begin_accurate_ecn() noexcept {
    rare().accurate = std::make_unique<accurate_ecn>();
    unusual_.accurate = true;
    set_layouts();
}

// What plain segments look like from now on.
void connection::set_layouts() noexcept {
    const bool ts = timestamps_.enabled();
    layout_in_ = plain_layout(ts, is_accurate() ? accurate().sent.ace() : flags());
    layout_out_ = plain_layout(ts, is_accurate() ? accurate().received.ace() : flags());
}

// RFC 9768 §3.2.2.1: a SYN-ACK is answered by a pure ACK that says with which mark it came, before any data.
void connection::owe_handshake_ack(const segment& syn_ack) noexcept {
    accurate().handshake_ace = handshake_ace(syn_ack.congestion);
    unusual_.handshake_ack_due = true;
}

bool connection::next_handshake_ack(outgoing& out, time_point now) noexcept {
    unusual_.handshake_ack_due = false;
    fill_header(out, now);
    out.options.sack.clear();
    out.options.mark_counts = accurate().received.report_all();
    out.flags = flags::ack | accurate().handshake_ace;
    note_counts_told();
    ++segments_sent_;
    return true;
}

// The peer answers our SYN-ACK: RFC 9768 table 4. True: that was marked.
bool connection::hear_handshake(const segment& s) noexcept {
    if (!is_accurate() || active_ || !s.payload.empty() || !s.options.sack.empty()) return false;
    mark_feedback& f = accurate().sent;
    const bool marked = f.on_handshake(s.flags);
    f.on_first_counts(s.options.mark_counts);
    ecn_.ect = ecn_.ect && f.is_sound();
    accurate().skips_ace = true;
    set_layouts();
    return marked;
}

// An acceptable segment: RFC 3168 §6.1.3, RFC 9768 §3.2.
void connection::note_marks(const segment& s) noexcept {
    const auto bytes = uint32_t(s.payload.size());
    if (unusual_.accurate) {
        if (s.is_marked()) ++rare().marks_received;
        if (accurate().received.on_segment(s.congestion, bytes, acks_.pending())) acks_.require_now();
        unusual_.counts_due |= accurate().received.has_news();
        return;
    }
    if (bytes == 0) return;
    if (s.is_marked()) ++rare().marks_received;
    if (congestion_.needs_ecn()) return note_change_of_marks(s.is_marked());
    if (s.flags.has(flags::cwr)) {
        unusual_.ece_due = false;
        acks_.require_now();  // the peer's window is small now
    }
    if (s.is_marked()) unusual_.ece_due = true;
}

// RFC 8257 §3.2, figure 1: an ACK at once for what came before the change, as it was marked.
void connection::note_change_of_marks(bool marked) noexcept {
    if (marked == unusual_.ece_due) return;
    if (acks_.pending()) {
        if (!rare().changes) rare_->changes = std::make_unique<mark_changes>();
        rare_->changes->push(rcv_.nxt(), unusual_.ece_due);
    }
    unusual_.ece_due = marked;
    acks_.require_now();
}

bool connection::next_earlier_ack(outgoing& out, time_point now) noexcept {
    const mark_changes::owed earlier = rare_->changes->pop();
    fill_header(out, now);
    out.flags = earlier.marked ? flags::ack | flags::ece : tcp::flags(flags::ack);
    // The same right edge.
    const uint32_t behind = distance(earlier.ack, out.ack) >> rcv_.scale();
    out.wnd = uint16_t(std::min<uint32_t>(out.wnd + behind, UINT16_MAX));
    out.ack = earlier.ack;
    acks_.require_now();  // that of the rest
    ++segments_sent_;
    return true;
}

// RFC 9768 §3.2.3.3: with an ACK goes the option, if it is due and leaves room for two SACK blocks where
// there are any.
void connection::add_counts(outgoing& out, bool has_data) noexcept {
    accurate_ecn& a = accurate();
    const bool stamped = out.options.timestamps.has_value();
    const size_t room = options::max_bytes - (stamped ? timestamps_bytes : 0) -
                        (out.options.sack.empty() ? 0 : 4 + 2 * sizeof(seq_range));
    if (has_data && a.tests_path && mark_counts::bytes_of(mark_counts::all) <= room) {
        a.tests_path = false;
        out.options.mark_counts = a.received.report_all();
    } else {
        out.options.mark_counts = a.received.report(room);
    }
    if (const auto& counts = out.options.mark_counts)
        out.options.sack.truncate(sack_room(stamped, mark_counts::bytes_of(counts->fields)));
    note_counts_told();
}

void connection::note_counts_told() noexcept {
    const accurate_ecn& a = accurate();
    unusual_.counts_due = a.received.has_news() || a.tests_path;
    set_layouts();
}

// The last steps of is_expected() for a connection that is not like most: counts what `s` is marked with.
bool connection::takes_special(const plain_segment& s) noexcept {
    if (unusual_.probing || unusual_.measured) return false;
    if (unusual_.sizing && rare_->sizing->in_flight()) return false;
    if (!unusual_.accurate) return true;
    if (!accurate().sent.has_begun()) return false;
    // Where the option does not get through, each ACK could be one whose ACE field has gone round.
    if (s.ack() != snd_.una) {
        if (!accurate().sent.has_counts()) return false;
        if (flight_.size() >= mark_feedback::ace_cycle) accurate().sent.on_plain_ack();
    }
    if (accurate().received.on_segment(s.congestion(), s.payload_bytes(), acks_.pending()))
        acks_.require_now();
    unusual_.counts_due |= accurate().received.has_news();
    return true;
}

// Of an acceptable ACK, before anything is done with it: the window does not grow by one that does.
bool connection::tells_of_marks(const segment& s) const noexcept {
    if (!unusual_.accurate) return ecn_.feedback == ecn_feedback::classic && s.flags.has(flags::ece);
    return !accurate().skips_ace && accurate().sent.is_news(s.flags.ace());
}

// What an ACK tells of marks, when it has been acted upon; `before` it that was in flight. One that tells of
// nothing else may have been overtaken by another: RFC 9768 §3.2.2.2.
mark_feedback::marks connection::hear_marks(const segment& s, const flight_before& before) noexcept {
    accurate_ecn& a = accurate();
    if (a.skips_ace || is_late_handshake(s)) return {};
    const uint32_t bytes = distance(before.una, snd_.una) + flight_.sacked_bytes() - before.sacked_bytes;
    const bool newer =
        s.options.timestamps && timestamps_.enabled() && s.options.timestamps->value != timestamps_.recent();
    if (bytes == 0 && !newer) return {};
    const bool counted = flight_.sacked_bytes() + before.sacked_bytes == 0;
    const auto segments = counted ? uint32_t(before.records - flight_.size()) : (bytes + smss_ - 1) / smss_;
    const mark_feedback::marks m = a.sent.on_ack({.ace = s.flags.ace(),
                                                  .counts = s.options.mark_counts,
                                                  .bytes = bytes,
                                                  .segments = segments,
                                                  .counted = counted,
                                                  .smss = smss_});
    if (!a.sent.is_sound()) ecn_.ect = false;
    set_layouts();
    return m;
}

// The answer to our SYN-ACK, when another came before: what stands in its ACE field is no counter.
bool connection::is_late_handshake(const segment& s) const noexcept {
    return !active_ && s.ack == iss_ + 1 && s.payload.empty() && s.options.sack.empty();
}

// The peer has received a mark: RFC 3168 §6.1.2. One reduction for each window of data.
void connection::obey_mark() noexcept {
    if (recovery_.state() != recovery_state::open) return;
    if (snd_.una <= ecn_.reduced_to && ecn_.reduced_to <= snd_.nxt) return;
    congestion_.on_mark(flight_.bytes());
    note_reduction();
    ++rare().mark_reductions;
}

// For whatever reason the window was reduced.
void connection::note_reduction() noexcept {
    if (ecn_.feedback == ecn_feedback::none) return;
    ecn_.reduced_to = snd_.nxt;
    unusual_.cwr_due = ecn_.feedback == ecn_feedback::classic;  // RFC 9768 §3.1.5: no CWR
}

// New data, which may be marked on its way (RFC 3168 §6.1.2, §6.1.5); no retransmission, probe or pure ACK
// may be.
void connection::allow_marks(outgoing& out) noexcept {
    out.ect = ecn_.ect;
    if (unusual_.cwr_due) out.flags |= flags::cwr;
    unusual_.cwr_due = false;
}

}  // namespace millrace::tcp
