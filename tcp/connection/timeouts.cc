// Time passes: RFC 6298 §5, RFC 9293 §3.10.8, zero-window probes (§3.8.6.1), keepalive (§3.8.4).
#include "tcp/connection/connection.hh"

#include <algorithm>

namespace millrace::tcp {

// An ACK whose delay is over needs nothing here: next_segment() finds it due.
void connection::on_timeout(time_point now) noexcept {
    if (is_closed()) return;
    if (give_up_at() <= now) return end(reason_to_give_up());
    if (paced() && rare_->pacer->deadline() <= now) rare_->pacer->stop_waiting();
    if (sized() && rare_->sizing->raise_at() <= now) {
        rare_->sizing->on_raise();
        note_size_search();
    }
    if (recovery_.reorder_deadline() <= now) on_reorder_timeout(now);
    if (tail_probe_at() <= now)
        on_tail_timeout(now);
    else if (retransmit_at_ <= now)
        on_retransmission_timeout(now);
    if (quiet_at_ <= now) on_quiet_timeout(now);
}

void connection::on_retransmission_timeout(time_point now) noexcept {
    if (state_ == connection_state::syn_sent || state_ == connection_state::syn_received)
        on_syn_timeout();
    else if (flight_.empty() || unusual_.probing || snd_.wnd == 0)
        on_persist_timeout(now);
    else
        on_data_timeout(now);
}

void connection::on_syn_timeout() noexcept {
    if (syn_transmissions_ > settings_.syn_retries) return end(reason_to_give_up());
    ++rare().timeouts;
    rto_.back_off(timeout_limits());
    unusual_.syn_due = true;
    retransmit_at_ = never;
}

// RFC 6298 §5.4 to §5.6.
void connection::on_data_timeout(time_point now) noexcept {
    if (rto_.backoffs() >= retry_limit()) return end(reason_to_give_up());
    ++rare().timeouts;
    const bool first = rto_.backoffs() == 0;
    congestion_.on_timeout(flight_.bytes(), first);
    note_reduction();
    recovery_.on_timeout(snd_.nxt, flight_, rtt_, now, first);
    tell_losses();
    suspect_segment_size(now);
    rto_.back_off(timeout_limits());
    retransmit_at_ = now + rto_.value();
}

// RFC 8985 §7.2: nothing is known to be lost or late, and the window is open.
bool connection::may_probe_tail() const noexcept {
    return !flight_.empty() && snd_.una != iss_ && snd_.wnd > 0 && !unusual_.probing && !unusual_.probe_due &&
           recovery_.may_probe(flight_);
}

// From the last transmission or acknowledgement on; with one segment in flight in place of the timeout, as
// its ACK may be delayed.
time_point connection::tail_probe_at() const noexcept {
    if (!may_probe_tail()) return never;
    if (flight_.size() == 1) return retransmit_at_;
    return std::min(retransmit_at_,
                    std::max(sent_at_, progress_at_) + tail_loss_probe::timeout(rtt_.smoothed()));
}

time_point connection::loss_timeout() const noexcept {
    return flight_.empty() ? never : std::min(recovery_.reorder_deadline(), tail_probe_at());
}

// RFC 8985 §7.3: the timeout is armed anew when the probe goes out.
void connection::on_tail_timeout(time_point now) noexcept {
    unusual_.probe_due = true;
    retransmit_at_ = now + rto_.value();
}

// RFC 8985 §6.2 step 5: what was overdue is lost now.
void connection::on_reorder_timeout(time_point now) noexcept {
    const uint32_t flight = flight_.bytes();
    const auto t = recovery_.on_reorder_timeout(snd_.nxt, flight_, now);
    if (t == loss_recovery::transition::entered)
        follow_recovery(t, {.una = snd_.una, .snd_nxt = snd_.nxt, .now = now}, flight);
    tell_losses();
}

// The window has been closed for long: RFC 9293 §3.8.6.1. A peer that answers may keep it so for ever
// (MUST-37), unless nobody is here to care.
void connection::on_persist_timeout(time_point now) noexcept {
    if (probes_unanswered_ >= retry_limit()) return end(reason_to_give_up());
    if (orphaned_ && rto_.backoffs() >= retry_limit()) return reset(failure::timed_out);
    ++probes_unanswered_;
    unusual_.probe_due = true;
    rto_.back_off(timeout_limits());
    retransmit_at_ = now + persist_interval();
}

void connection::arm_persist_timer(time_point now) noexcept {
    if (retransmit_at_ == never) retransmit_at_ = now + persist_interval();
}

duration connection::persist_interval() const noexcept {
    return std::clamp(rto_.value(), settings_.persist_min, settings_.persist_max);
}

// Keepalive; or a peer that does not finish after we have, and nobody is here to wait for it.
void connection::on_quiet_timeout(time_point now) noexcept {
    if (state_ == connection_state::fin_wait_2 && orphaned_) return end(failure::none);
    const bool busy = !flight_.empty() || unsent() > 0;  // then retransmissions find out
    const net::keepalive_settings times = keepalive_times();
    const time_point due = heard_at_ + times.idle;
    if (busy || (probes_unanswered_ == 0 && due > now)) {
        quiet_at_ = std::max(due, now + times.interval);
        if (busy && retransmit_at_ != never) quiet_at_ = std::max(quiet_at_, retransmit_at_);
        return;
    }
    if (probes_unanswered_ >= times.probes) return reset(reason_to_give_up());
    ++probes_unanswered_;
    unusual_.keepalive_due = true;
    quiet_at_ = now + times.interval;
}

void connection::arm_quiet_timer(time_point now) noexcept {
    if (state_ == connection_state::fin_wait_2 && orphaned_)
        quiet_at_ = now + settings_.fin_wait_2_timeout;
    else
        quiet_at_ = keepalive_ ? heard_at_ + keepalive_times().idle : never;
}

// No question follows another at once, and none is the last before it was asked.
net::keepalive_settings connection::keepalive_times() const noexcept {
    if (!rare_ || !rare_->keepalive)
        return {true, settings_.keepalive_idle, settings_.keepalive_interval, settings_.keepalive_probes};
    constexpr duration least = std::chrono::milliseconds(1), most = std::chrono::hours(24 * 365);
    const net::keepalive_settings& k = *rare_->keepalive;
    return {true, std::clamp(k.idle, least, most), std::clamp(k.interval, least, most),
            std::clamp(k.probes, 1u, 127u)};
}

// RFC 5482, RFC 9293 §3.8.3.
time_point connection::give_up_at() const noexcept {
    const bool waits = !is_closed() && (!flight_.empty() || snd_.una == iss_);
    return waits && rare_ && rare_->user_timeout > duration::zero() ? progress_at_ + rare_->user_timeout
                                                                    : never;
}

time_point connection::rare_deadline() const noexcept {
    time_point t = give_up_at();
    if (paced()) t = std::min(t, rare_->pacer->deadline());
    return sized() ? std::min(t, rare_->sizing->raise_at()) : t;
}

void connection::note_deadlines() noexcept {
    more_deadlines_ = paced() || sized() || (rare_ && rare_->user_timeout > duration::zero());
}

unsigned connection::retry_limit() const noexcept {
    return orphaned_ ? settings_.orphan_retries : settings_.data_retries;
}

// What ICMP has said meanwhile tells more than that time has passed (RFC 1122 §4.2.3.9).
failure connection::reason_to_give_up() const noexcept {
    return soft_error_ == failure::none ? failure::timed_out : soft_error_;
}

}  // namespace millrace::tcp
