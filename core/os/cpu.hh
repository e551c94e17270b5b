// The machine's CPUs and the threads on them.
#pragma once

#include <vector>

namespace millrace {

// Ascending: those that this process may run on.
std::vector<unsigned> usable_cpus();

// Keeps the calling thread on one CPU. Throws std::system_error.
void pin_this_thread(unsigned cpu);

// Lets timed sleeps of the calling thread end when they should: the kernel would otherwise add up to 50 us.
void sharpen_sleep() noexcept;

}  // namespace millrace
