// One seed: a wire with the troubles that the seed draws, and a number of bytes through an echo service and
// back.
#pragma once

#include "tests/support/sim_troubles.hh"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace millrace::test {

struct transfer_options {
    size_t bytes = 4 << 20;  // each way
    std::string pcap{};      // a file to write what host a sees; empty: none
    bool gro = true;         // as of tcp::native_settings
    bool tso = true;
    bool device_cuts = false;  // those of TSO, and fills checksums
    trouble_set without{};     // of what the seed draws
    // A byte that the echo service gets wrong: for tests of what becomes of a failure.
    std::optional<size_t> spoilt{};
};

struct transfer_outcome {
    std::string failure;   // empty: every byte came back, all is closed, nothing is left
    std::string troubles;  // of the wire, as drawn
    uint64_t hash = 0;     // of what came back
    double seconds = 0;    // of virtual time, until both ends had closed
    uint64_t retransmissions = 0;
    uint64_t frames = 0;
    uint64_t steps = 0;
    uint64_t gro_merged = 0;  // segments, at both ends
    uint64_t tso_frames = 0;
    uint64_t gso_runs = 0;

    bool ok() const noexcept { return failure.empty(); }
};

transfer_outcome run_transfer(uint64_t seed, const transfer_options& options = {});

}  // namespace millrace::test
