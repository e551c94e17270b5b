// What a connection knows of explicit congestion notification: RFC 3168 §6.1, RFC 9768.
#pragma once

#include "tcp/receive/mark_counters.hh"
#include "tcp/segment/ecn_setup.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/mark_feedback.hh"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace::tcp {

// Of accurate feedback alone.
struct accurate_ecn {
    mark_counters received;
    mark_feedback sent;
    // That our SYN-ACK is answered, or the peer's came again: with this in the place of a counter (RFC 9768
    // §3.2.2.1).
    flags handshake_ace;
    bool tests_path = false;  // the option is due on the first data, too
    bool skips_ace = false;   // in the segment that is looked at it is no counter
};

struct ecn_state {
    ecn_feedback feedback = ecn_feedback::none;  // agreed on; in SYN-SENT: asked for
    net::ecn syn_mark = net::ecn::not_capable;   // the peer's last SYN came with it
    bool ect = false;                            // our data may be marked
    seq reduced_to;                              // SND.NXT when the window was last reduced
    std::unique_ptr<accurate_ecn> accurate;

    bool is_accurate() const noexcept { return accurate != nullptr; }
};

// What was in flight before an ACK.
struct flight_before {
    seq una;
    uint32_t sacked_bytes = 0;
    size_t records = 0;
};

}  // namespace millrace::tcp
