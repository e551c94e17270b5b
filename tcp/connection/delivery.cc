// What a congestion control that looks at every ACK is told, and the pace that follows from it:
// draft-ietf-ccwg-bbr §5.2; DCTCP, RFC 8257 §3.3.
#include "tcp/connection/connection.hh"

#include <algorithm>

namespace millrace::tcp {

void connection::set_congestion(net::congestion_algorithm a, time_point now) noexcept {
    if (a == congestion_.algorithm()) return;
    congestion_.choose(a);
    begin_measuring(now);
}

// The window that is there is that of the algorithm chosen. Before the handshake is over it is not, and
// nothing was measured yet: begin_sending() comes here again.
void connection::begin_measuring(time_point now) noexcept {
    unusual_.measured = congestion_.measures_acks();
    flight_.measure(congestion_.wants_model(), now);
    if (!congestion_.wants_model()) return;
    const uint64_t seed = uint64_t(timestamps_.offset()) << 32 | iss_.value();
    congestion_.begin_model(rtt_.smoothed(), sack_, now, seed);
}

// An acceptable ACK, when recovery has seen it: how many bytes it acknowledged, and how many it says were
// marked.
void connection::tell_delivery(uint32_t acked, uint32_t marked_bytes, time_point now) noexcept {
    if (!congestion_.has_model()) return congestion_.on_delivered(acked, flight_.bytes(), marked_bytes);
    tell_losses();
    const delivery_rate::sample s = flight_.rate()->finish(rtt_.minimum());
    congestion_.on_delivery({.now = now,
                             .total = flight_.rate()->delivered(),
                             .newly_acked = s.newly_acked,
                             .in_flight = recovery_.pipe(flight_),
                             .has_sample = s.valid,
                             .prior = s.prior,
                             .delivered = s.delivered,
                             .rate = s.rate,
                             .send_rate = s.send_rate,
                             .tx_in_flight = s.tx_in_flight,
                             .lost = s.lost,
                             .app_limited = s.app_limited,
                             .rtt = s.rtt,
                             .cwnd_limited = unusual_.cwnd_limited,
                             .in_recovery = recovery_.state() != recovery_state::open});
    if (congestion_.takes_app_limited()) flight_.rate()->set_app_limited(recovery_.pipe(flight_));
}

void connection::tell_losses() noexcept {
    if (!congestion_.has_model()) return;
    while (const auto l = flight_.rate()->next_loss())
        congestion_.on_lost({.size = l->size,
                             .tx_in_flight = l->tx_in_flight,
                             .lost = l->lost,
                             .total = flight_.rate()->delivered(),
                             .app_limited = l->app_limited,
                             .begins_range = l->begins_range});
}

// CheckIfApplicationLimited() (draft-ietf-ccwg-bbr §4.1.2.4), when the sender looks for data and finds none.
void connection::note_idle_sender() noexcept {
    if (!congestion_.has_model() || flight_.lost_bytes() > 0) return;
    const uint32_t pipe = recovery_.pipe(flight_);
    if (pipe < congestion_.cwnd()) flight_.rate()->set_app_limited(pipe);
}

// Of the model; or of the window with Linux's gains: 2 in slow start, so that it can double each round trip,
// 1.2 behind it and near its end.
pacer::pace connection::pace() const noexcept {
    if (congestion_.has_model())
        return {congestion_.model().pacing_rate(), congestion_.model().send_quantum(smss_)};
    const bool doubles = congestion_.cwnd() < congestion_.ssthresh() / 2;
    return pace_of_window(congestion_.cwnd(), rtt_.smoothed(), doubles ? 200 : 120, 10 * smss_);
}

}  // namespace millrace::tcp
