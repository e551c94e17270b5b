// What an interface is told at its start, and what it counts.
#pragma once

#include "core/time.hh"
#include "net/address.hh"
#include "net/memory_budget.hh"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace millrace::net {

// A way to a network that is not on the link.
struct route {
    prefix destination;
    ip_address gateway;
};

// ARP, RFC 826 and RFC 1122 §2.3.2.
struct neighbour_settings {
    size_t entries = 1024;  // neighbours remembered
    // That wait for one neighbour's address, such as the SYNs of connections opened at once; the oldest go
    // first.
    size_t waiting_packets = 128;
    size_t all_waiting_packets = 512;
    unsigned requests = 3;  // before a neighbour counts as unreachable
    duration request_interval = std::chrono::seconds(1);
    duration reachable_time = std::chrono::seconds(60);    // then asked again when used (RFC 1122 §2.3.2.1)
    duration conflict_defence = std::chrono::seconds(10);  // DEFEND_INTERVAL, RFC 5227 §2.4
    bool announce = true;                                  // gratuitous ARP at the start (RFC 5227 §2.3)
};

// Fragments received, RFC 791 §3.2, RFC 1122 §3.3.2.
struct reassembly_settings {
    size_t datagrams = 64;       // incomplete at once; the oldest goes first
    size_t bytes = 1024 * 1024;  // held by all of them together
    size_t fragments = 64;       // of one datagram
    duration timeout = std::chrono::seconds(30);
};

// Of messages sent, RFC 1812 §4.3.2.8.
struct icmp_settings {
    uint32_t errors_per_second = 100;
    uint32_t echo_replies_per_second = 10'000;
};

struct udp_settings {
    size_t sockets = 1024;
    size_t receive_datagrams = 512;      // that wait in one socket, and
    size_t receive_bytes = 1024 * 1024;  // their bytes
};

struct interface_config {
    std::vector<prefix> addresses;  // with the prefix lengths of their networks
    std::optional<ip_address> gateway;
    std::vector<route> routes;
    uint16_t mtu = 0;                                       // 0: the device's
    uint8_t ttl = 64;                                       // RFC 1700
    bool verify_checksums = true;                           // of L4; off only where the link is memory
    uint16_t min_path_mtu = 552;                            // ICMP may not lower a path's MTU below this
    size_t path_mtus = 256;                                 // destinations with a lowered MTU remembered
    duration path_mtu_lifetime = std::chrono::minutes(10);  // RFC 1191 §6.3
    size_t transmit_queue = 1024;                    // frames that wait for the device, runs by segments
    uint64_t memory = memory_budget::default_limit;  // of packets and connections, in bytes
    neighbour_settings neighbours{};
    reassembly_settings reassembly{};
    icmp_settings icmp{};
    udp_settings udp{};
};

struct interface_counters {
    uint64_t packets_in = 0;
    uint64_t packets_out = 0;
    uint64_t tso_frames = 0;  // runs of TCP segments that the device cuts
    uint64_t gso_runs = 0;    // and those cut here
    uint64_t tcp_in = 0;
    uint64_t udp_in = 0;
    uint64_t icmp_in = 0;
    uint64_t arp_in = 0;
    uint64_t arp_requests_out = 0;
    uint64_t arp_replies_out = 0;
    uint64_t address_conflicts = 0;
    uint64_t neighbour_changes = 0;  // a known address moved to another MAC
    uint64_t echo_replies = 0;
    uint64_t icmp_errors_in = 0;
    uint64_t icmp_errors_out = 0;
    uint64_t fragments_in = 0;
    uint64_t reassembled = 0;
    uint64_t fragments_out = 0;
    uint64_t path_mtu_lowered = 0;
    uint64_t steered_in = 0;
    uint64_t steered_out = 0;
    uint64_t copied_for_want_of_buffers = 0;
};

}  // namespace millrace::net
