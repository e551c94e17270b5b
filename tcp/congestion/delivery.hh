// What an algorithm that models the path is told: of each ACK what it delivered, of each loss what was in
// flight. draft-ietf-ccwg-bbr §4.1.2.1.3, §5.5.10.2.
#pragma once

#include "core/time.hh"

#include <cstdint>

namespace millrace::tcp {

// What an ACK said of delivery, and the state of the connection behind it: RS and C of the draft. Bytes.
struct delivery {
    time_point now{};
    uint64_t total = 0;               // C.delivered, over the connection's life
    uint32_t newly_acked = 0;         // RS.newly_acked, cumulatively or selectively
    uint32_t in_flight = 0;           // C.inflight behind it
    bool has_sample = false;          // something was delivered: what follows up to `rtt` holds
    uint64_t prior = 0;               // RS.prior_delivered
    uint64_t delivered = 0;           // RS.delivered
    uint64_t rate = 0;                // RS.delivery_rate, bytes per second; 0: none that is reliable
    uint64_t send_rate = UINT64_MAX;  // at which what was delivered had been sent; the largest: at once
    uint32_t tx_in_flight = 0;        // RS.tx_in_flight
    uint64_t lost = 0;                // RS.lost
    bool app_limited = false;         // RS.is_app_limited
    duration rtt{-1};                 // RS.rtt; negative: none
    bool cwnd_limited = false;        // the window, nothing else, stopped the last sending
    bool in_recovery = false;         // fast recovery, or behind a timeout
};

// A segment is believed to be lost: P of draft-ietf-ccwg-bbr §5.5.10.2. Bytes.
struct lost_segment {
    uint32_t size = 0;
    uint32_t tx_in_flight = 0;  // P.tx_in_flight
    uint64_t lost = 0;          // C.lost - P.lost: lost since it was sent, with it
    uint64_t total = 0;         // C.delivered
    bool app_limited = false;   // P.is_app_limited
    bool begins_range = false;  // the one before it in sequence was not lost
};

}  // namespace millrace::tcp
