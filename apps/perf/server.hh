// The server's end: echoes, sends, discards or answers GET and SET, as the connection asks.
#pragma once

#include "apps/perf/pattern.hh"
#include "apps/perf/responder.hh"
#include "core/future.hh"
#include "net/network.hh"

#include <cstdint>
#include <string>

namespace millrace::perf {

// What one shard has served, and holds for Redis clients.
struct served {
    uint64_t connections = 0;
    uint64_t reads = 0;  // what came at once: with short requests one by one, as many as these
    uint64_t bytes = 0;
    uint64_t commands = 0;
    resp_store store;
};

// Serves one shard until the listener is closed. `check`: what clients write into streams is compared with
// the pattern, and the connection reset if it differs. `p` and `s` must outlive the connections, and `p`
// reach the longest message.
future<> serve(net::network& network, net::listen_options where, const pattern& p, bool check, served& s);

// The sentence of a server that ends: what it answered, and at what cost of the shards' CPU time.
std::string farewell(const served& s, duration cpu);

}  // namespace millrace::perf
