#include "core/cycles.hh"

#include "core/time.hh"

namespace millrace {

namespace {

struct reading {
    uint64_t cycles;
    time_point time;
};

reading read_both() noexcept {
    return {read_cycles(), system_clock().now()};
}

const reading at_start = read_both();
constexpr duration long_enough = std::chrono::milliseconds(10);

}  // namespace

#if !defined(__x86_64__)
uint64_t read_cycles() noexcept {
    return uint64_t(system_clock().now().time_since_epoch().count());
}
#endif

double cycles_per_second() noexcept {
    reading now = read_both();
    while (now.time - at_start.time < long_enough) now = read_both();
    const std::chrono::duration<double> elapsed = now.time - at_start.time;
    return double(now.cycles - at_start.cycles) / elapsed.count();
}

}  // namespace millrace
