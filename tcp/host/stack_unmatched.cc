// Segments of no connection in the table: for listeners, half-open connections, TIME-WAIT, or nobody.
#include "tcp/host/stack.hh"
#include "tcp/host/transmit.hh"
#include "tcp/receive/receive_window.hh"
#include "tcp/receive/timestamps.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {
namespace {

passive_offer offer_of(const settings& s, const net::path& way) noexcept {
    return {.mss = mss_of(way),
            .wnd = uint16_t(std::min<uint32_t>({s.receive_buffer, s.first_buffer, 65535})),
            .window_scale = receive_window::scale_for(s.receive_buffer),
            .scale_windows = s.window_scaling,
            .timestamps = s.timestamps,
            .sack = s.sack,
            .ecn = s.ecn != ecn_mode::off,
            .default_peer_mss = s.default_peer_mss,
            .min_mss = s.min_mss};
}

}  // namespace

void stack::on_unmatched(const four_tuple& flow, uint32_t hash, segment&& s) noexcept {
    if (half_open* h = half_open_.find(hash, flow)) return on_half_open(*h, std::move(s));
    if (time_wait_record* r = time_wait_.find(flow)) {
        if (on_time_wait(*r, flow, hash, s)) return;
    } else if (listening* l = listener_for(flow.local)) {
        // RFC 9293 §3.10.7.2: RST is ignored, ACK is answered by RST, SYN begins a connection.
        if (s.flags.are(flags::syn, flags::syn | flags::ack | flags::rst | flags::fin))
            return on_syn(*l, flow, hash, s);
        if (s.flags.are(flags::ack, flags::syn | flags::ack | flags::rst) && on_cookie(*l, flow, hash, s))
            return;
    }
    ++stats_.unknown_flow;
    responder_.reset(flow, s, now());
}

uint32_t stack::timestamp_of(const four_tuple& flow) const noexcept {
    return timestamp_clock(now(), numbers_.timestamp_offset(flow));
}

std::optional<net::path> stack::path_to_peer(const four_tuple& flow) noexcept {
    const auto way = interface_.make_path(flow.local.address, flow.remote.address, net::ip_protocol::tcp);
    if (way) return *way;
    ++stats_.not_sent;
    return std::nullopt;
}

// `behind`: the number to begin at, as an older connection of the flow was here. No cookie can have it.
void stack::on_syn(listening& l, const four_tuple& flow, uint32_t hash, segment& s,
                   std::optional<seq> behind) noexcept {
    if (!may_accept(l)) return;
    const auto way = path_to_peer(flow);
    if (!way) return;
    half_open h =
        begin_half_open(flow, s, behind ? *behind : numbers_.isn(flow, now()), offer_of(settings_.tcp, *way));
    h.hash = hash;
    h.listener = l.id();
    if (s.options.fast_open && l.fast_open() && take_fast_open(h, *way, s)) return;
    remember(h, !behind);
}

// In the table, or in a cookie.
void stack::remember(half_open& h, bool may_be_cookie) noexcept {
    const cookie_policy policy = may_be_cookie ? settings_.syn_cookies : cookie_policy::off;
    const bool full = half_open_.full() || !memory_.admit(net::memory_use::half_open, sizeof(half_open));
    if (policy == cookie_policy::always || (policy == cookie_policy::when_full && full))
        return send_cookie(h);
    if (full) {
        half_open* oldest = half_open_.oldest();
        if (!oldest) return;
        half_open_.erase(*oldest);
        ++stats_.half_open_evicted;
    }
    send_syn_ack(half_open_.insert(h, now()));
    rearm_records();
}

void stack::send_cookie(half_open& h) noexcept {
    cookies_.bake(h, now());
    const uint32_t stamp = timestamp_with_options(h, timestamp_clock(now(), 0));
    outgoing o = syn_ack(h, stamp + numbers_.timestamp_offset(h.flow));
    if (h.fast_open) grant_cookie(h.flow, o);
    responder_.send(h.flow, std::move(o));
    ++stats_.syn_cookies_sent;
}

// The ACK of a cookie that was sent in place of a record. False: it is none, and deserves what others do.
bool stack::on_cookie(listening& l, const four_tuple& flow, uint32_t hash, segment& s) noexcept {
    if (!cookies_.sent_lately(now())) return false;
    const auto way = path_to_peer(flow);
    if (!way) return true;
    auto h = cookies_.read(flow, s, offer_of(settings_.tcp, *way), timestamp_clock(now(), 0),
                           numbers_.timestamp_offset(flow), now());
    if (!h) {
        ++stats_.syn_cookies_failed;
        return false;
    }
    h->hash = hash;
    h->listener = l.id();
    if (!may_accept(l)) {
        turn_away(flow, s);
    } else if (!cookie_connections_.take(now())) {
        ++stats_.syn_cookies_limited;
    } else {
        ++stats_.syn_cookies_accepted;
        establish(*h, *way, std::move(s));
    }
    return true;
}

void stack::send_syn_ack(const half_open& h) noexcept {
    outgoing o = syn_ack(h, timestamp_of(h.flow));
    // RFC 7413 §4.2.1: repeated without, as the option may be why it was lost.
    if (h.fast_open && h.transmissions == 1) grant_cookie(h.flow, o);
    responder_.send(h.flow, std::move(o));
}

