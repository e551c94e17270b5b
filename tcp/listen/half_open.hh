// A connection that a peer's SYN began, until the ACK of our SYN-ACK: a small record instead of a connection.
// RFC 9293 §3.10.7.2 (LISTEN), §3.10.7.4 (SYN-RECEIVED), with RFC 5961.
#pragma once

#include "core/time.hh"
#include "tcp/listen/four_tuple.hh"
#include "tcp/segment/ecn_setup.hh"
#include "tcp/segment/segment.hh"

#include <cstdint>
#include <optional>

namespace millrace::tcp {

// What our side offers to every peer of a listener.
struct passive_offer {
    uint16_t mss = 1460;       // of the path: what the peer may send us
    uint16_t wnd = 65535;      // in a SYN-ACK it is never scaled
    uint8_t window_scale = 0;  // used if the peer scales too
    bool scale_windows = true;
    bool timestamps = true;
    bool sack = true;
    bool ecn = true;
    uint16_t default_peer_mss = 536;  // RFC 9293 §3.7.1: of a peer that does not say
    uint16_t min_mss = 88;            // whatever a peer says
};

struct half_open {
    four_tuple flow;
    uint32_t hash = 0;      // of the flow
    uint32_t listener = 0;  // whose connection this will be

    seq iss;
    seq irs;
    uint16_t mss = 0;  // we offered
    uint16_t wnd = 0;  // we offered
    uint16_t peer_mss = 0;
    uint16_t peer_wnd = 0;                      // in its SYN, unscaled
    std::optional<uint8_t> peer_window_scale;   // set: both sides scale
    uint8_t window_scale = 0;                   // ours
    bool timestamps = false;                    // both sides send them
    bool sack = false;                          // both sides permit it
    ecn_feedback ecn = ecn_feedback::none;      // both sides know it: RFC 3168 §6.1.1, RFC 9768 §3.1.2
    net::ecn syn_mark = net::ecn::not_capable;  // with which the last SYN came: RFC 9768 §3.1.5
    bool ect = false;                           // nothing in the handshake spoke against marks
    bool tells_counts = true;                   // our first SYN-ACK brings the option of RFC 9768
    uint32_t ts_recent = 0;                     // RFC 7323 §4.3
    bool fast_open = false;                     // our first SYN-ACK grants a cookie: RFC 7413 §4.2.1
    uint8_t transmissions = 0;                  // of our SYN-ACK
    time_point first_sent{};                    // the round trip is measured only if it was sent once (Karn)
};

// The record of an acceptable SYN: what both sides can do.
half_open begin_half_open(const four_tuple& flow, const segment& syn, seq iss,
                          const passive_offer& offer) noexcept;

// Our SYN-ACK, the first one or one more; `ts_now` is our TSval.
outgoing syn_ack(const half_open& h, uint32_t ts_now) noexcept;

// What a segment for a half-open connection asks of us.
enum class half_open_verdict : uint8_t {
    drop,             // nothing: count it
    repeat_syn_ack,   // the SYN came again
    challenge_ack,    // RFC 5961 §3 §4: may be the peer after a restart, may be an attacker
    reset_peer,       // it acknowledges what we never sent: RST with SEG.ACK as its number
    forget,           // a valid RST: back to LISTEN
    reset_handshake,  // it contradicts itself (RFC 9768 §3.1.5): RST, and back to LISTEN
    complete,         // the ACK of our SYN-ACK: the connection is established, this segment is its first
};
half_open_verdict judge(const half_open& h, const segment& s) noexcept;

// The SYN came again: to a peer that no longer asks for ECN nothing goes that may be marked (RFC 3168
// §6.1.1.1, RFC 9768 §3.1.5).
void repeat(half_open& h, const segment& syn) noexcept;

// Whether its connection may send what can be marked: the handshake says so on both sides.
bool may_be_marked(const half_open& h) noexcept;

// The ACK of a challenge.
outgoing challenge_ack(const half_open& h, uint32_t ts_now) noexcept;

}  // namespace millrace::tcp
