// What a connection knows of explicit congestion notification: RFC 3168 §6.1.
#pragma once

#include "tcp/segment/ecn_setup.hh"
#include "tcp/segment/seq.hh"

#include <cstddef>
#include <cstdint>

namespace millrace::tcp {

struct ecn_state {
    ecn_feedback feedback = ecn_feedback::none;  // agreed on; in SYN-SENT: asked for
    net::ecn syn_mark = net::ecn::not_capable;   // the peer's last SYN came with it
    bool ect = false;                            // our data may be marked
    seq reduced_to;                              // SND.NXT when the window was last reduced
};

// What was in flight before an ACK.
struct flight_before {
    seq una;
    uint32_t sacked_bytes = 0;
    size_t records = 0;
};

}  // namespace millrace::tcp