void stack::on_half_open(half_open& h, segment&& s) noexcept {
    switch (judge(h, s)) {
        case half_open_verdict::complete:
            return complete(h, std::move(s));
        case half_open_verdict::repeat_syn_ack:
            repeat(h, s);
            return send_syn_ack(h);
        case half_open_verdict::drop:
            break;
        case half_open_verdict::challenge_ack:
            responder_.challenge(h.flow, challenge_ack(h, timestamp_of(h.flow)), now());
            break;
        case half_open_verdict::reset_peer:
            responder_.reset(h.flow, s, now());
            break;
        case half_open_verdict::reset_handshake:
            responder_.reset(h.flow, s, now());
            half_open_.erase(h);
            break;
        case half_open_verdict::forget:
            half_open_.erase(h);
            ++stats_.resets_in;
            return;
    }
    ++stats_.half_open_refused;
}

// The handshake is done: the record becomes a connection, whose first segment is `s`.
void stack::complete(half_open& h, segment&& s) noexcept {
    listening* l = listener_for(h.flow.local);
    if (!l || !may_accept(*l)) {
        if (turn_away(h.flow, s)) half_open_.erase(h);
        return;
    }
    const auto way = path_to_peer(h.flow);
    if (!way) return;
    const half_open done = h;
    half_open_.erase(h);
    establish(done, *way, std::move(s));
}

// Is there room in the backlog, and memory, for one more?
bool stack::may_accept(const listening& l) noexcept {
    if (!l.has_room()) {
        ++stats_.accept_queue_full;
        return false;
    }
    return has_memory_for_one_more();
}

// There is no room as a handshake completes. True: the peer was told so; else it sends again, or our SYN-ACK
// will ask it to.
bool stack::turn_away(const four_tuple& flow, const segment& s) noexcept {
    if (!settings_.reset_on_full_backlog) return false;
    ++stats_.backlog_resets;
    responder_.reset(flow, s, now());
    return true;
}

passive_opening stack::agreement_of(const half_open& h) noexcept {
    return {.irs = h.irs,
            .wnd = h.wnd,
            .window_scale = h.window_scale,
            .peer_mss = h.peer_mss,
            .peer_wnd = h.peer_wnd,
            .peer_window_scale = h.peer_window_scale,
            .timestamps = h.timestamps,
            .sack = h.sack,
            .ecn = h.ecn,
            .ect = may_be_marked(h),
            .syn_mark = h.syn_mark,
            .ts_recent = h.ts_recent,
            .transmissions = h.transmissions,
            .first_sent = h.first_sent};
}

void stack::establish(const half_open& h, const net::path& way, segment&& s) noexcept {
    const opening ours{
        .iss = h.iss, .timestamp_offset = numbers_.timestamp_offset(h.flow), .path_mss = mss_of(way)};
    owned_socket made = socket::make(*this, h.flow, h.hash, way, ours, agreement_of(h), h.listener);
    if (!add(*made)) return;
    socket& added = *made.release();
    ++stats_.passive_opens;
    const drop_reason reason = added.protocol().on_segment(std::move(s), now());
    if (reason != drop_reason::none) ++refused_[size_t(reason)];
    added.deliver();  // so that the next of this burst finds the accept queue as it is
    touch(added);
}

// RFC 9293 §3.6.1: behind everything that the old connection sent.
seq stack::isn_behind(const time_wait_record& old, const four_tuple& flow) const noexcept {
    return later(numbers_.isn(flow, now()), old.snd_nxt + 65536);
}

void stack::leave_time_wait(const four_tuple& flow) noexcept {
    time_wait_.erase(*time_wait_.find(flow));
    note_records();
    ++stats_.time_wait_reused;
}

// False if the segment is answered as one that belongs to nobody.
bool stack::on_time_wait(time_wait_record& r, const four_tuple& flow, uint32_t hash, segment& s) noexcept {
    switch (judge(r, s)) {
        case time_wait_verdict::drop:
            return true;
        case time_wait_verdict::restart:
            time_wait_.restart(r, now());
            break;
        case time_wait_verdict::acknowledge:
            break;
        case time_wait_verdict::reuse: {
            listening* l = listener_for(flow.local);
            if (!l) return false;
            const seq iss = isn_behind(r, flow);
            leave_time_wait(flow);
            on_syn(*l, flow, hash, s, iss);
            return true;
        }
    }
    ++stats_.time_wait_answered;
    responder_.challenge(flow, acknowledgment(r, timestamp_of(flow)), now());
    return true;
}

void stack::on_records_due() noexcept {
    time_wait_.expire(now());
    while (half_open* h = half_open_.take_due(now())) {
        if (half_open_.is_spent(*h)) {
            half_open_.erase(*h);
            ++stats_.half_open_expired;
        } else {
            send_syn_ack(*h);
        }
    }
    rearm_records();
}

void stack::rearm_records() noexcept {
    note_records();
    const time_point next = std::min(half_open_.next_timeout(), time_wait_.next_timeout());
    if (next < records_timer_.deadline()) records_timer_.arm(next);
}

}  // namespace millrace::tcp
