// What an acceptable SEG.ACK does: RFC 9293 §3.10.7.4, fifth check, in ESTABLISHED and behind.
#include "tcp/connection/both_ways.hh"
#include "tcp/connection/connection.hh"

#include <algorithm>
#include <chrono>

namespace millrace::tcp {

void connection::take_ack(const segment& s, time_point now) noexcept {
    const bool was_closed = snd_.wnd == 0;
    const seq una = snd_.una;
    const bool in_flight = !flight_.empty();
    const flight_before before{.una = una, .sacked_bytes = flight_.sacked_bytes(), .records = flight_.size()};
    hears_mark_ = tells_of_marks(s);
    if (delivery_rate* rate = flight_.rate()) rate->begin_ack(now);
    const bool window_changed = snd_.update(s.seq, s.ack, s.wnd);
    const timestamp_option* echo = s.options.timestamps ? &*s.options.timestamps : nullptr;
    if (snd_.una < s.ack) {
        on_acknowledged(s.ack, s.options.sack, echo, now);
    } else if ((!flight_.empty() || !recovery_.is_quiet()) && !unusual_.probing) {
        // Of a closed window every ACK answers a probe: it tells of nothing that has arrived.
        const bool is_duplicate =
            s.payload.empty() && !s.flags.has(flags::fin) && !window_changed && snd_.wnd > 0;
        tell_recovery({.una = snd_.una,
                       .snd_nxt = snd_.nxt,
                       .is_duplicate = is_duplicate,
                       .now = now,
                       .echoed_until = echoed_until(echo, now)},
                      s.options.sack, flight_.bytes(), duration::zero());
    }
    const uint32_t acked = distance(una, snd_.una);
    uint32_t marked_bytes = hears_mark_ ? acked : 0;
    if (unusual_.accurate) {
        const mark_feedback::marks told = hear_marks(s, before);
        hears_mark_ = told.segments > 0;
        marked_bytes = told.bytes;
    }
    if (unusual_.measured) tell_delivery(acked, marked_bytes, now);
    if (hears_mark_ && in_flight) obey_mark();
    hears_mark_ = false;
    if (window_changed && snd_.wnd > 0) on_window_opened(was_closed, now);
}

// SND.UNA < SEG.ACK =< SND.NXT.
void connection::on_acknowledged(seq ack, const sack_blocks& blocks, const timestamp_option* echo,
                                 time_point now) noexcept {
    const uint32_t flight = flight_.bytes();
    loss_recovery::ack a{
        .una = ack, .snd_nxt = snd_.nxt, .now = now, .echoed_until = echoed_until(echo, now)};
    if (!recovery_.is_quiet()) recovery_.on_acknowledging(a, flight_, rtt_);
    const in_flight::acked acked = take_out_of_flight(ack, now);
    if (unusual_.sizing) hear_of_size_probe(now);
    a.acked_bytes = acked.bytes;
    a.newly_arrived = acked.newly_arrived;
    tell_recovery(a, blocks, flight, sample_rtt(acked, echo, now));
    restart_retransmit_timer(now);
    if (wants_room_) tell_of_room();
    if (is_finished()) on_ack_of_fin(now);
}

// Since we sent the segment whose timestamp comes back: RFC 7323 §4.1.
std::optional<duration> connection::elapsed_since(const timestamp_option* echo,
                                                  time_point now) const noexcept {
    if (!echo || !timestamps_.enabled()) return std::nullopt;
    return timestamps_.elapsed(echo->echo, now);
}

// What `echo` is of was sent before then.
time_point connection::echoed_until(const timestamp_option* echo, time_point now) const noexcept {
    using tick = std::chrono::milliseconds;
    const auto elapsed = elapsed_since(echo, now);
    return elapsed ? std::chrono::floor<tick>(now) - *elapsed + tick(1) : never;
}

// `flight`: bytes in flight before this ACK; `sample`: the round trip that it measured.
void connection::tell_recovery(const loss_recovery::ack& a, const sack_blocks& blocks, uint32_t flight,
                               duration sample) noexcept {
    const auto t = recovery_.on_ack(a, blocks, flight_, rtt_);
    if (t == loss_recovery::transition::none && a.acked_bytes > 0 && !recovery_.in_fast_recovery() &&
        !hears_mark_)
        grow_window(a.acked_bytes, sample, a.now);
    follow_recovery(t, a, flight);
}

// What recovery has seen, the congestion control is to know.
void connection::follow_recovery(loss_recovery::transition t, const loss_recovery::ack& a,
                                 uint32_t flight) noexcept {
    switch (t) {
        case loss_recovery::transition::none:
            break;
        case loss_recovery::transition::entered:
            if (unusual_.sizing && lost_size_probe_alone(a.now)) break;
            ++rare().fast_recoveries;
            congestion_.on_loss(flight);
            note_reduction();
            break;
        case loss_recovery::transition::exited:
            // RFC 9937 §6.4. Without SACK the pipe is a guess: no burst is let out (RFC 6582 §3.2 step 3).
            congestion_.on_recovery_exit(sack_ ? congestion_.ssthresh() : recovery_.pipe(flight_),
                                         recovery_.sent_again());
            break;
        case loss_recovery::transition::repaired:  // RFC 8985 §7.4.2
            congestion_.on_loss(flight);
            note_reduction();
            congestion_.on_recovery_exit(congestion_.ssthresh());
            break;
        case loss_recovery::transition::undone:
            ++rare().spurious_losses;
            congestion_.on_spurious();
            break;
    }
    if (recovery_.in_fast_recovery())
        congestion_.limit_recovery(recovery_.window(a, congestion_.ssthresh(), flight_, congestion_.cwnd()));
}

void connection::grow_window(uint32_t acked_bytes, duration sample, time_point now) noexcept {
    if (!unusual_.cwnd_limited) return congestion_.on_ack_unfilled(acked_bytes, now, rtt_.smoothed());
    congestion_.on_ack({.acked = acked_bytes,
                        .flight = flight_.bytes(),
                        .now = now,
                        .rtt = sample,
                        .srtt = rtt_.smoothed(),
                        .paced = settings_.pacing || (rare_ && now < rare_->paced_until + rtt_.smoothed())});
}

// The window was closed, or too small to be used. What probed it was not taken, as far as we know: it goes
// out again with the data behind it. What is in flight waits no longer than if it were sent now: the waits
// that have grown were those for the window.
void connection::on_window_opened(bool was_closed, time_point now) noexcept {
    if (unusual_.probing) withdraw_probe();
    if (!flight_.empty() && (!was_closed || rto_.backoffs() == 0)) return;
    rto_.reset_backoff(timeout_limits());
    retransmit_at_ = flight_.empty() ? never : now + rto_.value();
}

void connection::withdraw_probe() noexcept {
    unusual_.probing = false;
    const uint32_t length = flight_.back().length;
    withdrawn_bytes_ = uint16_t(std::min<uint32_t>(length, UINT16_MAX));
    snd_.nxt -= length;
    bytes_sent_ -= payload_of(flight_.back());
    flight_.take_back_last();
}

// The peer sent the update before it took the probe, and nothing was sent since.
void connection::restore_probe(seq ack) noexcept {
    if (!flight_.empty() || snd_.nxt + withdrawn_bytes_ < ack) return;
    bytes_sent_ += distance(snd_.nxt, earlier(ack, out_.end()));
    snd_.nxt = ack;
}

void connection::tell_of_room() noexcept {
    const uint32_t limit = send_limit();
    const uint32_t enough = limit / 4;  // so that a writer is not woken for every segment
    if (out_.size() > limit - enough) return;
    wants_room_ = false;
    events_ |= events::writable;
}

void connection::on_ack_of_fin(time_point now) noexcept {
    events_ |= events::finished;
    if (state_ == connection_state::fin_wait_1) {
        state_ = connection_state::fin_wait_2;
        arm_quiet_timer(now);
    } else if (state_ == connection_state::closing) {
        enter_time_wait();
    } else if (state_ == connection_state::last_ack) {
        end(failure::none);
    }
}

}  // namespace millrace::tcp
