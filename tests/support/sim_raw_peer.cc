#include "tests/support/sim_raw_peer.hh"

#include "net/checksum.hh"

#include <array>
#include <cstring>

namespace millrace::test {
namespace {

constexpr size_t ethernet = 14, ipv4 = 20;

void put16(std::string& s, size_t at, unsigned v) {
    s[at] = char(v >> 8);
    s[at + 1] = char(v);
}

uint8_t* at(std::string& s, size_t offset) {
    return reinterpret_cast<uint8_t*>(s.data()) + offset;
}

}  // namespace

raw_peer::raw_peer(net::device& device, net::ipv4_address address, net::ipv4_address target)
    : queue_(device.queue(0)), mac_(device.info().mac), address_(address), target_(target) {}

std::string raw_peer::bytes_of(tcp::outgoing&& o, uint16_t port, uint16_t to_port) {
    std::string s(o.header_bytes(), '\0');
    tcp::emit(o, port, to_port, at(s, 0));
    for (const buffer& b : o.payload) s += b.view();
    return s;
}

void raw_peer::send(tcp::outgoing&& o, net::ipv4_address from, uint16_t port, uint16_t to_port) {
    send_bytes(bytes_of(std::move(o), port, to_port), from, true);
}

void raw_peer::send_bytes(std::string segment, net::ipv4_address from, bool checksum) {
    if (checksum) return send_segment(std::move(segment), from, 0);
    send_ip(segment, from, 6);
}

void raw_peer::send_segment(std::string segment, net::ipv4_address from, uint8_t ecn) {
    if (segment.size() >= tcp::header::size) {
        put16(segment, tcp::checksum_offset, 0);
        const uint64_t pseudo = net::sum_of(from.value()) + net::sum_of(target_.value()) +
                                net::sum_of(uint16_t(6)) + net::sum_of(uint16_t(segment.size()));
        const uint16_t sum = net::checksum_of(pseudo + net::sum_bytes(segment.data(), segment.size()));
        std::memcpy(segment.data() + tcp::checksum_offset, &sum, 2);
    }
    send_ip(segment, from, 6, ecn);
}

void raw_peer::send_icmp_error(uint8_t type, uint8_t code, uint16_t mtu, const std::string& quoted,
                               net::ipv4_address from) {
    std::string message(8 + ipv4, '\0');
    message[0] = char(type);
    message[1] = char(code);
    put16(message, 6, mtu);
    message[8] = 0x45;
    put16(message, 10, unsigned(ipv4 + quoted.size()));
    message[16] = 64;
    message[17] = 6;
    target_.write(at(message, 20));
    address_.write(at(message, 24));
    message += quoted;
    const uint16_t sum = net::checksum_of(net::sum_bytes(message.data(), message.size()));
    std::memcpy(message.data() + 2, &sum, 2);
    send_ip(message, from, 1);
}

void raw_peer::send_ip(const std::string& payload, net::ipv4_address from, uint8_t protocol, uint8_t ecn) {
    std::string frame(ethernet + ipv4, '\0');
    target_mac_.write(at(frame, 0));
    mac_.write(at(frame, 6));
    put16(frame, 12, 0x0800);
    frame[14] = 0x45;
    frame[15] = char(ecn);
    put16(frame, 16, unsigned(ipv4 + payload.size()));
    frame[22] = 64;
    frame[23] = char(protocol);
    from.write(at(frame, 26));
    target_.write(at(frame, 30));
    const uint16_t sum = net::checksum_of(net::sum_bytes(frame.data() + ethernet, ipv4));
    std::memcpy(frame.data() + 24, &sum, 2);
    transmit(frame + payload);
}

void raw_peer::transmit(const std::string& frame) {
    net::packet p;
    p.head = queue_.allocate();
    if (!p.head.storage() || p.head.tailroom() < frame.size()) return;
    std::memcpy(p.head.append(frame.size()), frame.data(), frame.size());
    queue_.transmit(std::span(&p, 1));
}

std::vector<raw_peer::received> raw_peer::receive() {
    std::vector<received> all;
    std::array<net::packet, 32> burst;
    while (const size_t n = queue_.receive(burst)) {
        for (size_t i = 0; i < n; ++i) {
            net::packet p = std::move(burst[i]);
            if (p.head.size() >= 42 && p.head.data()[12] == 8 && p.head.data()[13] == 6) on_arp(p);
            if (p.head.size() < ethernet + ipv4 + tcp::header::size || p.head.data()[12] != 8 ||
                p.head.data()[13] != 0 || p.head.data()[23] != 6)
                continue;
            std::string bytes = p.head.to_string();
            for (const buffer& b : p.fragments) bytes += b.view();
            const size_t length = size_t(uint8_t(bytes[16])) << 8 | uint8_t(bytes[17]);
            received r;
            const std::string_view packet = std::string_view(bytes).substr(ethernet + ipv4, length - ipv4);
            if (tcp::parse(buffer::copy_of(packet), r.segment) != tcp::segment_fault::none) continue;
            r.from_port = r.segment.source_port;
            r.to_port = r.segment.destination_port;
            r.ecn = uint8_t(bytes[15]) & 3;
            all.push_back(std::move(r));
        }
    }
    return all;
}

// RFC 826: whoever is asked for, it is this peer.
void raw_peer::on_arp(const net::packet& p) {
    std::string frame = p.head.to_string().substr(0, 42);
    if (frame[21] != 1) return;
    target_mac_ = net::mac_address::read(at(frame, 22));
    std::string answer = frame;
    std::memcpy(answer.data(), frame.data() + 22, 6);
    mac_.write(at(answer, 6));
    answer[21] = 2;
    mac_.write(at(answer, 22));
    std::memcpy(answer.data() + 28, frame.data() + 38, 4);
    std::memcpy(answer.data() + 32, frame.data() + 22, 10);
    // A probe or an announcement asks for the sender's own address.
    if (std::memcmp(frame.data() + 28, frame.data() + 38, 4) != 0) transmit(answer);
}

}  // namespace millrace::test
