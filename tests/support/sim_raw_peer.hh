// A peer at the end of a wire that sends whatever segments a test wants, and keeps no rules.
#pragma once

#include "net/device.hh"
#include "net/endpoint.hh"
#include "tcp/segment/segment.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::test {

class raw_peer {
 public:
    // At `address`, talking to the host at `target`; ARP is answered for every address.
    raw_peer(net::device& device, net::ipv4_address address, net::ipv4_address target);

    struct received {
        uint16_t from_port = 0;
        uint16_t to_port = 0;
        uint8_t ecn = 0;  // of the IP header
        tcp::segment segment;
    };

    // From `port` of the peer, or of another address that it pretends to have.
    void send(tcp::outgoing&& o, uint16_t port, uint16_t to_port) {
        send(std::move(o), address_, port, to_port);
    }
    void send(tcp::outgoing&& o, net::ipv4_address from, uint16_t port, uint16_t to_port);
    // TCP header and payload as they are, with the checksum put right if `checksum` says so.
    void send_bytes(std::string segment, net::ipv4_address from, bool checksum);
    // The same, with `ecn` in the IP header and a good checksum.
    void send_segment(std::string segment, net::ipv4_address from, uint8_t ecn);
    // RFC 792, type 3: `quoted` are the first bytes of a TCP segment of the target's.
    void send_icmp_error(uint8_t type, uint8_t code, uint16_t mtu, const std::string& quoted,
                         net::ipv4_address from);
    // An IP packet of any protocol, with `ecn` in its header.
    void send_ip(const std::string& payload, net::ipv4_address from, uint8_t protocol, uint8_t ecn = 0);
    // The bytes of a segment, its checksum zero.
    static std::string bytes_of(tcp::outgoing&& o, uint16_t port, uint16_t to_port);

    // The segments that have arrived; what is not TCP is answered (ARP) or dropped.
    std::vector<received> receive();

 private:
    void on_arp(const net::packet& p);
    void transmit(const std::string& frame);

    net::device_queue& queue_;
    net::mac_address mac_;
    net::mac_address target_mac_ = net::mac_address::broadcast();
    net::ipv4_address address_;
    net::ipv4_address target_;
};

}  // namespace millrace::test
