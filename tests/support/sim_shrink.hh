// A transfer that fails, made as small as it still fails: fewer bytes and troubles, and so fewer packets for
// who looks why.
#pragma once

#include "tests/support/sim_transfer.hh"

#include <cstdint>
#include <functional>
#include <string>

namespace millrace::test {

using transfer_function = std::function<transfer_outcome(uint64_t seed, const transfer_options& options)>;

struct shrunk_transfer {
    transfer_options options;
    transfer_outcome outcome;  // that fails, maybe in another way
    unsigned tried = 0;        // transfers
};

// `failing` is what `seed` has failed with, in the way of `how`. At most `most` transfers are tried.
shrunk_transfer shrink_transfer(uint64_t seed, const transfer_options& failing, const transfer_outcome& how,
                                const transfer_function& run = run_transfer, unsigned most = 150);

// The command that runs it again, in one line.
std::string replay_line(uint64_t seed, const transfer_options& options);
// The same for what is left of a transfer that has failed: "replay, 12 of 3405 frames: millrace-sim-seeds
// ...".
std::string smallest_replay(uint64_t seed, const transfer_options& failing, const transfer_outcome& how);

}  // namespace millrace::test
