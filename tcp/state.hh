// What can be known of a connection: its state (RFC 9293 §3.3.2) and its numbers.
#pragma once

#include "core/time.hh"

#include <cstdint>
#include <string_view>

namespace millrace::tcp {

// TIME-WAIT is here for the record that follows a connection; LISTEN is a listener's.
enum class connection_state : uint8_t {
    closed,
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
};

// As the RFC and other tools write them: "SYN-SENT", "ESTABLISHED".
std::string_view to_string(connection_state s) noexcept;

// A connection at one moment. Sizes in bytes.
struct connection_info {
    connection_state state = connection_state::closed;

    uint32_t snd_una = 0, snd_nxt = 0, snd_wnd = 0;                 // SND.UNA, SND.NXT, SND.WND
    uint32_t rcv_nxt = 0, rcv_wnd = 0;                              // RCV.NXT, RCV.WND
    uint8_t snd_scale = 0, rcv_scale = 0;                           // RFC 7323 §2
    bool window_scaling = false, timestamps = false, sack = false;  // agreed on by both ends
    bool ecn = false;                                               // that too: RFC 3168
    bool accurate_ecn = false;                                      // and that: RFC 9768
    uint32_t smss = 0;  // the largest payload that we send in one segment

    duration srtt{0}, rttvar{0}, min_rtt{0}, rto{0};
    uint32_t cwnd = 0, ssthresh = 0;
    bool in_fast_recovery = false;

    uint32_t unsent = 0;        // accepted from the application, never sent
    uint32_t in_flight = 0;     // sent and not acknowledged
    uint32_t pipe = 0;          // of that, what is believed to be in the network (RFC 6675 §4)
    uint32_t readable = 0;      // received in order, not read
    uint32_t out_of_order = 0;  // received before its turn

    uint64_t bytes_sent = 0;      // payload, first transmissions
    uint64_t bytes_received = 0;  // payload in order
    uint32_t segments_sent = 0, segments_received = 0;
    uint32_t retransmissions = 0;  // segments
    uint32_t fast_recoveries = 0;
    uint32_t timeouts = 0;  // of the retransmission timer
    uint32_t window_probes = 0, keepalive_probes = 0;
    uint32_t tail_probes = 0;      // RFC 8985 §7
    uint32_t spurious_losses = 0;  // recoveries and timeouts that were undone
    uint32_t marks_received = 0;   // segments that came with CE
    uint32_t marks_told = 0;       // that the peer told of, if it counts them
    uint32_t mark_reductions = 0;  // of the window, because the peer told of such
    // RFC 4821: segments became smaller because larger ones stayed away; probes of larger ones, and those of
    // them that were lost.
    uint32_t black_holes = 0, size_probes = 0, size_probes_lost = 0;
};

}  // namespace millrace::tcp
