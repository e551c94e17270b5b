// How a connection begins: what the caller has chosen for it, and what a handshake has agreed on.
#pragma once

#include "core/time.hh"
#include "tcp/segment/ecn_setup.hh"
#include "tcp/segment/seq.hh"

#include <cstdint>
#include <optional>

namespace millrace::tcp {

// What the caller chooses for either kind of opening.
struct opening {
    seq iss;                        // RFC 6528
    uint32_t timestamp_offset = 0;  // of our TSval from the clock: RFC 7323 §7.1
    uint16_t path_mss = 1460;       // MTU of the path less the fixed IP and TCP headers (RFC 6691)
    uint16_t peer_mss = 0;          // of an earlier connection, for data in our SYN; 0: unknown
};

// What is known of a peer whose SYN was answered by `opening.iss` with SYN-ACK: of a half-open record, when
// the ACK that completes it is here. That segment is then given to on_segment() as the first one.
struct passive_opening {
    seq irs;
    uint16_t wnd = 0;          // we offered, in the SYN-ACK
    uint8_t window_scale = 0;  // we offered; used only if the peer scales too
    uint16_t peer_mss = 536;
    uint16_t peer_wnd = 0;                       // in its SYN, unscaled
    std::optional<uint8_t> peer_window_scale{};  // set: both sides scale
    bool timestamps = false;                     // both sides send them
    bool sack = false;                           // both sides permit it
    ecn_feedback ecn = ecn_feedback::none;       // its SYN asked for it, our SYN-ACK agreed
    bool ect = true;                             // nothing in the handshake spoke against marks
    net::ecn syn_mark = net::ecn::not_capable;   // with which its last SYN came
    uint32_t ts_recent = 0;
    uint8_t transmissions = 1;  // of our SYN-ACK; 0: nobody knows (RFC 4987 §3.6), nor when the first was
    time_point first_sent{};
    // RFC 7413: the SYN came with a good cookie. The connection sends the SYN-ACK itself, and is used before
    // that is acknowledged.
    bool fast_open = false;
};

// What became of the data that a SYN of ours brought. RFC 7413 §4.2.2.
enum class fast_open_outcome : uint8_t {
    not_tried,  // the SYN had none
    taken,      // acknowledged with the SYN, if not all of it
    refused,    // it goes out again behind the handshake
    lost,       // the same, and the SYN had to be repeated: maybe for its data
};

// What a connection in TIME-WAIT leaves behind, for the record that answers in its place. RFC 9293 §3.6.1.
struct time_wait_seed {
    seq snd_nxt;
    seq rcv_nxt;
    uint16_t wnd = 0;  // as last announced on the wire
    bool timestamps = false;
    flags ace{};  // RFC 9768 §3.2.2; none if it is not used
    uint32_t ts_recent = 0;
    uint32_t ts_offset = 0;
};

// An ICMP error that quotes a segment of this connection. RFC 9293 §3.9.2.2, RFC 5927.
struct path_error {
    enum class kind : uint8_t {
        network_unreachable,
        host_unreachable,
        port_unreachable,
        protocol_unreachable,
        fragmentation_needed,  // or ICMPv6 packet too big
        time_exceeded,
    };
    path_error::kind what;
    seq quoted;             // the sequence number in the quoted header
    uint16_t path_mss = 0;  // of fragmentation_needed: the new MTU less the fixed IP and TCP headers
};

}  // namespace millrace::tcp
