// Work that nobody waits for: it runs on, is counted by its shard, and its failure is logged.
#pragma once

#include "core/future.hh"

#include <cstddef>

namespace millrace {

// Lets the work run on. A failure becomes one log line that says where it came from.
void background(future<> work) noexcept;
template <typename T>
void background(future<T> work) {
    background(work.discard_result());
}

// How much runs in the background of the current shard.
size_t background_count() noexcept;
// Resolves once nothing runs in the background of the current shard; what is added meanwhile counts too.
future<> background_done();

}  // namespace millrace
