// What was measured, of one shard or of all.
#pragma once

#include "apps/common/histogram.hh"

#include <cstdint>
#include <optional>
#include <string>

namespace millrace::perf {

enum class phase : uint8_t { connecting, preloading, warming_up, measuring, ending };

struct measurement {
    uint64_t requests = 0;  // answered while measuring
    uint64_t sent = 0;      // bytes while measuring
    uint64_t received = 0;
    duration measured{};                 // the longest of the shards'
    histogram latency;                   // of requests
    uint64_t late = 0;                   // open loop: due while measuring and not answered at its end
    unsigned connected = 0;              // connections that were established
    duration cpu{};                      // of the shards' threads while measuring
    std::optional<duration> server_cpu;  // of --server-pid
    phase at = phase::connecting;
    bool partial = false;   // it ended early, or something was lost
    bool unusable = false;  // the surroundings do not allow it: bad input
    std::string error;      // the first thing that went wrong, as a sentence; empty: nothing did

    void fail(std::string why) {
        if (error.empty()) error = std::move(why);
        partial = true;
    }
    void merge(const measurement& other);
};

}  // namespace millrace::perf
