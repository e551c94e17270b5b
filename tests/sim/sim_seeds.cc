// millrace-sim-seeds: runs many seeds of the whole stack in the simulator, and one again that failed.
#include "core/app.hh"
#include "tests/support/sim_transfer.hh"

#include <fmt/format.h>

#include <cstdio>

using namespace millrace;

int main(int argc, char** argv) {
    uint64_t seeds = 1000, first = 1, bytes = 4 << 20;
    bool verbose = false;
    std::string pcap;
    config_schema schema("millrace-sim-seeds",
                         "Bytes through an echo service and back, over wires drawn from seeds.");
    schema.number("seeds", seeds, "how many to run");
    schema.number("first", first, "the first of them");
    schema.bytes("bytes", bytes, "to send each way");
    schema.toggle("verbose", verbose, "a line for every seed");
    schema.text("pcap", pcap, "write what the client's host sees of the last seed").placeholder("FILE");
    if (const auto code = start_program(schema, argc, argv)) return *code;

    uint64_t failed = 0, retransmissions = 0, frames = 0;
    for (uint64_t seed = first; seed < first + seeds; ++seed) {
        const bool last = seed + 1 == first + seeds;
        const test::transfer_outcome o =
            test::run_transfer(seed, {.bytes = bytes, .pcap = last ? pcap : std::string()});
        failed += !o.ok();
        retransmissions += o.retransmissions;
        frames += o.frames;
        if (verbose || !o.ok())
            fmt::print("seed {}: {}; {:.1f} s, {} frames, {} retransmissions, hash {:016x}; {}\n", seed,
                       o.ok() ? "ok" : "FAILED: " + o.failure, o.seconds, o.frames, o.retransmissions, o.hash,
                       o.troubles);
        std::fflush(stdout);
    }
    fmt::print("{} seeds of {} bytes each way: {} failed; {} frames, {} retransmissions\n", seeds, bytes,
               failed, frames, retransmissions);
    if (failed) fmt::print("replay one with --first SEED --seeds 1 --verbose --pcap FILE\n");
    return failed ? 1 : 0;
}
