// Opening: RFC 9293 §3.10.1 (OPEN call), §3.10.7.3 (SYN-SENT), and the end of SYN-RECEIVED.
#include "tcp/connection/connection.hh"
#include "tcp/segment/plain.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

loss_detection detection_of(const settings& s, bool sack) noexcept {
    if (!sack) return loss_detection::duplicates;
    return s.rack ? loss_detection::rack : loss_detection::sack;
}

}  // namespace

connection_parts::connection_parts(const settings& s, shard_limits& limits, const opening& o,
                                   time_point now) noexcept
    : settings_(s),
      limits_(limits),
      timestamps_(o.timestamp_offset),
      out_(o.iss + 1),
      rto_(timeout_limits()),
      congestion_(s.congestion, s.default_peer_mss, s.default_peer_mss),
      tuner_(std::min(s.receive_buffer, s.first_buffer), seq(), now),
      acks_(s.quick_ack_segments),
      sent_at_(now),
      heard_at_(now),
      progress_at_(now),
      send_limit_(s.send_buffer),
      path_mss_(std::max(o.path_mss, s.min_mss)),
      state_(connection_state::syn_sent),
      layout_in_(plain_layout(false)),
      layout_out_(plain_layout(false)),
      no_delay_(s.no_delay),
      keepalive_(s.keepalive),
      active_(true),
      peer_mss_(o.peer_mss ? o.peer_mss : s.default_peer_mss),
      iss_(o.iss) {}

connection::connection(const settings& s, shard_limits& limits, const opening& o, time_point now) noexcept
    : connection_parts(s, limits, o, now) {
    if (s.user_timeout > duration::zero()) set_user_timeout(s.user_timeout);
    snd_.una = ecn_.reduced_to = o.iss;
    snd_.nxt = o.iss + 1;
    unusual_.syn_due = true;
}

connection::connection(const settings& s, shard_limits& limits, const opening& o, const passive_opening& p,
                       time_point now) noexcept
    : connection(s, limits, o, now) {
    state_ = connection_state::syn_received;
    active_ = false;
    ecn_.feedback = p.ecn;
    ecn_.ect = p.ecn != ecn_feedback::none && p.ect;
    ecn_.syn_mark = p.syn_mark;
    unusual_.syn_due = false;
    syn_transmissions_ = p.transmissions;
    sent_at_ = p.first_sent;
    retransmit_at_ = now + rto_.value();
    options agreed;
    agreed.mss = p.peer_mss;
    agreed.window_scale = p.peer_window_scale;
    if (p.timestamps) agreed.timestamps = timestamp_option{p.ts_recent, 0};
    agreed.sack_permitted = p.sack;
    begin_receiving(p.irs, p.peer_window_scale ? p.window_scale : 0);
    rcv_.offer_in_syn(p.wnd);
    agree_on_options(agreed, now);
    if (p.ecn == ecn_feedback::accurate) begin_accurate_ecn();
    snd_.start(p.irs, o.iss, p.peer_wnd);
    if (!p.fast_open) return;
    fast_open_ = unusual_.syn_due = true;
    syn_transmissions_ = 0;
    begin_sending(now);
    events_ |= events::connected;
}

// As much as our window takes: it is not acknowledged otherwise, and comes again.
void connection::take_syn_data(buffer&& payload) noexcept {
    payload.trim(std::min<size_t>(payload.size(), std::min(rcv_.wnd(), receive_room(receive_limit()))));
    if (!payload.empty()) deliver(std::move(payload));
}

fast_open_outcome connection::fast_open() const noexcept {
    if (!fast_open_ || !active_) return fast_open_outcome::not_tried;
    if (syn_data_taken_) return fast_open_outcome::taken;
    return repeated_syn() ? fast_open_outcome::lost : fast_open_outcome::refused;
}

void connection::begin_receiving(seq irs, uint8_t scale) noexcept {
    irs_ = irs;
    rcv_ = receive_window(irs + 1, scale);
    tuner_ = receive_tuner(std::min(settings_.receive_buffer, settings_.first_buffer), irs + 1, heard_at_);
    acked_to_ = rcv_.nxt();
}

