// Both ends in one thread, each with a stack of its own, over a link in memory: what the stacks themselves
// cost, without a device or a second core. Under callgrind the server's share is the inclusive cost of
// serve_turn().
#pragma once

namespace millrace::perf {

// The command line has --self somewhere.
bool asks_for_self(int argc, const char* const* argv) noexcept;

// The program then; its exit code.
int run_self(int argc, const char* const* argv);

}  // namespace millrace::perf
