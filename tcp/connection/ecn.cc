// Explicit congestion notification: agreeing on it, telling the peer of marks, obeying what it tells. RFC
// 3168 §6.1; a DCTCP receiver tells of each change: RFC 8257 §3.2.
#include "tcp/connection/connection.hh"

#include <algorithm>

namespace millrace::tcp {

// RFC 3168 §6.1.1. A SYN that had to be repeated goes without: something on the way may not like it
// (§6.1.1.1).
bool connection::asks_for_ecn() const noexcept {
    const bool wanted =
        settings_.ecn == ecn_mode::on || (settings_.ecn == ecn_mode::passive && congestion_.needs_ecn());
    return wanted && syn_transmissions_ == 0;
}

// Our SYN asked for it if `ecn_` says so; the peer's says yes by ECE alone in a SYN-ACK, by ECE and CWR in a
// SYN that has crossed ours.
void connection::agree_on_ecn(tcp::flags of_syn) noexcept {
    const tcp::flags both = flags::ece | flags::cwr;
    ecn_ = ecn_ && of_syn.are(of_syn.has(flags::ack) ? tcp::flags(flags::ece) : both, both);
}

// An acceptable segment with data: RFC 3168 §6.1.3.
void connection::note_marks(const segment& s) noexcept {
    marks_received_ += s.ce;
    if (congestion_.needs_ecn()) return note_change_of_marks(s.ce);
    if (s.flags.has(flags::cwr)) {
        unusual_.ece_due = false;
        acks_.require_now();  // the peer's window is small now
    }
    if (s.ce) unusual_.ece_due = true;
}

// RFC 8257 §3.2, figure 1: an ACK at once for what came before the change, as it was marked.
void connection::note_change_of_marks(bool marked) noexcept {
    if (marked == unusual_.ece_due) return;
    if (acks_.pending()) {
        if (!changes_) changes_ = std::make_unique<mark_changes>();
        changes_->push(rcv_.nxt(), unusual_.ece_due);
    }
    unusual_.ece_due = marked;
    acks_.require_now();
}

bool connection::next_earlier_ack(outgoing& out, time_point now) noexcept {
    const mark_changes::owed earlier = changes_->pop();
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

// The peer has received a mark: RFC 3168 §6.1.2. One reduction for each window of data.
void connection::obey_mark() noexcept {
    if (recovery_.state() != recovery_state::open) return;
    if (snd_.una <= reduced_to_ && reduced_to_ <= snd_.nxt) return;
    congestion_.on_mark();
    note_reduction();
    ++mark_reductions_;
}

// For whatever reason the window was reduced.
void connection::note_reduction() noexcept {
    if (!ecn_) return;
    reduced_to_ = snd_.nxt;
    unusual_.cwr_due = true;
}

// New data, which may be marked on its way (RFC 3168 §6.1.2, §6.1.5); no retransmission, probe or pure ACK
// may be.
void connection::allow_marks(outgoing& out) noexcept {
    out.ect = true;
    if (unusual_.cwr_due) out.flags |= flags::cwr;
    unusual_.cwr_due = false;
}

}  // namespace millrace::tcp
