// Whether and when a silent peer is asked if it is still there: RFC 9293 §3.8.4.
#pragma once

#include "core/time.hh"

#include <chrono>

namespace millrace::net {

// On kernel sockets times are whole seconds, rounded up.
struct keepalive_settings {
    bool on = true;
    duration idle = std::chrono::hours(2);         // silence before the first question
    duration interval = std::chrono::seconds(75);  // between questions
    unsigned probes = 9;                           // unanswered ones after which the connection has failed
};

}  // namespace millrace::net