// What the peer's SYN offers, and ours did or will.
void connection::agree_on_options(const options& offered, time_point now) noexcept {
    if (offered.mss) peer_mss_ = *offered.mss;
    if (offered.window_scale) {
        window_scaling_ = true;
        snd_.scale = std::min(*offered.window_scale, options::max_window_scale);
    }
    if (offered.timestamps) timestamps_.enable(timestamps_.offset(), offered.timestamps->value, now);
    set_layouts();
    sack_ = offered.sack_permitted;
    set_segment_size();
}

// Eff.snd.MSS: what both ends' packets can hold, less the options that every segment has (RFC 6691).
void connection::set_segment_size() noexcept {
    uint16_t mss = std::max(std::min(path_mss_, peer_mss_), settings_.min_mss);
    if (sized()) mss = std::min(mss, rare_->sizing->size());  // RFC 4821
    smss_ = mss - (timestamps_.enabled() ? timestamps_bytes : 0);
}

drop_reason connection::arrive_in_syn_sent(segment& s, time_point now) noexcept {
    // First, the ACK bit: SND.UNA < SEG.ACK =< SND.NXT.
    const bool has_ack = s.flags.has(flags::ack);
    if (has_ack && (s.ack <= iss_ || snd_.nxt < s.ack)) {
        if (s.flags.has(flags::rst)) return drop_reason::unacceptable_reset;
        owe_stray_reset(s.ack);
        return drop_reason::unacceptable_ack;
    }
    // Second, the RST bit.
    if (s.flags.has(flags::rst)) {
        if (!has_ack) return drop_reason::unacceptable_reset;
        end(failure::refused);
        return drop_reason::none;
    }
    // Fourth, the SYN bit; fifth, neither of both.
    if (!s.flags.has(flags::syn)) return drop_reason::unexpected;
    heard_at_ = now;
    take_syn(s, now);
    if (!has_ack) {  // simultaneous open: figure 8
        state_ = connection_state::syn_received;
        unusual_.syn_due = true;
        retransmit_at_ = never;
        return drop_reason::none;
    }
    snd_.start(s.seq, s.ack, s.wnd);
    establish(s.ack, now, s.options.timestamps ? &*s.options.timestamps : nullptr);
    if (is_accurate() && handshake_mark(s.flags) == net::ecn::congestion_experienced) obey_mark();
    acks_.require_now();
    // What came with it is processed as in ESTABLISHED.
    ++s.seq;
    s.flags = s.flags.without(flags::syn);
    return take_text_and_fin(s);
}

void connection::take_syn(const segment& s, time_point now) noexcept {
    options agreed = s.options;
    if (!settings_.window_scaling) agreed.window_scale.reset();
    if (!settings_.timestamps) agreed.timestamps.reset();
    agreed.sack_permitted &= settings_.sack;
    const uint8_t scale = receive_window::scale_for(settings_.receive_buffer);
    begin_receiving(s.seq, agreed.window_scale ? scale : 0);
    rcv_.offer_in_syn(tuner_.size());  // our SYN has offered that
    agree_on_options(agreed, now);
    agree_on_ecn(s);
    snd_.start(s.seq, snd_.una, s.wnd);
}

// Our SYN is acknowledged, and by `ack` maybe data that came with it.
void connection::establish(seq ack, time_point now, const timestamp_option* echo) noexcept {
    const bool in_use = fast_open_ && !active_;
    snd_.una = iss_ + 1;
    state_ = connection_state::established;
    sample_handshake(now, echo);
    if (!in_use) begin_sending(now);
    if (fast_open_ && active_) settle_syn_data(ack);
    unusual_.syn_due = false;
    retransmit_at_ = flight_.empty() ? never : now + rto_.value();
    progress_at_ = sent_at_ = now;
    soft_error_ = failure::none;
    events_ |= in_use ? events::confirmed : events::connected;
    arm_quiet_timer(now);
    if (unusual_.fin_queued) enter_closing_states();
}

