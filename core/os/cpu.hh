// The machine's CPUs and the threads on them.
#pragma once

#include <vector>

namespace millrace {

// Ascending: those that this process may run on.
std::vector<unsigned> usable_cpus();

// Keeps the calling thread on one CPU while it lives.
class pinned_to_cpu {
 public:
    // Throws std::system_error.
    explicit pinned_to_cpu(unsigned cpu);
    pinned_to_cpu(const pinned_to_cpu&) = delete;
    pinned_to_cpu& operator=(const pinned_to_cpu&) = delete;
    ~pinned_to_cpu();

 private:
    std::vector<unsigned> before_;
};

// Lets timed sleeps of the calling thread end when they should: the kernel would otherwise add up to 50 us.
void sharpen_sleep() noexcept;

}  // namespace millrace
