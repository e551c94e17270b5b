// The server's end: echoes, sends or discards, as the connection asks.
#pragma once

#include "apps/perf/pattern.hh"
#include "core/future.hh"
#include "net/network.hh"

#include <cstdint>

namespace millrace::perf {

// Serves one shard until the listener is closed. `check`: what clients write is compared with the pattern,
// and the connection reset if it differs. `p` must outlive the connections and reach the longest message.
future<> serve(net::network& network, net::listen_options where, const pattern& p, bool check);

}  // namespace millrace::perf
