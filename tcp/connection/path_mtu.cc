// The segment size follows the path: by ICMP (RFC 1191), and by what arrives (RFC 4821).
#include "tcp/connection/connection.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {

// RFC 1191 §6.5: what is in flight is too big, and goes out again in smaller segments, without blame on
// congestion.
void connection::on_smaller_path(uint16_t mss) noexcept {
    if (mss >= path_mss_) return;
    path_mss_ = std::max(mss, settings_.min_mss);
    if (sized()) {
        rare_->sizing->set_ceiling(path_mss_);
        note_size_search();
    }
    const uint32_t before = smss_;
    set_segment_size();
    if (smss_ < before && snd_.una != iss_) resend_in_smaller_segments();
}

void connection::resend_in_smaller_segments() noexcept {
    on_new_segment_size();
    recovery_.on_smaller_segments(snd_.nxt, flight_);
    if (delivery_rate* rate = flight_.rate()) rate->forget_losses();
}

void connection::on_new_segment_size() noexcept {
    set_segment_size();
    congestion_.set_smss(smss_);
    recovery_.set_smss(smss_);
}

// `at_base`: of a connection that has sent nothing yet.
void connection::begin_sizing(bool at_base) noexcept {
    const uint16_t ceiling = std::max(std::min(path_mss_, peer_mss_), settings_.min_mss);
    rare().sizing =
        std::make_unique<mtu_probing>(mtu_probing::limits{.base = settings_.probing_base_mss,
                                                          .floor = settings_.probing_floor_mss,
                                                          .raise_after = settings_.mtu_raise_interval},
                                      ceiling);
    if (!at_base) return;
    rare_->sizing->start_at_base();
    set_segment_size();
    note_size_search();
}

// Behind whatever may have begun or ended a search. Of a path that carries all that the ends can do nothing
// is to be remembered.
void connection::note_size_search() noexcept {
    const mtu_probing& p = *rare_->sizing;
    unusual_.sizing = p.is_searching();
    if (!p.is_searching() && p.size() >= p.ceiling()) rare_->sizing.reset();
    note_deadlines();
}

// RFC 4821 §7.7, RFC 8899 §4.3: the oldest segment times out again and again, and is larger than others that
// may pass. What was lost is smaller then when it goes out again.
void connection::suspect_segment_size(time_point now) noexcept {
    if (settings_.path_mtu_probing == mtu_probing_mode::off || flight_.empty()) return;
    if (sized() && rare_->sizing->in_flight()) {
        ++rare_->size_probes_lost;
        rare_->sizing->on_lost(now);  // RFC 4821 §7.6.3
        note_size_search();
    }
    const uint32_t stuck = payload_of(flight_.front()) + (timestamps_.enabled() ? timestamps_bytes : 0);
    const bool in_a_row = rto_.backoffs() + 1 >= settings_.black_hole_timeouts;
    if (!in_a_row || stuck <= settings_.probing_floor_mss) return;
    if (!sized()) begin_sizing(false);
    if (rare_->sizing->on_black_hole(uint16_t(std::min<uint32_t>(stuck, rare_->sizing->ceiling())))) {
        ++rare_->black_holes;
        resend_in_smaller_segments();
    }
    note_size_search();
}

// RFC 4821 §7.6.1.
void connection::hear_of_size_probe(time_point now) noexcept {
    if (!rare_->sizing->in_flight()) return;
    if (rare_->sizing->on_ack(snd_.una, now)) on_new_segment_size();
    note_size_search();
}

// Fast recovery was entered. If nothing is missing but the probe, it was too large, and there is no
// congestion: RFC 4821 §7.6.2. With others lost nobody knows.
bool connection::lost_size_probe_alone(time_point now) noexcept {
    mtu_probing& p = *rare_->sizing;
    if (!p.in_flight()) return false;
    const size_t i = flight_.find(p.text().left);
    const bool alone = i < flight_.size() && flight_[i].lost && flight_[i].length == flight_.lost_bytes();
    if (alone) {
        ++rare_->size_probes_lost;
        p.on_lost(now);
        recovery_.forgo();
        if (delivery_rate* rate = flight_.rate()) rate->forget_losses();
    } else {
        p.on_inconclusive();
    }
    note_size_search();
    return alone;
}

// What is acknowledged from now on may be what goes out in pieces now.
void connection::forget_resent_probe(seq at) noexcept {
    mtu_probing& p = *rare_->sizing;
    if (p.in_flight() && p.text().left == at) p.on_inconclusive();
}

// RFC 4821 §7.4: payload of the probe that may be sent now, if there is one; 0: none. Its loss must be seen
// by what follows it, and be told from others, so that it costs no more than sending it again.
uint32_t connection::size_to_probe(uint32_t window) const noexcept {
    constexpr uint32_t followers = 3;  // DupThresh
    const uint16_t mss = rare_->sizing->next();
    if (mss == 0 || !sack_ || !recovery_.is_quiet() || late_.has_report()) return 0;
    const uint32_t size = mss - (timestamps_.enabled() ? timestamps_bytes : 0);
    const uint32_t needed = size + followers * smss_;
    return std::min({unsent(), window, congestion_.cwnd()}) >= needed ? size : 0;
}

// RFC 4821 §7.5. Other data waits with it for the congestion window to have room enough.
bool connection::next_size_probe(outgoing& out, uint32_t size, uint32_t window, uint32_t room,
                                 time_point now) noexcept {
    const bool at_pace = is_paced(now);
    if (room < size || (at_pace && !pace_allows(now))) {
        unusual_.cwnd_limited = room < size || !congestion_.has_model();
        return false;
    }
    const uint32_t usual = std::exchange(smss_, size);
    send_new(out, size, window, now);
    smss_ = usual;
    if (at_pace) rare_->pacer->on_sent(size);
    allow_marks(out);
    rare_->sizing->on_sent({flight_.back().at, flight_.back().end()});
    ++rare_->size_probes;
    return true;
}

}  // namespace millrace::tcp
