// What an operator can set of millrace-kv; budgets are of the whole process and shared out evenly among its
// shards.
#pragma once

#include "core/time.hh"

#include <cstdint>

namespace millrace {
class config_schema;
}

namespace millrace::kv {

struct settings {
    uint64_t max_memory = 1ull << 30;        // bytes of keys, values and tables; 0: no limit
    uint64_t max_argument = 64ull << 20;     // bytes of one argument, and of one value
    unsigned max_arguments = 1u << 20;       // of one command
    uint64_t max_unfinished = 256ull << 20;  // bytes of commands not yet complete, of all clients
    uint64_t max_reply = 512ull << 20;       // bytes of replies to one read of a client, from each shard
    uint64_t output_watermark = 1ull << 20;  // bytes of replies written before more commands of a client run
    uint64_t max_unsent = 1ull << 30;        // bytes of replies that clients do not take, of all of them
    unsigned max_clients = 10'000;
    duration sweep_interval =
        std::chrono::milliseconds(100);  // between looks for expired keys, if any expire
    unsigned sweep_slots = 4096;         // looked at each time, by each shard
};

// What one command with a longest argument may need while it arrives: its buffer, and the one that it moves
// to when it grows, with something to spare for its other arguments. No shard has less.
constexpr uint64_t least_unfinished(uint64_t max_argument) noexcept {
    return max_argument / 4 * 9 + (256u << 10);
}

// What the replies to one read may come to: a client that takes them is not to be cut off for it.
constexpr uint64_t least_unsent(const settings& s) noexcept {
    return s.max_reply + s.output_watermark;
}

// Adds the settings to a schema that parses into `s`.
void declare(config_schema& schema, settings& s);

}  // namespace millrace::kv
