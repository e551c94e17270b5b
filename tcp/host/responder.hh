// Answers that belong to no connection: resets, SYN-ACKs, ACKs of TIME-WAIT. Limited, as a flood asks for
// them.
#pragma once

#include "net/interface.hh"
#include "tcp/connection/rate_limit.hh"
#include "tcp/listen/four_tuple.hh"
#include "tcp/segment/segment.hh"
#include "tcp/stats.hh"

#include <cstdint>

namespace millrace::tcp {

class responder {
 public:
    // `challenges`: shared with connections. `seed` is secret: see rate_limit.
    responder(net::interface& out, stats& counters, uint32_t resets_per_second, uint64_t seed,
              rate_limit& challenges) noexcept
        : out_(out), counters_(counters), resets_(resets_per_second, seed), challenges_(challenges) {}

    // To the flow's remote end.
    void send(const four_tuple& flow, outgoing&& o) noexcept;
    // The RST that `s` deserves, none if it is one itself. RFC 9293 §3.10.7.1.
    void reset(const four_tuple& flow, const segment& s, time_point now) noexcept;
    // An ACK that an attacker could ask for: RFC 5961 §7.
    void challenge(const four_tuple& flow, outgoing&& ack, time_point now) noexcept;

 private:
    net::interface& out_;
    stats& counters_;
    rate_limit resets_;
    rate_limit& challenges_;
};

}  // namespace millrace::tcp
