// millrace-sim-seeds: runs many seeds of the whole stack in the simulator, and one again that failed.
#include "core/app.hh"
#include "tests/support/sim_shrink.hh"
#include "tests/support/sim_transfer.hh"

#include <fmt/format.h>

#include <cstdio>
#include <stdexcept>

using namespace millrace;

int main(int argc, char** argv) {
    uint64_t seeds = 1000, first = 1, bytes = 4 << 20;
    bool verbose = false, shrink = true, tso = true, device_tso = false;
    std::string pcap, without;
    config_schema schema("millrace-sim-seeds",
                         "Bytes through an echo service and back, over wires drawn from seeds.");
    schema.number("seeds", seeds, "how many to run");
    schema.number("first", first, "the first of them");
    schema.bytes("bytes", bytes, "to send each way");
    schema.toggle("verbose", verbose, "a line for every seed");
    schema.text("pcap", pcap, "write what the client's host sees of the last seed").placeholder("FILE");
    schema.toggle("tso", tso, "as --tcp-tso");
    schema.toggle("device-tso", device_tso, "the devices cut runs of segments, and fill checksums");
    schema
        .text("without", without,
              "leave these out of what seeds draw: jitter, loss, reorder, duplicate, corrupt, "
              "marks, rate, ecn, pacing, memory")
        .placeholder("LIST")
        .check([](const std::string& names) {
            if (!test::trouble_set::parse(names))
                throw std::invalid_argument(names + " names what is not drawn");
        });
    schema.toggle("shrink", shrink,
                  "look for fewer bytes and troubles with which a seed that failed still fails");
    if (const auto code = start_program(schema, argc, argv)) return *code;

    uint64_t failed = 0, retransmissions = 0, frames = 0;
    for (uint64_t seed = first; seed < first + seeds; ++seed) {
        const bool last = seed + 1 == first + seeds;
        const test::transfer_options options{.bytes = bytes,
                                             .pcap = last ? pcap : std::string(),
                                             .tso = tso,
                                             .device_cuts = device_tso,
                                             .without = *test::trouble_set::parse(without)};
        const test::transfer_outcome o = test::run_transfer(seed, options);
        failed += !o.ok();
        retransmissions += o.retransmissions;
        frames += o.frames;
        if (verbose || !o.ok())
            fmt::print("seed {}: {}; {:.1f} s, {} frames, {} retransmissions, hash {:016x}; {}\n", seed,
                       o.ok() ? "ok" : "FAILED: " + o.failure, o.seconds, o.frames, o.retransmissions, o.hash,
                       o.troubles);
        std::fflush(stdout);
        if (!o.ok())
            fmt::print("seed {}: {}\n", seed,
                       shrink ? test::smallest_replay(seed, options, o)
                              : "replay: " + test::replay_line(seed, options));
        std::fflush(stdout);
    }
    fmt::print("{} seeds of {} bytes each way: {} failed; {} frames, {} retransmissions\n", seeds, bytes,
               failed, frames, retransmissions);
    if (failed) fmt::print("--pcap FILE beside a replay writes its packets\n");
    return failed ? 1 : 0;
}
