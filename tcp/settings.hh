// Every tunable of a TCP connection, with its unit, default and source.
#pragma once

#include "core/time.hh"
#include "net/congestion.hh"

#include <chrono>
#include <cstdint>

namespace millrace::tcp {

// Explicit congestion notification, RFC 3168, RFC 9768.
enum class ecn_mode : uint8_t {
    off,
    passive,   // used if a peer's SYN asks for it, of either kind: Linux's default
    on,        // asked for in our SYN, too
    accurate,  // the same, with a count of the marks (RFC 9768); a peer that has it not is content with `on`
};

// Search for the segment size that the path carries, by sending: RFC 4821.
enum class mtu_probing_mode : uint8_t {
    off,
    black_hole,  // once full segments time out in a row
    always,      // begins with a small size and looks for a larger one
};

// Shared by all connections of a shard and not changed while they live; what one connection may choose for
// itself is its copy of `connection_settings`.
struct settings {
    // Buffers, in bytes.
    uint32_t send_buffer = 4 * 1024 * 1024;  // unacknowledged and unsent data of a connection; Linux: 4 MiB
    uint32_t receive_buffer = 6 * 1024 * 1024;  // the largest window offered (RFC 7323 §2); Linux: 6 MiB
    uint32_t first_buffer = 64 * 1024;          // of both, from which they grow to these as the path needs it
    uint32_t assured_buffer =
        16 * 1024;  // of both, which a connection has though the shard is short of memory

    // Options offered in our SYN.
    bool window_scaling = true;  // RFC 7323 §2
    bool timestamps = true;      // RFC 7323 §3
    bool sack = true;            // RFC 2018

    // Segment sizes, in bytes of payload without options (RFC 6691).
    uint16_t default_peer_mss = 536;  // RFC 9293 §3.7.1: of a peer that does not say; 1220 over IPv6
    uint16_t min_mss = 88;            // whatever a peer or a router says; Linux: 48 (tcp_min_snd_mss)
    mtu_probing_mode path_mtu_probing = mtu_probing_mode::black_hole;  // Linux: off (tcp_mtu_probing)
    uint16_t probing_base_mss = 1024;  // to begin with; RFC 4821 §7.2, Linux: 1024 (tcp_base_mss)
    uint16_t probing_floor_mss = 512;  // where not even that passes; Linux: 48 (tcp_mtu_probe_floor)
    uint8_t black_hole_timeouts = 3;   // in a row: RFC 8899 §4.3; Linux: tcp_retries1, 3 s of them
    duration mtu_raise_interval = std::chrono::minutes(10);  // until a larger size is tried: RFC 8899 §5.1.1

    // Acknowledging.
    duration ack_delay = std::chrono::milliseconds(40);  // RFC 9293 §3.8.6.3: below 500 ms; Linux: 40 ms
    uint8_t quick_ack_segments = 16;                     // acknowledged at once at the start; Linux: 16

    // Retransmission.
    duration rto_initial = std::chrono::seconds(1);     // RFC 6298 §2.1
    duration rto_min = std::chrono::milliseconds(200);  // RFC 6298 §2.4 says 1 s; Linux: 200 ms
    duration rto_max = std::chrono::seconds(60);        // RFC 6298 §2.5
    // Of SYN and SYN-ACK. RFC 9293 §3.8.3 (R2) wants three minutes; 6 after a second is 127 s, what Linux
    // does.
    uint8_t syn_retries = 6;
    uint8_t data_retries = 15;                // RFC 9293 §3.8.3, R2, at least 100 s; Linux: 15 (924 s)
    uint8_t orphan_retries = 8;               // the same once nobody here holds the connection; Linux: 8
    bool rack = true;                         // RFC 8985 where SACK is agreed on; off: RFC 6675
    uint32_t max_segments_in_flight = 16384;  // bounds the records of a sender of tiny segments

    // Congestion control.
    net::congestion_algorithm congestion = net::congestion_algorithm::cubic;  // RFC 9438
    uint16_t initial_window_segments = 10;                                    // RFC 6928 §2
    ecn_mode ecn = ecn_mode::passive;  // DCTCP asks for the accurate kind then
    // Beyond the first window in flight, data goes out at a pace instead of in bursts.
    bool pacing = false;

    // Waiting for a peer.
    duration persist_min =
        std::chrono::milliseconds(200);               // between probes of a closed window, doubling from
    duration persist_max = std::chrono::seconds(60);  // the RTO: RFC 9293 §3.8.6.1
    duration fin_wait_2_timeout = std::chrono::seconds(60);  // for the FIN of a peer when nobody here reads
    duration time_wait = std::chrono::seconds(60);  // 2 MSL; RFC 9293 §3.4.2 says 4 minutes, Linux: 60 s
    duration user_timeout{0};  // RFC 5482: data unacknowledged for so long ends the connection; 0: by retries

    // Keepalive, RFC 9293 §3.8.4: off by default, as it says.
    bool keepalive = false;
    duration keepalive_idle = std::chrono::hours(2);         // RFC 9293 §3.8.4
    duration keepalive_interval = std::chrono::seconds(75);  // Linux
    uint8_t keepalive_probes = 9;                            // Linux

    // Defence.
    uint32_t challenge_acks_per_second = 1000;  // of a shard: RFC 5961 §7
    // Islands of data that came before its turn, and the segments that they consist of: a full queue that
    // drops every other packet of a window makes an island of each one that it takes. More if they are of
    // usual size (reassembly_limits).
    uint32_t reassembly_ranges = 4096;
    uint32_t reassembly_chunks = 16384;

    // Sending.
    bool no_delay = true;  // off: Nagle's algorithm, RFC 9293 §3.7.4
};

}  // namespace millrace::tcp
