#include "net/interface/dispatch.hh"

#include "net/checksum.hh"
#include "net/ethernet/header.hh"

#include <algorithm>

namespace millrace::net {

namespace {

constexpr size_t tcp_header_bytes = 20;

// An IPv4 address as ip_address holds it: here there are no others, and nothing to check.
uint32_t number_of(const ip_address& a) noexcept {
    return uint32_t(a.low());
}

}  // namespace

dispatch::dispatch(bool verify_checksums, icmp& messages, output& out, udp_sockets& udp,
                   interface_counters& counters, drop_counters& drops)
    : verify_checksums_(verify_checksums),
      icmp_(messages),
      out_(out),
      udp_(udp),
      counters_(counters),
      drops_(drops) {}

void dispatch::attach(steering* others) noexcept {
    others_ = others;
    shards_ = others ? others->shards() : 1;
    self_ = others ? others->self() : 0;
    udp_.set_shard(self_, shards_);
}

void dispatch::deliver(ip_datagram& d, bool to_one_host, time_point now) noexcept {
    switch (d.protocol) {
        case ip_protocol::tcp:
            // RFC 9293 §3.9.2.3.
            if (!to_one_host) return drops_.count(drop_reason::not_to_one_host);
            return deliver_tcp(d);
        case ip_protocol::udp:
            return deliver_udp(d, to_one_host, now);
        case ip_protocol::icmp:
            if (auto e = icmp_.on_message(d, to_one_host, now)) deliver(*e, now);
            return;
    }
    drops_.count(drop_reason::protocol_unknown);
    if (to_one_host) icmp_.complain(icmp::complaint::protocol_unreachable, d, now);
}

bool dispatch::checksum_good(const ip_datagram& d, size_t size) const noexcept {
    if (d.data->l4_checksum == checksum_verdict::good) return true;
    if (d.data->l4_checksum == checksum_verdict::bad) return false;
    if (!verify_checksums_) return true;
    // 32 bits at a time: the sum has room.
    uint64_t pseudo =
        uint64_t(__builtin_bswap32(number_of(d.source))) + __builtin_bswap32(number_of(d.destination));
    pseudo += sum_of(uint16_t(d.protocol)) + sum_of(uint16_t(size));
    return fold(pseudo + sum_packet(*d.data)) == 0xffff;
}

void dispatch::deliver_tcp(ip_datagram& d) noexcept {
    ++counters_.tcp_in;
    if (d.head().size() < tcp_header_bytes) return drops_.count(drop_reason::l4_truncated);
    if (!checksum_good(d, d.size())) return drops_.count(drop_reason::l4_bad_checksum);
    const uint8_t* ports = d.head().bytes().data();
    d.flow_hash = d.data->has_flow_hash ? d.data->flow_hash
                                        : flow_toeplitz()(number_of(d.source), number_of(d.destination),
                                                          read16(ports), read16(ports + 2));
    if (is_of_another_shard(d)) [[unlikely]]
        return forward(owner_of(d.flow_hash), d);
    hold(d);
}

void dispatch::deliver_udp(ip_datagram& d, bool to_one_host, time_point now) noexcept {
    ++counters_.udp_in;
    if (d.head().size() < udp_header::bytes) return drops_.count(drop_reason::l4_truncated);
    udp_header h = udp_header::read(d.head().bytes().data());
    size_t size = d.size();
    if (h.length < udp_header::bytes || h.length > size) return drops_.count(drop_reason::udp_bad_length);
    if (h.length < size) {
        // Only a datagram in one piece may be longer than it says (RFC 768 allows it; nobody does it).
        if (!d.data->fragments.empty()) return drops_.count(drop_reason::udp_bad_length);
        d.head().trim(h.length);
    }
    if (h.checksum != 0 && !checksum_good(d, h.length)) return drops_.count(drop_reason::l4_bad_checksum);
    d.flow_hash = flow_hash(d.source.v4(), d.destination.v4(), h.source_port, h.destination_port);
    if (unsigned owner = udp_owner(h.destination_port, d.flow_hash); owner != self_) return forward(owner, d);
    if (udp_.deliver(d, h)) return;
    drops_.count(drop_reason::udp_no_socket);
    if (to_one_host) icmp_.complain(icmp::complaint::port_unreachable, d, now);
}

void dispatch::deliver_steered(ip_datagram& d, time_point now) noexcept {
    ++counters_.steered_in;
    if (d.protocol == ip_protocol::tcp) return hold(d);
    if (udp_.deliver(d, udp_header::read(d.head().bytes().data()))) return;
    drops_.count(drop_reason::udp_no_socket);
    icmp_.complain(icmp::complaint::port_unreachable, d, now);
}

void dispatch::deliver(const icmp_error& e, time_point now) noexcept {
    // As the other end's packets hash, whose source is the quoted packet's destination.
    uint16_t ours = read16(e.quoted.data()), theirs = read16(e.quoted.data() + 2);
    uint32_t hash = flow_hash(e.destination, e.source, theirs, ours);
    unsigned owner = e.protocol == ip_protocol::udp ? udp_owner(ours, hash) : owner_of(hash);
    if (owner == self_) return deliver_steered(e, now);
    steered_error copy{e, {}};
    std::copy(e.quoted.begin(), e.quoted.end(), copy.quoted.begin());
    copy.error.quoted = {copy.quoted.data(), e.quoted.size()};
    forward(owner, steered(std::move(copy)));
}

void dispatch::deliver_steered(const icmp_error& e, time_point now) noexcept {
    bool believed = false;
    if (e.protocol == ip_protocol::udp) believed = udp_.on_icmp_error(e);
    if (e.protocol == ip_protocol::tcp && tcp_) believed = tcp_->on_icmp_error(e);
    if (!believed) return drops_.count(drop_reason::icmp_error_unmatched);
    if (e.what == icmp_error::kind::fragmentation_needed) out_.lower_mtu(e.destination.v4(), e.mtu, now);
}

void dispatch::hand_over() noexcept {
    if (held_ == 0) return;
    size_t n = std::exchange(held_, 0);
    if (tcp_)
        tcp_->on_burst({tcp_burst_.data(), n});
    else
        drops_.count(drop_reason::tcp_not_attached, n);
}

void dispatch::forward(unsigned shard, steered&& what) noexcept {
    if (others_->forward(shard, std::move(what)))
        ++counters_.steered_out;
    else
        drops_.count(drop_reason::steering_full);
}

void dispatch::forward(unsigned shard, ip_datagram& d) noexcept {
    forward(shard, steered(steered_datagram{d, std::move(*d.data)}));
}

void dispatch::tell(const neighbour_news& news) noexcept {
    for (unsigned shard = 0; shard < shards_; ++shard)
        if (shard != self_ && !others_->forward(shard, steered(news)))
            drops_.count(drop_reason::steering_full);
}

}  // namespace millrace::net
