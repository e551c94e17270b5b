// The user's calls: RFC 9293 §3.10.2 to §3.10.6, and what ICMP tells (§3.9.2.2).
#include "tcp/connection/connection.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {

// What there is room for of `data`, which is more.
size_t connection::send_front(buffer& data) noexcept {
    const size_t n = send_room();
    wants_room_ = true;
    if (n > 0) out_.append(data.split_front(n), snd_.nxt);
    return n;
}

size_t connection::send(std::string_view data) noexcept {
    const size_t n = is_sure_of_room(data.size()) ? data.size() : std::min(data.size(), send_room());
    if (n < data.size()) wants_room_ = true;
    out_.append_copy(data.substr(0, n));
    return n;
}

buffer connection::receive() noexcept {
    buffer b = in_.pop();
    // Settings may be gone with the stack once the connection is closed, while what it received is not.
    if (b.empty() || peer_finished_ || is_closed()) return b;
    // While more than half is open, no update is due (RFC 9293 §3.8.6.2.2): the common case, decided quickly.
    if (rcv_.wnd() > tuner_.size() / 2) return b;
    const uint32_t limit = receive_limit();
    if (rcv_.update_due(receive_room(limit), limit, path_mss_)) acks_.require_now();
    return b;
}

void connection::shutdown_write() noexcept {
    if (unusual_.fin_queued || is_closed()) return;
    unusual_.fin_queued = true;
    if (snd_.una != iss_) enter_closing_states();
}

void connection::enter_closing_states() noexcept {
    if (state_ == connection_state::established)
        state_ = connection_state::fin_wait_1;
    else if (state_ == connection_state::close_wait)
        state_ = connection_state::last_ack;
}

void connection::close(time_point now) noexcept {
    if (is_closed() || orphaned_) return;
    orphaned_ = true;
    // RFC 9293 §3.10.4, SYN-SENT: there is nothing yet to be closed in order.
    if (state_ == connection_state::syn_sent) return end(failure::aborted);
    if (!in_.empty() || !late_.empty()) return reset(failure::aborted);  // RFC 2525 §2.17
    shutdown_write();
    arm_quiet_timer(now);
}

void connection::abort() noexcept {
    if (!is_closed()) reset(failure::aborted);
}

// RFC 9293 §3.10.5: RST in the states where the peer still counts on us.
void connection::reset(failure why) noexcept {
    unusual_.reset_due = state_ == connection_state::syn_received ||
                         state_ == connection_state::established || state_ == connection_state::fin_wait_1 ||
                         state_ == connection_state::fin_wait_2 || state_ == connection_state::close_wait;
    end(why);
}

void connection::end(failure why) noexcept {
    state_ = connection_state::closed;
    failure_ = why;
    retransmit_at_ = quiet_at_ = never;
    unusual_.syn_due = unusual_.probe_due = unusual_.keepalive_due = unusual_.handshake_ack_due = false;
    unusual_.sizing = false;
    acks_.on_ack_sent();
    out_.clear();
    flight_.clear();
    late_.clear();
    if (rare_ && rare_->changes) rare_->changes->clear();
    if (paced()) rare_->pacer->stop_waiting();
    if (sized()) rare_->sizing.reset();
    events_ |= why == failure::none ? events(events::closed) : events::closed | events::failed;
}

void connection::enter_time_wait() noexcept {
    state_ = connection_state::time_wait;
    retransmit_at_ = quiet_at_ = never;
    unusual_.probe_due = unusual_.keepalive_due = unusual_.sizing = false;
    if (sized()) rare_->sizing.reset();
    events_ |= events::closed;
}

std::optional<time_wait_seed> connection::take_time_wait() noexcept {
    if (state_ != connection_state::time_wait || time_wait_taken_) return std::nullopt;
    time_wait_taken_ = true;
    return time_wait_seed{.snd_nxt = snd_.nxt,
                          .rcv_nxt = rcv_.nxt(),
                          .wnd = uint16_t(rcv_.wnd() >> rcv_.scale()),
                          .timestamps = timestamps_.enabled(),
                          .ace = is_accurate() ? accurate().received.ace() : flags(),
                          .ts_recent = timestamps_.recent(),
                          .ts_offset = timestamps_.offset()};
}

