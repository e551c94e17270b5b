// CPU time used: by this thread, and by another process.
#pragma once

#include "core/time.hh"

#include <optional>
#include <string_view>

namespace millrace::perf {

// User and system time together.
duration thread_cpu_time() noexcept;

// Of all threads of a process, to a hundredth of a second; nullopt if there is no such process.
std::optional<duration> process_cpu_time(unsigned pid);

// Fields 14 and 15 of what /proc/PID/stat says, in clock ticks; nullopt if it says something else.
std::optional<uint64_t> ticks_of(std::string_view stat);

}  // namespace millrace::perf
