// What all connections of a shard share, so that no one of them, and not all together, use too much.
#pragma once

#include "net/memory_budget.hh"
#include "tcp/connection/rate_limit.hh"

namespace millrace::tcp {

struct shard_limits {
    rate_limit challenges;  // challenge ACKs: RFC 5961 §7
    net::memory_budget& memory;
};

// What a connection holds, in bytes.
struct held_memory {
    uint32_t unacknowledged = 0;
    uint32_t unread = 0;  // in order, or before its turn
};

}  // namespace millrace::tcp
