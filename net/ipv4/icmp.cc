#include "net/ipv4/icmp.hh"

#include "net/checksum.hh"
#include "net/ethernet/header.hh"
#include "net/ipv4/header.hh"

#include <algorithm>

namespace millrace::net {

namespace {

constexpr size_t icmp_header_bytes = 8;
// Of a datagram whose delivery failed, with its header: RFC 1812 §4.3.2.3 allows up to 576 in all; ports and
// sequence numbers are what matters.
constexpr size_t most_quoted = 128;

enum : uint8_t {
    type_echo_reply = 0,
    type_unreachable = 3,
    type_echo = 8,
    type_time_exceeded = 11,
    type_parameter_problem = 12
};

// RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1.
std::optional<icmp_error::kind> unreachable_kind(uint8_t code) noexcept {
    using kind = icmp_error::kind;
    switch (code) {
        case 0:
        case 6:
        case 11:
            return kind::network_unreachable;
        case 1:
        case 5:
        case 7:
        case 8:
        case 12:
            return kind::host_unreachable;
        case 2:
            return kind::protocol_unreachable;
        case 3:
            return kind::port_unreachable;
        case 4:
            return kind::fragmentation_needed;
        case 9:
        case 10:
        case 13:
            return kind::prohibited;
        default:
            return std::nullopt;
    }
}

std::optional<icmp_error::kind> kind_of(uint8_t type, uint8_t code) noexcept {
    switch (type) {
        case type_unreachable:
            return unreachable_kind(code);
        case type_time_exceeded:
            return icmp_error::kind::time_exceeded;
        case type_parameter_problem:
            return icmp_error::kind::parameter_problem;
        default:
            return std::nullopt;
    }
}

// The next MTU to try below that of a packet which a router found too long without saying by how much (RFC
// 1191 §7.1).
uint16_t plateau_below(uint16_t total) noexcept {
    for (uint16_t p : {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296})
        if (p < total) return p;
    return 68;
}

}  // namespace

icmp::icmp(const interface_config& config, const routes& r, output& out, interface_counters& counters,
           drop_counters& drops)
    : min_path_mtu_(config.min_path_mtu),
      echo_replies_(config.icmp.echo_replies_per_second),
      errors_(config.icmp.errors_per_second),
      routes_(r),
      out_(out),
      counters_(counters),
      drops_(drops) {}

std::optional<icmp_error> icmp::on_message(ip_datagram& d, bool to_one_host, time_point now) noexcept {
    ++counters_.icmp_in;
    if (d.head().size() < icmp_header_bytes) return refuse(drop_reason::icmp_malformed);
    if (fold(sum_packet(*d.data)) != 0xffff) return refuse(drop_reason::icmp_bad_checksum);
    switch (d.head().bytes()[0]) {
        case type_echo:
            // RFC 1122 §3.2.2.6 leaves others than one host's to us; answering them serves smurfs.
            if (!to_one_host) return refuse(drop_reason::not_to_one_host);
            answer_echo(d, now);
            return std::nullopt;
        case type_unreachable:
        case type_time_exceeded:
        case type_parameter_problem:
            return parse_error(d);
        default:
            return refuse(drop_reason::icmp_type_unknown);
    }
}

// RFC 792, p. 14: the same bytes back, with the type changed. In the buffer that they came in, if it is free
// to be written and has room for the headers.
void icmp::answer_echo(ip_datagram& d, time_point now) noexcept {
    if (!echo_replies_.take(now)) return drops_.count(drop_reason::icmp_rate_limited);
    packet reply;
    if (d.head().headroom() >= path::header_bytes) {
        reply.head = std::move(d.data->head);
    } else {
        reply.head = buffer::allocate(d.head().size(), 128);
        std::memcpy(reply.head.mutable_data(), d.head().data(), d.head().size());
    }
    reply.fragments = std::move(d.data->fragments);
    uint8_t* p = reply.head.mutable_bytes();
    uint16_t checksum;
    std::memcpy(&checksum, p + 2, 2);
    // Type and code are one word; the type is its first byte.
    checksum =
        updated_checksum(checksum, uint16_t(type_echo | p[1] << 8), uint16_t(type_echo_reply | p[1] << 8));
    // Of the two zeros this is good whatever the rest is, the other not where all of it is zero (RFC 1624
    // §3).
    if (checksum == 0) checksum = 0xffff;
    p[0] = type_echo_reply;
    std::memcpy(p + 2, &checksum, 2);
    auto way = out_.make_path(d.destination, d.source, ip_protocol::icmp, now);
    if (!way) return drops_.count(drop_reason::no_route);
    if (out_.send(*way, std::move(reply), ecn::not_capable, now)) ++counters_.echo_replies;
}

std::optional<icmp_error> icmp::parse_error(const ip_datagram& d) noexcept {
    auto message = d.head().bytes();
    auto what = kind_of(message[0], message[1]);
    if (!what) return refuse(drop_reason::icmp_type_unknown);
    // The quoted packet is cut short, and its checksum may have been changed on the way: neither is checked.
    auto quoted = message.subspan(icmp_header_bytes);
    ipv4_header ip;
    drop_reason why;
    if (!ip.parse(quoted, 65535, checksum_verdict::good, why)) return refuse(drop_reason::icmp_malformed);
    auto l4 = quoted.subspan(ip.header_bytes);
    if (l4.size() < 8 || ip.fragment_offset != 0) return refuse(drop_reason::icmp_malformed);
    if (!routes_.is_local(ip.source)) return refuse(drop_reason::icmp_error_unmatched);

    icmp_error e;
    e.what = *what;
    e.protocol = ip_protocol(ip.protocol);
    e.source = ip.source;
    e.destination = ip.destination;
    e.reporter = d.source;
    e.quoted = l4.first(std::min(l4.size(), icmp_error::max_quoted));
    if (*what == icmp_error::kind::fragmentation_needed) {
        uint16_t mtu = read16(message.data() + 6);
        e.mtu = std::max(mtu ? mtu : plateau_below(ip.total_bytes), min_path_mtu_);
    }
    ++counters_.icmp_errors_in;
    return e;
}

void icmp::complain(complaint about, const ip_datagram& d, time_point now) noexcept {
    if (!errors_.take(now)) return drops_.count(drop_reason::icmp_rate_limited);
    auto way = out_.make_path(d.destination, d.source, ip_protocol::icmp, now);
    packet p;
    p.head = out_.allocate();
    if (!way || !p.head.storage()) return drops_.count(way ? drop_reason::no_buffer : drop_reason::no_route);
    size_t payload = std::min(d.head().size(), most_quoted - ipv4_header::bytes);
    size_t size = icmp_header_bytes + ipv4_header::bytes + payload;
    auto* out = reinterpret_cast<uint8_t*>(p.head.append(size));
    std::memset(out, 0, icmp_header_bytes);
    write16(out, uint16_t(about));
    ipv4_header quoted;
    quoted.source = d.source.v4();
    quoted.destination = d.destination.v4();
    quoted.total_bytes = uint16_t(ipv4_header::bytes + d.size());
    quoted.id = d.id;
    quoted.ttl = d.ttl;
    quoted.protocol = uint8_t(d.protocol);
    quoted.congestion = d.congestion;
    quoted.emit(out + icmp_header_bytes);
    std::memcpy(out + icmp_header_bytes + ipv4_header::bytes, d.head().data(), payload);
    uint16_t checksum = checksum_of(sum_bytes(out, size));
    std::memcpy(out + 2, &checksum, 2);
    if (out_.send(*way, std::move(p), ecn::not_capable, now)) ++counters_.icmp_errors_out;
}

}  // namespace millrace::net
