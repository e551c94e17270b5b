// What was measured, of one shard or of all, and how it is told.
#pragma once

#include "apps/common/histogram.hh"
#include "apps/perf/settings.hh"

#include <cstdint>
#include <string>

namespace millrace::perf {

struct measurement {
    uint64_t requests = 0;  // rr, crr: answered while measuring
    uint64_t sent = 0;      // bytes while measuring
    uint64_t received = 0;
    duration measured{};     // the longest of the shards'
    histogram latency;       // of rr and crr
    unsigned connected = 0;  // connections that were established at the start
    bool partial = false;    // it ended early, or something was lost
    std::string error;       // the first thing that went wrong, as a sentence; empty: nothing did

    void fail(std::string why) {
        if (error.empty()) error = std::move(why);
        partial = true;
    }
    void merge(const measurement& other);
};

std::string to_text(const measurement& r, const settings& s, unsigned shards);
// One line.
std::string to_json(const measurement& r, const settings& s, unsigned shards);

}  // namespace millrace::perf
