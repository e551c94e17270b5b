#include "tcp/listen/half_open.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

// RFC 9293 §3.10.7.4 step 1 with the window that our SYN-ACK offered; its right edge as in receive_window.
bool acceptable(const half_open& h, const segment& s) noexcept {
    const seq rcv_nxt = h.irs + 1;
    const uint32_t length = s.length();
    // A RST is in the window, not at its right edge: RFC 5961 §3.2.
    if (length == 0 && !s.flags.has(flags::rst)) return distance(rcv_nxt, s.seq) <= h.wnd;
    if (length == 0) return s.seq == rcv_nxt || in_window(s.seq, rcv_nxt, h.wnd);
    return h.wnd != 0 &&
           (in_window(s.seq, rcv_nxt, h.wnd) || in_window(s.seq + (length - 1), rcv_nxt, h.wnd));
}

// RFC 7323 §5.3 R1: an old duplicate by its timestamp.
bool outdated(const half_open& h, const segment& s) noexcept {
    return h.timestamps && s.options.timestamps && int32_t(s.options.timestamps->value - h.ts_recent) < 0;
}

// After two SYN-ACKs that nobody answered, those that follow go without: RFC 9768 §3.2.3.2.2.
constexpr uint8_t accurate_transmissions = 2;

// RFC 3168 §6.1.1, RFC 9768 table 2: what the SYN-ACK says of ECN.
void answer_ecn(const half_open& h, outgoing& o) noexcept {
    if (h.ecn == ecn_feedback::classic && !h.ect) return;
    if (h.ecn == ecn_feedback::accurate && h.transmissions > accurate_transmissions) return;
    o.flags |= answering(h.ecn, h.syn_mark);
    const bool first = h.tells_counts && h.transmissions <= 1;
    if (h.ecn == ecn_feedback::accurate && first) o.options.mark_counts = first_mark_counts;
}

outgoing blank(const half_open& h, uint32_t ts_now) noexcept {
    outgoing o;
    o.ack = h.irs + 1;
    if (h.timestamps) o.options.timestamps = timestamp_option{ts_now, h.ts_recent};
    return o;
}

}  // namespace

half_open begin_half_open(const four_tuple& flow, const segment& syn, seq iss,
                          const passive_offer& offer) noexcept {
    half_open h;
    h.flow = flow;
    h.iss = iss;
    h.irs = syn.seq;
    h.mss = offer.mss;
    h.wnd = offer.wnd;
    h.peer_mss = std::max(syn.options.mss.value_or(offer.default_peer_mss), offer.min_mss);
    h.peer_wnd = syn.wnd;
    if (offer.scale_windows && syn.options.window_scale) {
        h.peer_window_scale = std::min(*syn.options.window_scale, options::max_window_scale);
        h.window_scale = offer.window_scale;
    }
    h.timestamps = offer.timestamps && syn.options.timestamps.has_value();
    if (h.timestamps) h.ts_recent = syn.options.timestamps->value;
    h.sack = offer.sack && syn.options.sack_permitted;
    h.ecn = offer.ecn ? asked_by(syn.flags) : ecn_feedback::none;
    h.syn_mark = syn.congestion;
    h.ect = h.ecn != ecn_feedback::none;
    return h;
}

outgoing syn_ack(const half_open& h, uint32_t ts_now) noexcept {
    outgoing o = blank(h, ts_now);
    o.seq = h.iss;
    o.flags = flags::syn | flags::ack;
    answer_ecn(h, o);
    o.wnd = h.wnd;
    o.options.mss = h.mss;
    if (h.peer_window_scale) o.options.window_scale = h.window_scale;
    o.options.sack_permitted = h.sack;
    return o;
}

half_open_verdict judge(const half_open& h, const segment& s) noexcept {
    const seq rcv_nxt = h.irs + 1;
    if (s.flags.has(flags::syn) && !s.flags.has(flags::ack) && s.seq == h.irs && !s.flags.has(flags::rst))
        return contradicts(s.flags, h.ecn) ? half_open_verdict::reset_handshake
                                           : half_open_verdict::repeat_syn_ack;
    if (!acceptable(h, s) || outdated(h, s))
        return s.flags.has(flags::rst) ? half_open_verdict::drop : half_open_verdict::challenge_ack;
    if (s.flags.has(flags::rst))  // RFC 5961 §3.2
        return s.seq == rcv_nxt ? half_open_verdict::forget : half_open_verdict::challenge_ack;
    if (s.flags.has(flags::syn)) return half_open_verdict::challenge_ack;  // RFC 5961 §4.2
    if (!s.flags.has(flags::ack)) return half_open_verdict::drop;
    if (h.timestamps && !s.options.timestamps) return half_open_verdict::drop;  // RFC 7323 §3.2
    if (s.ack != h.iss + 1) return half_open_verdict::reset_peer;               // RFC 9293 §3.10.7.4 step 5
    return half_open_verdict::complete;
}

void repeat(half_open& h, const segment& syn) noexcept {
    h.syn_mark = syn.congestion;
    h.tells_counts = false;  // maybe it was lost for that: RFC 9768 §3.2.3.2.2
    if (asked_by(syn.flags) == ecn_feedback::none) h.ect = false;
}

bool may_be_marked(const half_open& h) noexcept {
    return h.ect && (h.ecn != ecn_feedback::accurate || h.transmissions <= accurate_transmissions);
}

outgoing challenge_ack(const half_open& h, uint32_t ts_now) noexcept {
    outgoing o = blank(h, ts_now);
    o.seq = h.iss + 1;
    o.flags = flags::ack;
    if (h.ecn == ecn_feedback::accurate) o.flags |= flags::of_ace(first_marked);
    o.wnd = uint16_t(h.wnd >> h.window_scale);
    return o;
}

}  // namespace millrace::tcp