void connection::set_keepalive(const net::keepalive_settings& k, time_point now) noexcept {
    keepalive_ = k.on;
    if (k.on) rare().keepalive = std::make_unique<net::keepalive_settings>(k);
    if (!is_closed() && snd_.una != iss_) arm_quiet_timer(now);
}

void connection::set_user_timeout(duration d) noexcept {
    constexpr duration most = std::chrono::hours(24 * 365);
    if (d > duration::zero() || rare_) rare().user_timeout = std::min(d, most);
    note_deadlines();
}

bool connection::on_path_error(const path_error& e) noexcept {
    if (is_closed() || e.quoted < snd_.una || snd_.nxt < e.quoted) return false;
    switch (e.what) {
        case path_error::kind::fragmentation_needed:
            on_smaller_path(e.path_mss);
            break;
        case path_error::kind::port_unreachable:
        case path_error::kind::protocol_unreachable:
            on_unreachable(failure::refused);
            break;
        case path_error::kind::host_unreachable:
            on_unreachable(failure::host_unreachable);
            break;
        case path_error::kind::network_unreachable:
            on_unreachable(failure::network_unreachable);
            break;
        case path_error::kind::time_exceeded:
            soft_error_ = failure::host_unreachable;
            break;
    }
    return true;
}

// Nobody loses data if an opening fails early, so all these end it, as in most stacks (RFC 5461 §4.1). Later,
// none does: who can forge them could reset the connection (RFC 5927 §5), and routes come back (RFC 9293
// §3.9.2.2).
void connection::on_unreachable(failure why) noexcept {
    soft_error_ = why;
    if (state_ == connection_state::syn_sent) end(why);
}

connection_info connection::info() const noexcept {
    connection_info i;
    i.state = state_;
    i.snd_una = snd_.una.value();
    i.snd_nxt = snd_.nxt.value();
    i.snd_wnd = snd_.wnd;
    i.rcv_nxt = rcv_.nxt().value();
    i.rcv_wnd = rcv_.wnd();
    i.snd_scale = snd_.scale;
    i.rcv_scale = rcv_.scale();
    i.window_scaling = window_scaling_;
    i.timestamps = timestamps_.enabled();
    i.sack = sack_;
    i.ecn = ecn_.feedback != ecn_feedback::none && state_ != connection_state::syn_sent;
    i.accurate_ecn = is_accurate();
    i.smss = smss_;
    i.srtt = rtt_.smoothed();
    i.rttvar = rtt_.variation();
    i.min_rtt = rtt_.minimum();
    i.rto = rto_.value();
    i.cwnd = congestion_.cwnd();
    i.ssthresh = congestion_.ssthresh();
    i.in_fast_recovery = recovery_.in_fast_recovery();
    i.unsent = unsent();
    i.in_flight = flight_.bytes();
    i.pipe = recovery_.pipe(flight_);
    i.readable = in_.bytes();
    i.out_of_order = uint32_t(late_.bytes());
    i.bytes_sent = bytes_sent_;
    i.bytes_received = bytes_received_;
    i.segments_sent = segments_sent_;
    i.segments_received = segments_received_;
    i.marks_told = is_accurate() ? accurate().sent.marked() - first_marked : 0;
    if (!rare_) return i;
    i.retransmissions = rare_->retransmissions;
    i.fast_recoveries = rare_->fast_recoveries;
    i.timeouts = rare_->timeouts;
    i.window_probes = rare_->window_probes;
    i.keepalive_probes = rare_->keepalive_probes;
    i.tail_probes = rare_->tail_probes;
    i.spurious_losses = rare_->spurious_losses;
    i.marks_received = rare_->marks_received;
    i.mark_reductions = rare_->mark_reductions;
    i.black_holes = rare_->black_holes;
    i.size_probes = rare_->size_probes;
    i.size_probes_lost = rare_->size_probes_lost;
    return i;
}

}  // namespace millrace::tcp
