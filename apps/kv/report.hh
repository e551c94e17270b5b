// INFO and CLIENT LIST: what each shard says of itself, and the text made of what all say.
#pragma once

#include "apps/kv/shard_state.hh"
#include "core/metrics.hh"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::kv {

// One shard's share of INFO. Owns what it holds, as it travels.
struct shard_report {
    size_t keys = 0;
    size_t expiring = 0;
    uint64_t bytes = 0;
    uint64_t unfinished_bytes = 0;
    size_t clients = 0;
    store_counters found;
    shard_counters work;
    std::vector<metric_sample> metrics;
};
shard_report report_of(const shard_state& s, const metric_registry& metrics);

// What the process knows of itself.
struct process_facts {
    uint64_t pid = 0;
    uint16_t port = 0;
    duration uptime{};
    uint64_t max_memory = 0;
    uint64_t max_clients = 0;
    uint64_t resident_bytes = 0;
};

// The sections asked for by name ("server", "clients", "memory", "stats", "keyspace", "millrace"); all of
// them if none, "all", "default" or "everything" is.
std::string info_text(std::span<const std::string_view> sections, const process_facts& process,
                      std::span<const shard_report> shards);

// The lines of CLIENT LIST for the clients of one shard.
std::string client_lines(const shard_state& s, time_point now);

}  // namespace millrace::kv
