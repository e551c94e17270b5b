#include "core/time.hh"

#include <time.h>

namespace millrace {

time_point system_clock::now() noexcept {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return time_point(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

}  // namespace millrace