void connection::begin_sending(time_point now) noexcept {
    if (settings_.path_mtu_probing == mtu_probing_mode::always) begin_sizing(true);
    const bool lost_once = repeated_syn();  // RFC 5681 §3.1: then begin with one segment
    congestion_ =
        congestion_control(congestion_.algorithm(), smss_,
                           lost_once ? smss_ : initial_window(smss_, settings_.initial_window_segments));
    recovery_ = loss_recovery(iss_, smss_, detection_of(settings_, sack_));
    begin_measuring(now);
}

// RFC 7413 §4.2.2: what the peer has not acknowledged is sent again at once, as if it never had been.
void connection::settle_syn_data(seq ack) noexcept {
    syn_data_taken_ = iss_ + 1 < ack;
    bytes_sent_ += distance(iss_ + 1, ack);
    out_.acknowledge(ack);
    snd_.una = snd_.nxt = ack;
    if (wants_room_) tell_of_room();
}

// The round trip of our SYN or SYN-ACK, if it can be known which transmission was answered, and when that
// was: what was sent since (RFC 7413) has moved the time.
void connection::sample_handshake(time_point now, const timestamp_option* echo) noexcept {
    std::optional<duration> sample;
    if (syn_transmissions_ == 1 && flight_.empty())
        sample = now - sent_at_;  // Karn's algorithm: sent once
    else
        sample = elapsed_since(echo, now);
    if (sample) {
        rtt_.on_sample(*sample);
        rto_.on_sample(rtt_, timeout_limits());
    } else if (repeated_syn()) {
        rto_.on_handshake_timed_out(timeout_limits());
        rto_.reset_backoff(timeout_limits());
    }
}

// SYN in SYN-SENT, SYN-ACK in SYN-RECEIVED.
bool connection::next_syn(outgoing& out, time_point now, const fast_open_cookie* cookie) noexcept {
    const bool answers = state_ == connection_state::syn_received;
    out.seq = iss_;
    out.flags = flags::syn;
    out.options.mss = path_mss_;
    if (answers) {
        out.flags |= flags::ack;
        out.ack = rcv_.nxt();
        out.wnd = rcv_.offer_in_syn(receive_room(receive_limit()));
        if (window_scaling_) out.options.window_scale = rcv_.scale();
        if (timestamps_.enabled()) out.options.timestamps = timestamps_.stamp(now);
        out.options.sack_permitted = sack_;
        acked_to_ = rcv_.nxt();
        answer_ecn(out);
        acks_.on_ack_sent();
    } else {
        out.wnd = uint16_t(std::min<uint32_t>(tuner_.size(), UINT16_MAX));
        if (settings_.window_scaling)
            out.options.window_scale = receive_window::scale_for(settings_.receive_buffer);
        if (settings_.timestamps)
            out.options.timestamps = timestamp_option{timestamp_clock(now, timestamps_.offset()), 0};
        out.options.sack_permitted = settings_.sack;
        out.flags |= ask_for_ecn();
    }
    // RFC 7413 §4.2.1 §4.2.2: repeated without, as the option or the data may be why it was lost.
    if (cookie && syn_transmissions_ == 0) fill_syn(out, *cookie);
    unusual_.syn_due = false;
    if (syn_transmissions_++ == 0)
        sent_at_ = progress_at_ = now;
    else
        ++rare().retransmissions;
    retransmit_at_ = now + rto_.value();
    ++segments_sent_;
    return true;
}

// RFC 7413 §4.2.2: with a cookie our SYN brings as much as one segment takes, the peer's MSS being what it
// was last time.
void connection::fill_syn(outgoing& out, const fast_open_cookie& cookie) noexcept {
    out.options.fast_open = cookie;
    if (cookie.is_request() || state_ != connection_state::syn_sent) return;
    const uint32_t mss = std::max(std::min(path_mss_, peer_mss_), settings_.min_mss);
    const auto options = uint32_t(out.options.emitted_bytes());
    const uint32_t bytes = std::min(unsent(), mss > options ? mss - options : 0);
    if (bytes == 0) return;
    out_.slice(iss_ + 1, bytes, out.payload);
    snd_.nxt += bytes;
    fast_open_ = true;
}

}  // namespace millrace::tcp
