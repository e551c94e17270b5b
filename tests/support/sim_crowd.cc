#include "tests/support/sim_crowd.hh"

#include "core/check.hh"
#include "net/ethernet/arp.hh"
#include "net/ethernet/header.hh"
#include "net/ipv4/header.hh"

#include <cstring>

namespace millrace::test {
namespace {

constexpr uint32_t lowest_address = 10u << 24 | 64u << 16;
constexpr uint16_t lowest_port = 10'000;
constexpr size_t frame_headers = net::ethernet_header_bytes + net::ipv4_header::bytes;

}  // namespace

sim_crowd::sim_crowd(net::link_pair& link, net::endpoint server, size_t size, size_t message)
    : queue_(link.b->queue(0)),
      mac_(link.b->info().mac),
      server_mac_(link.a->info().mac),
      server_(server),
      message_(message, 'x'),
      clients_(size) {
    CHECK(link.b->info().fills_tcp_checksum);  // nobody fills them in here
}

net::ipv4_address sim_crowd::address_of(size_t i) const noexcept {
    return net::ipv4_address(lowest_address + uint32_t(i / flows_per_address));
}

uint16_t sim_crowd::port_of(size_t i) noexcept {
    return uint16_t(lowest_port + i % flows_per_address);
}

void sim_crowd::open(size_t i) {
    clients_[i] = {.next = uint32_t(i) * 2'654'435'761u};
    send(i, tcp::flags::syn);
    ++clients_[i].next;
}

void sim_crowd::ask(size_t i) {
    send(i, tcp::flags::ack | tcp::flags::psh, message_.size());
    clients_[i].next += uint32_t(message_.size());
}

void sim_crowd::acknowledge(size_t i) {
    send(i, tcp::flags::ack);
}

void sim_crowd::close(size_t i) {
    send(i, tcp::flags::fin | tcp::flags::ack);
    ++clients_[i].next;
    clients_[i].closed = true;
}

void sim_crowd::reset(size_t i) {
    send(i, tcp::flags::rst | tcp::flags::ack);
    clients_[i].closed = true;
}

void sim_crowd::send(size_t i, tcp::flags f, size_t bytes) {
    const client& c = clients_[i];
    tcp::outgoing o;
    o.flags = f;
    o.seq = tcp::seq(c.next);
    o.ack = tcp::seq(c.expected);
    o.wnd = 65535;
    o.options.timestamps = tcp::timestamp_option{1, c.recent};
    if (f.has(tcp::flags::syn)) {
        o.options.mss = 1460;
        o.options.window_scale = 7;
        o.options.sack_permitted = true;
    }
    net::packet& p = add(o.header_bytes() + bytes, address_of(i));
    char* to = p.head.mutable_data() + frame_headers;
    tcp::emit(o, port_of(i), server_.port, reinterpret_cast<uint8_t*>(to));
    std::memcpy(to + o.header_bytes(), message_.data(), bytes);
}

net::packet& sim_crowd::add(size_t tcp_bytes, net::ipv4_address from) {
    if (waiting_ == out_.size()) flush();
    net::packet& p = out_[waiting_++];
    p.head = queue_.allocate();
    CHECK(p.head.storage());
    auto* to = reinterpret_cast<uint8_t*>(p.head.append(frame_headers + tcp_bytes));
    net::write_ethernet_header(to, server_mac_, mac_, net::ethertype::ipv4);
    net::ipv4_header ip;
    ip.source = from;
    ip.destination = server_.address.v4();
    ip.total_bytes = uint16_t(net::ipv4_header::bytes + tcp_bytes);
    ip.dont_fragment = true;
    ip.ttl = 64;
    ip.protocol = uint8_t(net::ip_protocol::tcp);
    ip.emit(to + net::ethernet_header_bytes);
    return p;
}

void sim_crowd::flush() {
    CHECK(queue_.transmit(std::span(out_.data(), waiting_)) == waiting_);
    waiting_ = 0;
}

void sim_crowd::receive() {
    std::array<net::packet, burst> in;
    while (const size_t n = queue_.receive(in)) {
        for (size_t k = 0; k < n; ++k) {
            on_frame(in[k]);
            in[k].head = {};
            in[k].fragments.clear();
        }
    }
    flush();
}

void sim_crowd::on_frame(const net::packet& p) {
    const auto type = net::ethertype(net::read16(p.head.bytes().data() + 12));
    if (type == net::ethertype::arp) return on_arp(p);
    net::ipv4_header ip;
    net::drop_reason why{};
    CHECK(ip.parse(p.head.bytes().subspan(net::ethernet_header_bytes), p.size(), net::checksum_verdict::good,
                   why));
    buffer bytes = p.head.share();
    bytes.trim_front(frame_headers);
    tcp::segment s;
    CHECK(p.fragments.empty() && tcp::parse(std::move(bytes), s) == tcp::segment_fault::none);
    const size_t address = ip.destination.value() - lowest_address;
    const size_t i = address * flows_per_address + size_t(s.destination_port - lowest_port);
    CHECK(i < clients_.size());
    ++segments_in_;
    on_segment(i, std::move(s));
}

// The gateway is the crowd itself.
void sim_crowd::on_arp(const net::packet& p) {
    const auto asked = net::arp_message::parse(p.head.bytes().subspan(net::ethernet_header_bytes));
    CHECK(asked.has_value());
    if (asked->is_probe() || asked->sender == asked->target) return;
    if (waiting_ == out_.size()) flush();
    net::packet& answer = out_[waiting_++];
    answer.head = queue_.allocate();
    auto* to =
        reinterpret_cast<uint8_t*>(answer.head.append(net::ethernet_header_bytes + net::arp_message::bytes));
    net::write_ethernet_header(to, server_mac_, mac_, net::ethertype::arp);
    net::arp_message{.what = net::arp_message::operation::reply,
                     .sender_mac = mac_,
                     .sender = asked->target,
                     .target_mac = asked->sender_mac,
                     .target = asked->sender}
        .emit(to + net::ethernet_header_bytes);
}

void sim_crowd::on_segment(size_t i, tcp::segment&& s) {
    client& c = clients_[i];
    if (s.flags.has(tcp::flags::rst)) {
        ++resets_;
        return;
    }
    if (s.options.timestamps) c.recent = s.options.timestamps->value;
    if (s.flags.has(tcp::flags::syn)) {
        c.expected = s.seq.value() + 1;
        ++opened_;
        return acknowledge(i);
    }
    if (s.seq.value() != c.expected) return;  // again
    answered_bytes_ += s.payload.size();
    c.expected += s.length();
    if (!s.flags.has(tcp::flags::fin)) return;
    ++finished_;
    if (c.closed)
        acknowledge(i);
    else
        close(i);
}

}  // namespace millrace::test
