// What a connection knows of marks beyond that there were any, where the ends have agreed on that. RFC 9768.
#pragma once

#include "tcp/receive/mark_counters.hh"
#include "tcp/segment/flags.hh"
#include "tcp/send/mark_feedback.hh"

namespace millrace::tcp {

struct accurate_ecn {
    mark_counters received;
    mark_feedback sent;
    // That our SYN-ACK is answered, or the peer's came again: with this in the place of a counter (RFC 9768
    // §3.2.2.1).
    flags handshake_ace;
    bool tests_path = false;  // the option is due on the first data, too
    bool skips_ace = false;   // in the segment that is looked at it is no counter
};

}  // namespace millrace::tcp
