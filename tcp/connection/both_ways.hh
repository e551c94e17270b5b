// What the short and the general way through a connection do alike.
#pragma once

#include "tcp/connection/connection.hh"

#include <algorithm>

namespace millrace::tcp {

// An acceptable segment came.
inline void connection::heard(time_point now) noexcept {
    if (now - heard_at_ > rto_.value()) [[unlikely]]
        note_silence();
    heard_at_ = now;
    probes_unanswered_ = 0;
}

// RFC 6298 §5.2, §5.3.
inline void connection::restart_retransmit_timer(time_point now) noexcept {
    retransmit_at_ = flight_.empty() ? never : now + rto_.value();
}

// The window field of a segment that goes out now, which acknowledges all that has come.
[[gnu::always_inline]] inline uint16_t connection::offer_window(time_point now) noexcept {
    if (tuner_.is_due(rcv_.nxt())) [[unlikely]]
        tune_window(now);
    acked_to_ = rcv_.nxt();
    acks_.on_ack_sent();
    const uint32_t limit = receive_limit();
    return rcv_.offer(receive_room(limit), unread_room(), limit, path_mss_);
}

// What SND.UNA < SEG.ACK =< SND.NXT does in any case.
[[gnu::always_inline]] inline in_flight::acked connection::take_out_of_flight(seq ack,
                                                                              time_point now) noexcept {
    const in_flight::acked acked = flight_.acknowledge(ack, now);
    out_.acknowledge(earlier(ack, out_.end()));
    snd_.una = ack;
    progress_at_ = now;
    unusual_.probing = false;
    withdrawn_bytes_ = 0;
    soft_error_ = failure::none;
    return acked;
}

// What it took; zero if that cannot be known.
inline duration connection::sample_rtt(const in_flight::acked& acked, const timestamp_option* echo,
                                       time_point now) noexcept {
    const auto sample = acked.rtt ? acked.rtt : elapsed_since(echo, now);
    if (!sample) {
        rto_.reset_backoff(timeout_limits());
        return duration::zero();
    }
    rtt_.on_sample(*sample);
    rto_.on_sample(rtt_, timeout_limits());
    recovery_.on_round_trip();
    return *sample;
}

// From SND.NXT, `length` of sequence space goes out now; `payload` of it is data.
[[gnu::always_inline]] inline void connection::note_new(uint32_t length, uint32_t payload,
                                                        time_point now) noexcept {
    if (flight_.empty()) {
        progress_at_ = now;
        retransmit_at_ = now + rto_.value();  // RFC 6298 §5.1
    }
    flight_.push(snd_.nxt, length, now);
    snd_.nxt += length;
    sent_at_ = now;
    if (payload > 0) acks_.on_data_sent(now - heard_at_ < settings_.ack_delay);
    bytes_sent_ += payload;
}

}  // namespace millrace::tcp
