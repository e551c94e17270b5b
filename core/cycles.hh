// The processor's cycle counter, as the cheapest way to tell how long something took.
#pragma once

#include <cstdint>

namespace millrace {

// Of the time stamp counter, which runs at one rate on all cores; nanoseconds where there is none.
#if defined(__x86_64__)
inline uint64_t read_cycles() noexcept {
    return __builtin_ia32_rdtsc();
}
#else
uint64_t read_cycles() noexcept;
#endif

// The rate of that counter, measured against the machine's clock since the program began; takes up to 10 ms
// if that is no longer ago.
double cycles_per_second() noexcept;

}  // namespace millrace
