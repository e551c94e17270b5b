#include "tests/support/net_wire.hh"

#include <algorithm>

namespace millrace::net::wire_test {

namespace {

uint8_t byte_at(std::string_view s, size_t at) {
    return uint8_t(s[at]);
}

std::string pseudo_header(ipv4_address source, ipv4_address destination, unsigned protocol, size_t size) {
    return bytes_of(source) + bytes_of(destination) + u8(0) + u8(protocol) + u16(unsigned(size));
}

std::string with_checksum(std::string segment, size_t at, const std::string& pseudo) {
    std::string sum = u16(checksum(pseudo + segment));
    return segment.replace(at, 2, sum);
}

}  // namespace

std::string u8(unsigned v) {
    return std::string(1, char(v));
}
std::string u16(unsigned v) {
    return u8(v >> 8) + u8(v);
}
std::string u32(uint32_t v) {
    return u16(v >> 16) + u16(v & 0xffff);
}
std::string bytes_of(ipv4_address a) {
    return u32(a.value());
}
std::string bytes_of(const mac_address& a) {
    return std::string(a.bytes().begin(), a.bytes().end());
}
unsigned u16_at(std::string_view s, size_t at) {
    return unsigned(byte_at(s, at) << 8 | byte_at(s, at + 1));
}
ipv4_address ip_at(std::string_view s, size_t at) {
    return ipv4_address(uint32_t(u16_at(s, at)) << 16 | u16_at(s, at + 2));
}

unsigned checksum(std::string_view bytes) {
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); ++i) sum += uint32_t(byte_at(bytes, i)) << (i % 2 ? 0 : 8);
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

std::string ethernet(const mac_address& to, const mac_address& from, unsigned type,
                     std::string_view payload) {
    return bytes_of(to) + bytes_of(from) + u16(type) + std::string(payload);
}

std::string arp(unsigned operation, const mac_address& sender_mac, ipv4_address sender,
                const mac_address& target_mac, ipv4_address target) {
    return u16(1) + u16(0x0800) + u8(6) + u8(4) + u16(operation) + bytes_of(sender_mac) + bytes_of(sender) +
           bytes_of(target_mac) + bytes_of(target);
}

std::string arp_frame(const mac_address& to, unsigned operation, const mac_address& sender_mac,
                      ipv4_address sender, const mac_address& target_mac, ipv4_address target) {
    return ethernet(to, sender_mac, 0x0806, arp(operation, sender_mac, sender, target_mac, target));
}

std::string ip(const ip_fields& f, std::string_view payload) {
    unsigned header_bytes = unsigned(20 + f.options.size());
    unsigned fragment = f.offset / 8 | (f.more_fragments ? 0x2000 : 0) | (f.dont_fragment ? 0x4000 : 0);
    std::string h = u8(0x40 | header_bytes / 4) + u8(f.tos) + u16(unsigned(header_bytes + payload.size())) +
                    u16(f.id) + u16(fragment) + u8(f.ttl) + u8(f.protocol) + u16(0) + bytes_of(f.source) +
                    bytes_of(f.destination) + f.options;
    h.replace(10, 2, u16(checksum(h)));
    return h + std::string(payload);
}

std::string ip_frame(const ip_fields& f, std::string_view payload) {
    return ethernet(our_mac, peer_mac, 0x0800, ip(f, payload));
}

std::string udp(ipv4_address source, ipv4_address destination, unsigned source_port,
                unsigned destination_port, std::string_view payload) {
    std::string d = u16(source_port) + u16(destination_port) + u16(unsigned(8 + payload.size())) + u16(0) +
                    std::string(payload);
    return with_checksum(d, 6, pseudo_header(source, destination, 17, d.size()));
}

std::string tcp(ipv4_address source, ipv4_address destination, unsigned source_port,
                unsigned destination_port, std::string_view payload) {
    std::string s = u16(source_port) + u16(destination_port) + u32(1000) + u32(2000) + u8(0x50) + u8(0x10) +
                    u16(0xffff) + u16(0) + u16(0) + std::string(payload);
    return with_checksum(s, 16, pseudo_header(source, destination, 6, s.size()));
}

std::string icmp_message(unsigned type, unsigned code, uint32_t rest, std::string_view payload) {
    return with_checksum(u8(type) + u8(code) + u16(0) + u32(rest) + std::string(payload), 2, "");
}

std::string udp_frame(unsigned source_port, unsigned destination_port, std::string_view payload) {
    return ip_frame({.protocol = 17}, udp(peer_ip, our_ip, source_port, destination_port, payload));
}
std::string tcp_frame(unsigned source_port, unsigned destination_port, std::string_view payload) {
    return ip_frame({.protocol = 6}, tcp(peer_ip, our_ip, source_port, destination_port, payload));
}
std::string echo_frame(std::string_view payload) {
    return ip_frame({.protocol = 1}, icmp_message(8, 0, 0x12340001, payload));
}

