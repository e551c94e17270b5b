// Sends back what it receives.
#pragma once

#include "core/future.hh"
#include "net/network.hh"

#include <cstdint>

namespace millrace::echo {

struct counters {
    uint64_t connections = 0;
    uint64_t lost = 0;  // connections that were reset or timed out
    uint64_t bytes = 0;
};

// Accepts connections on one shard until the listener is closed. `c` must outlive them.
future<> serve(net::network& network, net::listen_options where, counters& c);

}  // namespace millrace::echo
