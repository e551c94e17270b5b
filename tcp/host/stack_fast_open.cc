// Fast open: data in the SYN, and connections in use from the SYN on. RFC 7413.
#include "net/error.hh"
#include "tcp/host/stack.hh"
#include "tcp/host/transmit.hh"

#include <utility>

namespace millrace::tcp {

// RFC 7413 §4.2.2, server. False: the handshake comes first, and its SYN-ACK may grant a cookie.
bool stack::take_fast_open(half_open& h, const net::path& way, segment& s) noexcept {
    using verdict = fast_open_cookies::verdict;
    const fast_open_cookie& cookie = *s.options.fast_open;
    const verdict v = fast_open_cookies_.check(h.flow.local.address, h.flow.remote.address, cookie, now());
    h.fast_open = v != verdict::good;
    if (v == verdict::bad) {
        if (!cookie.is_request()) ++stats_.fast_open_refused;
        return false;
    }
    if (pending_.full(now())) {  // RFC 7413 §5.1
        ++stats_.fast_open_limited;
        return false;
    }
    open_early(h, way, s, v == verdict::old);
    return true;
}

void stack::open_early(const half_open& h, const net::path& way, segment& s, bool renew) noexcept {
    const opening ours{
        .iss = h.iss, .timestamp_offset = numbers_.timestamp_offset(h.flow), .path_mss = mss_of(way)};
    passive_opening agreed = agreement_of(h);
    agreed.fast_open = true;
    owned_socket made = socket::make(*this, h.flow, h.hash, way, ours, agreed, h.listener);
    if (!add(*made)) return;
    socket& added = *made.release();
    std::optional<fast_open_cookie> renewed;
    if (renew) {
        renewed = fast_open_cookies_.make(h.flow.local.address, h.flow.remote.address, now());
        ++stats_.fast_open_granted;
    }
    pending_.begin();
    added.set_fast_open_pending(renewed);
    ++stats_.fast_open_accepted;
    ++stats_.passive_opens;
    added.protocol().take_syn_data(std::move(s.payload));
    added.deliver();
    touch(added);
}

// A SYN-ACK may bring a cookie for next time: RFC 7413 §4.1.3.
drop_reason stack::arrive_with_syn(socket& s, segment&& syn) noexcept {
    const std::optional<fast_open_cookie> granted = syn.options.fast_open;
    const uint16_t mss = syn.options.mss.value_or(0);
    const bool opens = s.cookie() && s.protocol().state() == connection_state::syn_sent;
    const drop_reason reason = s.protocol().on_segment(std::move(syn), now());
    if (!opens || s.protocol().state() != connection_state::established) return reason;
    if (granted && !granted->is_request())
        servers_.learn(s.flow(), *granted, mss);
    else if (s.protocol().fast_open() != fast_open_outcome::taken)
        block_fast_open(s.flow());  // RFC 7413 §4.1.3.1: neither data taken nor a cookie given
    return reason;
}

void stack::block_fast_open(const four_tuple& flow) noexcept {
    servers_.block(flow, now());
    ++stats_.fast_open_blocked;
}

void stack::on_opened(socket& s) noexcept {
    if (s.protocol().fast_open() == fast_open_outcome::taken) ++stats_.fast_open_taken;
}

// RFC 7413 §4.1.3.1: no answer, ICMP, or what is between us took offence; what the user has ended says
// nothing of the path.
void stack::on_opening_failed(socket& s) noexcept {
    if (s.cookie() && s.protocol().error() != net::errc::connection_aborted) block_fast_open(s.flow());
}

// A connection in use is over before its handshake was complete.
void stack::end_fast_open(socket& s) noexcept {
    if (s.protocol().error() == net::errc::connection_reset)
        pending_.end_by_reset(now());
    else
        pending_.end();
}

void stack::grant_cookie(const four_tuple& flow, outgoing& syn_ack) noexcept {
    syn_ack.options.fast_open = fast_open_cookies_.make(flow.local.address, flow.remote.address, now());
    ++stats_.fast_open_granted;
}

}  // namespace millrace::tcp
