#include "tcp/host/stack.hh"

#include "core/coroutine.hh"
#include "net/error.hh"
#include "net/rss.hh"
#include "tcp/host/fetch_ahead.hh"
#include "tcp/host/transmit.hh"
#include "tcp/receive/receive_window.hh"

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::tcp {
namespace {

// A datagram's bytes in one piece; as a rule they are already.
buffer take_bytes(net::packet& p) {
    if (p.fragments.empty()) return std::move(p.head);
    buffer whole = buffer::allocate(p.size());
    char* to = whole.mutable_data();
    const auto add = [&to](const buffer& b) {
        std::memcpy(to, b.data(), b.size());
        to += b.size();
    };
    add(p.head);
    for (const buffer& b : p.fragments) add(b);
    return whole;
}

half_open_settings half_open_settings_of(const native_settings& s) {
    return {.limit = s.half_open,
            .initial_timeout = s.tcp.rto_initial,
            .max_transmissions = uint8_t(std::min(s.tcp.syn_retries + 1, 255))};
}

// What a connection begins with, or is left with, must be more than a unit or two of the field that says it.
native_settings sound(native_settings s) noexcept {
    const uint32_t least = 2u << receive_window::scale_for(s.tcp.receive_buffer);
    s.tcp.first_buffer = std::max(s.tcp.first_buffer, least);
    s.tcp.assured_buffer = std::max(s.tcp.assured_buffer, least);
    return s;
}

// Another one than that of sequence numbers, which show their peers what it makes of their flows.
siphash_key key_of_tables(const siphash_key& secret) {
    return {~secret[0], secret[1]};
}

// What an ICMP error means to the connection; none if nothing.
std::optional<path_error> path_error_of(const net::icmp_error& e, seq quoted) {
    using from = net::icmp_error::kind;
    using to = path_error::kind;
    constexpr uint16_t headers = 20 + 20;
    switch (e.what) {
        case from::network_unreachable:
            return path_error{to::network_unreachable, quoted};
        case from::host_unreachable:
        case from::prohibited:
            return path_error{to::host_unreachable, quoted};
        case from::protocol_unreachable:
            return path_error{to::protocol_unreachable, quoted};
        case from::port_unreachable:
            return path_error{to::port_unreachable, quoted};
        case from::fragmentation_needed:
            return path_error{to::fragmentation_needed, quoted,
                              uint16_t(e.mtu > headers ? e.mtu - headers : 0)};
        case from::time_exceeded:
            return path_error{to::time_exceeded, quoted};
        case from::parameter_problem:
            break;
    }
    return std::nullopt;
}

}  // namespace

stack::stack(reactor& r, net::interface& out, unsigned self, const native_settings& settings)
    : reactor_(r),
      interface_(out),
      self_(self),
      settings_(sound(settings)),
      secret_(settings.secret.value_or(siphash_key{r.rng().next(), r.rng().next()})),
      memory_(out.memory()),
      limits_{rate_limit(settings.tcp.challenge_acks_per_second, ~(secret_[0] ^ secret_[1])), memory_},
      responder_(out, stats_, settings.resets_per_second, secret_[0] ^ secret_[1], limits_.challenges),
      numbers_(secret_),
      ports_({secret_[0], ~secret_[1]}, {settings.first_port, settings.last_port}),
      table_(settings.connections, uint32_t(secret_[0])),
      listeners_(settings.listeners),
      half_open_(half_open_settings_of(settings), key_of_tables(secret_)),
      cookies_({~secret_[0], ~secret_[1]}),
      cookie_connections_(settings.syn_cookie_connections_per_second),
      fast_open_cookies_({secret_[1], secret_[0]}, settings.fast_open_key_lifetime),
      pending_(settings.fast_open_pending),
      servers_(settings.fast_open_cookies, settings.fast_open_retry, key_of_tables(secret_)),
      time_wait_(settings.time_wait, settings.tcp.time_wait, key_of_tables(secret_)),
      metrics_(r.metrics(), "tcp") {
    declare_metrics();
    if (settings.tso) longest_run_ = uint32_t(out.longest_run());
    interface_.attach(static_cast<net::l4_handler*>(this));
}

stack::~stack() {
    reactor::scope here(reactor_);
    interface_.attach(static_cast<net::l4_handler*>(nullptr));
    listeners_.for_each([](listening* l) { l->on_stack_gone(); });
    for (socket* s : sockets_) {
        s->settle_with_nothing(memory_);
        s->on_stack_gone();
    }
    for (const auto use :
         {net::memory_use::connections, net::memory_use::half_open, net::memory_use::time_wait})
        memory_.set(use, 0);
}

void stack::declare_metrics() {
    declare(metrics_, stats_);
    for (size_t i = 1; i < drop_reasons; ++i)
        metrics_.counter("refused", "segments that a connection refused, wholly or in part, by reason",
                         refused_[i], {{"reason", std::string(to_string(static_cast<drop_reason>(i)))}});
    metrics_.gauge("challenge_limited", "challenge ACKs not sent, as too many were within a second",
                   [this] { return double(limits_.challenges.refused()); });
    metrics_.gauge("connections", "connections that are open, opening or closing",
                   [this] { return double(table_.size()); });
    metrics_.gauge("half_open", "connections that peers have begun",
                   [this] { return double(half_open_.size()); });
    metrics_.gauge("fast_open_pending", "connections in use whose peers have only sent a SYN",
                   [this] { return double(pending_.size()); });
    metrics_.gauge("fast_open_servers", "servers whose fast open cookie, or lack of it, is known",
                   [this] { return double(servers_.size()); });
    metrics_.gauge("fast_open_evicted", "servers forgotten for others, as there was no room",
                   [this] { return double(servers_.evicted()); });
    metrics_.gauge("time_wait", "TIME-WAIT records", [this] { return double(time_wait_.size()); });
}

native_usage stack::usage() const noexcept {
    return {.connections = table_.size(),
            .sockets = sockets_.size(),
            .half_open = half_open_.size(),
            .time_wait = time_wait_.size(),
            .listeners = listeners_.size()};
}

// What is plain and expected by its connection. False: the datagram is as it was.
[[gnu::always_inline]] inline bool stack::on_plain(net::ip_datagram& d) noexcept {
    if (!d.data->fragments.empty() || d.congestion == net::ecn::congestion_experienced) return false;
    buffer& bytes = d.data->head;
    const plain_segment s(bytes.bytes(), d.congestion);
    if (!s.is_plain()) return false;
    const four_tuple flow{.local = {d.destination, s.destination_port()},
                          .remote = {d.source, s.source_port()}};
    socket* known = find(d.flow_hash, flow);
    if (!known || !known->protocol().on_plain_segment(s, now())) return false;
    if (s.payload_bytes() > 0) {
        bytes.trim_front(s.header_bytes());
        known->on_payload(std::move(bytes));
    }
    touch(*known);
    return true;
}

// `before` is told of each datagram, or run of them, before it is looked at.
template <typename F>
[[gnu::always_inline]] inline void stack::on_each(std::span<net::ip_datagram> burst, F&& before) noexcept {
    net::ip_datagram* const end = burst.data() + burst.size();
    for (net::ip_datagram* d = burst.data(); d != end; ++d) {
        before(d);
        if (d + 1 != end && d->flow_hash == d[1].flow_hash && settings_.gro) {
            if (const size_t taken = on_run({d, end})) {
                d += taken - 1;
                continue;
            }
        }
        if (!on_plain(*d)) [[unlikely]] {
            on_datagram(*d);
            note_records();
        }
    }
}

void stack::on_burst(std::span<net::ip_datagram> burst) noexcept {
    cost_scope measured(reactor_.cost(), work_kind::tcp_in);
    stats_.segments_in += burst.size();
    if (crowded() && burst.size() > 1) {
        fetch_ahead near(table_, burst);
        on_each(burst, [&](const net::ip_datagram* d) { near.at(size_t(d - burst.data())); });
    } else {
        on_each(burst, [](const net::ip_datagram*) {});
    }
}

[[gnu::noinline]] void stack::on_datagram(net::ip_datagram& d) noexcept {
    segment s;
    if (parse(take_bytes(*d.data), s) != segment_fault::none || s.source_port == 0 ||
        s.destination_port == 0) {
        ++stats_.bad_segment;
        return;
    }
    s.congestion = d.congestion;
    const four_tuple flow{.local = {d.destination, s.destination_port}, .remote = {d.source, s.source_port}};
    if (socket* known = find(d.flow_hash, flow)) {
        const drop_reason reason = s.flags.has(flags::syn)
                                       ? arrive_with_syn(*known, std::move(s))
                                       : known->protocol().on_segment(std::move(s), now());
        if (reason != drop_reason::none) ++refused_[size_t(reason)];
        known->deliver();
        touch(*known);
    } else {
        on_unmatched(flow, d.flow_hash, std::move(s));
    }
}

// False if there may be more.
[[gnu::always_inline]] inline bool stack::send_segments(socket& s) noexcept {
    const time_point at = now();
    for (unsigned n = 0; n < segments_per_turn && room_ > 0; ++n, --room_) {
        if (!s.protocol().may_send(at)) return true;
        plain_outgoing plain;
        if (s.protocol().next_plain_segment(plain, at)) [[likely]] {
            if (plain.payload_bytes > 0 && !plain.push && longest_run_ > 0) [[unlikely]] {
                const unsigned others = send_run(s, plain, segments_per_turn - n, at) - 1;
                n += others;
                room_ -= others;
                continue;
            }
            note_sent(s, transmit(interface_, s.way(), plain, s.local_port(), s.remote_port()));
        } else if (!send_any(s, at)) {
            return true;
        }
    }
    return false;
}

void stack::flush() noexcept {
    if (dirty_.empty()) return;
    reactor_.cost().enter(work_kind::tcp_out);
    room_ = interface_.transmit_room();
    dirty_list more;
    const bool far = crowded();
    // Without room nothing is sent: the rest waits as it is, first in line, however many there are.
    while (room_ > 0 && !dirty_.empty()) {
        socket& s = dirty_.pop();
        if (far) dirty_.fetch_ahead();
        s.deliver();
        const bool all = send_segments(s);
        s.settle(memory_);
        if (!all) {
            more.push(s);
        } else if (s.protocol().is_closed()) {
            if (!s.retired()) retire(s);
            if (!s.held_by_user()) destroy(s);
        } else {
            s.rearm();
        }
    }
    dirty_.append(more);
    if (memory_.is_tight()) note_connections();  // it may be so for nothing
}

void stack::note_connections() noexcept {
    memory_.set(net::memory_use::connections, sockets_.size() * sizeof(socket) + coroutine_frame_bytes());
}

void stack::note_records() noexcept {
    memory_.set(net::memory_use::half_open, half_open_.size() * sizeof(half_open));
    memory_.set(net::memory_use::time_wait, time_wait_.size() * time_wait_table::record_bytes);
}

bool stack::send_any(socket& s, time_point at) noexcept {
    outgoing o;
    if (!s.protocol().next_segment(o, at, s.cookie())) return false;
    if (o.flags.has(flags::rst)) ++stats_.resets_out;
    note_sent(s, transmit(interface_, s.way(), std::move(o), s.local_port(), s.remote_port()));
    return true;
}

void stack::note_sent(socket& s, bool sent) noexcept {
    if (sent) [[likely]] {
        ++stats_.segments_out;
        return;
    }
    ++stats_.not_sent;
    // Another connection may have learned that the path is smaller: then nothing of this one would ever
    // leave, and no router would tell it why.
    s.protocol().on_smaller_path(mss_of(s.way()));
}

bool stack::has_memory_for_one_more() noexcept {
    note_connections();  // coroutines may have ended since
    if (memory_.admit(net::memory_use::connections, sizeof(socket))) return true;
    ++stats_.memory_limit;
    return false;
}

bool stack::add(socket& s) noexcept {
    if (!has_memory_for_one_more()) return false;
    if (!table_.insert(s.hash(), &s)) {
        ++stats_.connection_limit;
        return false;
    }
    s.set_place(uint32_t(sockets_.size()));
    sockets_.push_back(&s);
    note_connections();
    return true;
}

void stack::retire(socket& s) noexcept {
    table_.erase(s.hash(), [&](const socket* other) { return other == &s; });
    connection& c = s.protocol();
    const connection_info last = c.info();
    stats_.retransmissions += last.retransmissions;
    stats_.black_holes += last.black_holes;
    stats_.size_probes += last.size_probes;
    stats_.size_probes_lost += last.size_probes_lost;
    if (s.fast_open_pending()) end_fast_open(s);
    if (const auto error = c.error()) {
        ++(s.was_established() ? stats_.failed : stats_.failed_opens);
        if (error == net::errc::connection_reset || error == net::errc::connection_refused)
            ++stats_.resets_in;
    } else {
        ++stats_.closed;
    }
    if (const auto seed = c.take_time_wait()) {
        const time_wait_state state{.snd_nxt = seed->snd_nxt,
                                    .rcv_nxt = seed->rcv_nxt,
                                    .wnd = seed->wnd,
                                    .timestamps = seed->timestamps,
                                    .ace = seed->ace,
                                    .ts_recent = seed->ts_recent};
        // Under pressure the oldest goes for it, as when the table is full.
        const bool room = memory_.admit(net::memory_use::time_wait, time_wait_table::record_bytes);
        if (!room) time_wait_.evict_oldest();
        if (!time_wait_.insert(s.flow(), state, now()) || !room) ++stats_.time_wait_evicted;
        rearm_records();
    }
    s.retire();
    if (stopped_ && table_.size() == 0) std::exchange(stopped_, std::nullopt)->set_value();
}

void stack::destroy(socket& s) noexcept {
    s.settle_with_nothing(memory_);
    sockets_[s.place()] = sockets_.back();
    sockets_[s.place()]->set_place(s.place());
    sockets_.pop_back();
    socket_deleter()(&s);
    note_connections();
}

bool stack::on_icmp_error(const net::icmp_error& error) noexcept {
    const auto port = [&](size_t at) { return uint16_t(error.quoted[at] << 8 | error.quoted[at + 1]); };
    if (error.quoted.size() < 8) return false;
    const four_tuple flow{.local = {error.source, port(0)}, .remote = {error.destination, port(2)}};
    const seq quoted(uint32_t(port(4)) << 16 | port(6));
    const uint32_t hash =
        net::flow_hash(flow.remote.address, flow.local.address, flow.remote.port, flow.local.port);
    const auto what = path_error_of(error, quoted);
    socket* s = what ? find(hash, flow) : nullptr;
    if (!s || !s->protocol().on_path_error(*what)) {
        ++stats_.icmp_ignored;
        return false;
    }
    s->deliver();
    touch(*s);
    return true;
}

}  // namespace millrace::tcp
