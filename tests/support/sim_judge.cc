#include "tests/support/sim_judge.hh"

#include "net/ethernet/header.hh"
#include "net/ipv4/header.hh"
#include "tests/support/sim_hosts.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string_view>

namespace millrace::test {

using tcp::seq;

namespace {

constexpr size_t index_of(net::wire_end e) noexcept {
    return e == net::wire_end::a ? 0 : 1;
}

uint32_t units(const std::optional<uint8_t>& scale, bool scaled) noexcept {
    return scaled ? uint32_t(1) << *scale : 1;
}

// None if the frame is no TCP segment.
std::optional<tcp::segment> read_segment(const net::packet& frame) {
    std::string bytes = frame.head.to_string();
    for (const buffer& b : frame.fragments) bytes += b.view();
    const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
    if (bytes.size() < net::ethernet_header_bytes) return {};
    if (net::read16(p + 12) != uint16_t(net::ethertype::ipv4)) return {};
    const std::span<const uint8_t> ip(p + net::ethernet_header_bytes,
                                      bytes.size() - net::ethernet_header_bytes);
    net::ipv4_header h;
    net::drop_reason why{};
    if (!h.parse(ip, ip.size(), net::checksum_verdict::good, why) || h.is_fragment()) return {};
    if (h.protocol != uint8_t(net::ip_protocol::tcp)) return {};
    tcp::segment s;
    const std::string_view text(bytes);
    const auto fault = tcp::parse(buffer::copy_of(text.substr(net::ethernet_header_bytes + h.header_bytes,
                                                              size_t(h.total_bytes) - h.header_bytes)),
                                  s);
    if (fault != tcp::segment_fault::none) return {};
    return s;
}

}  // namespace

sim_judge::sim_judge(two_hosts& hosts) : hosts_(hosts) {
    for (const net::wire_end e : {net::wire_end::a, net::wire_end::b})
        hosts.wire.observe(e, [this, e](const net::packet& frame) { on_frame(e, frame); });
}

sim_judge::~sim_judge() {
    for (const net::wire_end e : {net::wire_end::a, net::wire_end::b}) hosts_.wire.observe(e, {});
}

void sim_judge::on_frame(net::wire_end from, const net::packet& frame) {
    if (const auto s = read_segment(frame)) on_segment(from, *s);
}

void sim_judge::on_segment(net::wire_end end, const tcp::segment& s) {
    ++segments_;
    const ports p = end == net::wire_end::a ? ports(s.source_port, s.destination_port)
                                            : ports(s.destination_port, s.source_port);
    conversation& c = conversations_[p];
    party& from = c.parties[index_of(end)];
    const party& to = c.parties[1 - index_of(end)];
    if (s.flags.has(tcp::flags::rst)) c.aborted = true;
    if (s.flags.has(tcp::flags::syn) && (!from.begun || s.seq != from.iss)) {
        if (!s.flags.has(tcp::flags::ack)) c = {};  // the ports are used again
        from = {
            .begun = true, .iss = s.seq, .sent_end = s.seq, .acked = s.ack, .scale = s.options.window_scale};
    }
    if (c.aborted || !from.begun) return;
    const bool scaled = !s.flags.has(tcp::flags::syn) && from.scale && to.scale;
    // What waited for the neighbour's address and had to go, say, never came to the wire.
    const auto state = from.sent_end < s.seq ? state_of(end, p) : std::nullopt;
    judge_numbers(from, to, s, state && s.end() <= seq(state->snd_nxt));
    if (s.flags.has(tcp::flags::ack)) judge_ack(from, to, s, scaled);
    judge_sack(to, s);
    judge_clock(from, to, s);
    from.sent_end = later(from.sent_end, s.end());
}

// RFC 9293 §3.4, §3.8.6.
void sim_judge::judge_numbers(const party& from, const party& to, const tcp::segment& s, bool lost_before) {
    if (from.sent_end < s.seq && !lost_before)
        accuse(fmt::format("sent {} but nothing before it from {} on", s.seq - from.iss,
                           from.sent_end - from.iss));
    // A byte, or FIN, to probe a closed window (RFC 9293 §3.8.6.1).
    const seq most = s.length() == 1 ? to.edge + 1 : to.edge;
    if (to.has_offered && s.length() > 0 && !s.flags.has(tcp::flags::syn) && most < s.end())
        accuse(fmt::format("sent {} to {}, where the window that was offered ends at {}", s.seq - from.iss,
                           s.end() - from.iss, to.edge - from.iss));
}

void sim_judge::judge_ack(party& from, const party& to, const tcp::segment& s, bool scaled) {
    if (to.begun && to.sent_end < s.ack)
        accuse(fmt::format("acknowledged {}, of {} that were sent", s.ack - to.iss, to.sent_end - to.iss));
    if (from.has_offered && s.ack < from.acked)
        accuse(fmt::format("acknowledged {} and then {}", from.acked - to.iss, s.ack - to.iss));
    from.acked = s.ack;
    // RFC 9293 §3.8.6 (SHLD-14), but for what rounding takes off: RFC 7323 §2.4.
    const uint32_t unit = units(from.scale, scaled);
    const seq edge = s.ack + s.wnd * unit;
    if (from.has_offered && edge + unit <= from.edge)
        accuse(fmt::format("took back its window from {} to {}", from.edge - to.iss, edge - to.iss));
    from.edge = from.has_offered ? later(from.edge, edge) : edge;
    from.has_offered = true;
}

// RFC 2018 §4; the first may be D-SACK: RFC 2883 §4.
void sim_judge::judge_sack(const party& to, const tcp::segment& s) {
    const auto& blocks = s.options.sack;
    for (size_t i = 0; i < blocks.size(); ++i) {
        const tcp::seq_range b = blocks[i];
        const bool within_next =
            i + 1 < blocks.size() && blocks[i + 1].left <= b.left && b.right <= blocks[i + 1].right;
        const bool is_duplicate = i == 0 && (b.right <= s.ack || within_next);
        const bool good = b.left < b.right && b.right <= to.sent_end && (s.ack < b.left || is_duplicate);
        if (!good)
            accuse(fmt::format("reported {} to {} behind {}, of {} that were sent", b.left - to.iss,
                               b.right - to.iss, s.ack - to.iss, to.sent_end - to.iss));
    }
}

// RFC 7323 §3, §5.4: a clock that never goes back, and an echo of what was sent.
void sim_judge::judge_clock(party& from, const party& to, const tcp::segment& s) {
    if (!s.options.timestamps) return;
    const auto [value, echo] = *s.options.timestamps;
    if (from.clock && int32_t(value - *from.clock) < 0)
        accuse(fmt::format("set its clock back from {} to {}", *from.clock, value));
    from.clock = value;
    if (s.flags.has(tcp::flags::ack) && to.clock && int32_t(*to.clock - echo) < 0)
        accuse(fmt::format("echoed {}, where {} was the last sent", echo, *to.clock));
}

void sim_judge::look() {
    judge_memory("a", hosts_.a);
    judge_memory("b", hosts_.b);
    for (const auto& [p, c] : conversations_) {
        if (c.aborted) continue;
        for (const net::wire_end e : {net::wire_end::a, net::wire_end::b})
            if (const auto i = state_of(e, p)) on_state(e, p, *i);
    }
}

std::optional<tcp::connection_info> sim_judge::state_of(net::wire_end end, const ports& p) const {
    const net::endpoint a{hosts_.a.address, p.first}, b{hosts_.b.address, p.second};
    return end == net::wire_end::a ? hosts_.a.network->connection(a, b) : hosts_.b.network->connection(b, a);
}

// New data goes out while pipe is below cwnd (RFC 6675 §4, RFC 5681 §3.1), but for two segments of limited
// transmit (RFC 3042) and a full one as a probe of the tail, whatever cwnd has become (RFC 8985 §7.3).
void sim_judge::on_state(net::wire_end of, const ports& p, const tcp::connection_info& now) {
    ++states_;
    party& one = conversations_[p].parties[index_of(of)];
    const tcp::connection_info before = std::exchange(one.last, now);
    const bool sent_new = now.snd_nxt != before.snd_nxt && before.snd_nxt != 0;
    const bool is_probe = now.tail_probes != before.tail_probes;
    const uint32_t most =
        std::max(std::max(now.cwnd, before.cwnd) + 2 * now.smss, is_probe ? before.pipe + now.smss : 0);
    if (sent_new && now.pipe > most)
        accuse(fmt::format("{} has {} bytes in the network, where its congestion window is {} and was {}",
                           of == net::wire_end::a ? "a" : "b", now.pipe, now.cwnd, before.cwnd));
}

// Beyond the limit each connection has what is assured to it, both ways, and a buffer of its user's, which is
// taken whole if there is room for any of it.
void sim_judge::judge_memory(const char* name, const sim_host& h) {
    constexpr uint64_t buffer_of_user = 64 << 10;
    const uint64_t of_connection = 2 * uint64_t(tcp::settings().assured_buffer) + buffer_of_user;
    const net::memory_budget& m = h.network->interface().memory();
    if (m.used() > m.limit() + of_connection * std::max<size_t>(1, h.network->usage().sockets)) {
        std::string uses;
        for (size_t u = 0; u < net::memory_uses; ++u)
            if (const uint64_t n = m.used(net::memory_use(u)))
                uses += fmt::format(", {} of {}", n, net::to_string(net::memory_use(u)));
        accuse(fmt::format("{} holds {} bytes, where {} are its limit{}", name, m.used(), m.limit(), uses));
    }
}

void sim_judge::accuse(std::string what) {
    if (offence_.empty())
        offence_ =
            fmt::format("at {:.6f} s: {}",
                        std::chrono::duration<double>(hosts_.world.now().time_since_epoch()).count(), what);
}

}  // namespace millrace::test