std::string_view ip_of(std::string_view frame) {
    return frame.substr(14);
}
std::string_view l4_of(std::string_view frame) {
    return ip_of(frame).substr((byte_at(frame, 14) & 15) * 4);
}
bool is_arp(std::string_view frame) {
    return frame.size() >= 14 && u16_at(frame, 12) == 0x0806;
}

bool is_valid_ip(std::string_view frame) {
    if (frame.size() < 34 || u16_at(frame, 12) != 0x0800) return false;
    std::string_view packet = ip_of(frame);
    if (byte_at(packet, 0) != 0x45 || u16_at(packet, 2) != packet.size()) return false;
    if (checksum(packet.substr(0, 20)) != 0) return false;
    if (u16_at(packet, 6) & 0x3fff) return true;
    std::string_view l4 = packet.substr(20);
    unsigned protocol = byte_at(packet, 9);
    std::string pseudo =
        protocol == 1 ? "" : pseudo_header(ip_at(packet, 12), ip_at(packet, 16), protocol, l4.size());
    return checksum(pseudo + std::string(l4)) == 0;
}

buffer fake_queue::counted(size_t size, size_t headroom) {
    char* memory = new char[headroom + size];
    ++buffers_out;
    buffer b = buffer::with_deleter(memory, headroom + size, [this, memory] {
        delete[] memory;
        --buffers_out;
    });
    b.trim_front(headroom);
    return b;
}

size_t fake_queue::receive(std::span<packet> out) noexcept {
    size_t n = std::min(out.size(), arriving_.size());
    for (size_t i = 0; i < n; ++i) {
        out[i] = std::move(arriving_.front());
        arriving_.pop_front();
    }
    counters_.rx_packets += n;
    return n;
}

size_t fake_queue::transmit(std::span<packet> packets) noexcept {
    size_t n = std::min(packets.size(), room);
    if (room != SIZE_MAX) room -= n;
    for (size_t i = 0; i < n; ++i) {
        packet p = std::exchange(packets[i], packet{});
        attached += p.fragments.size();
        if (!keep_sent) continue;
        sent.push_back(p.head.to_string());
        for (const auto& f : p.fragments) sent.back() += f.view();
    }
    counters_.tx_packets += n;
    return n;
}

buffer fake_queue::allocate() noexcept {
    if (buffers == 0) return {};
    if (buffers != SIZE_MAX) --buffers;
    buffer b = counted(1600, 128);
    b.trim(0);
    return b;
}

void fake_queue::arrive(std::string_view frame) {
    arrive_split(frame, frame.size());
}

void fake_queue::arrive_split(std::string_view frame, size_t split) {
    packet p;
    p.head = counted(split, 64);
    frame.copy(p.head.mutable_data(), split);
    if (split < frame.size()) {
        p.fragments.push_back(counted(frame.size() - split, 0));
        frame.copy(p.fragments.back().mutable_data(), frame.size() - split, split);
    }
    arrive(std::move(p));
}

void recorder::on_burst(std::span<ip_datagram> burst) noexcept {
    bursts.push_back(burst.size());
    for (auto& d : burst) {
        std::string bytes = d.head().to_string();
        for (const auto& f : d.data->fragments) bytes += f.view();
        datagrams.push_back({std::move(bytes), d.source, d.destination, d.flow_hash, d.congestion});
    }
}

bool recorder::on_icmp_error(const icmp_error& e) noexcept {
    quoted.emplace_back(e.quoted.begin(), e.quoted.end());
    errors.push_back(e);
    errors.back().quoted = {};
    return believes;
}

interface_config config() {
    interface_config c;
    c.addresses = {prefix(our_ip, 24)};
    c.gateway = router_ip;
    return c;
}

device_info host::device() {
    device_info d;
    d.name = "fake";
    d.mac = our_mac;
    return d;
}

host::host(const interface_config& c, const device_info& info) : net(queue, info, c, clock, rng) {
    net.attach(&upper);
}

host::~host() = default;

std::vector<std::string> host::turn() {
    while (net.poll()) net.flush();
    net.flush();
    return queue.take_sent();
}

void host::settle() {
    turn();
    receives(arp_frame(our_mac, 1, peer_mac, peer_ip, {}, our_ip));
    receives(arp_frame(our_mac, 1, router_mac, router_ip, {}, our_ip));
    after(std::chrono::seconds(2));
}

packet host::build(std::string_view l4) {
    packet p;
    p.head = net.allocate();
    if (!p.head.storage()) return p;
    size_t n = std::min(l4.size(), p.head.tailroom());
    l4.copy(p.head.append(n), n);
    if (n < l4.size()) p.fragments.push_back(buffer::copy_of(l4.substr(n)));
    return p;
}

std::vector<std::string> host::sends(path& way, std::string_view l4, ecn mark) {
    net.send(way, build(l4), mark);
    net.flush();
    return queue.take_sent();
}

}  // namespace millrace::net::wire_test
