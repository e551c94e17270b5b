#include "core/cycles.hh"

#include "core/time.hh"

namespace millrace {

namespace {

struct reading {
    uint64_t cycles;
    time_point time;
};

// Both of one moment: of some tries that during which the least time went by. Who is not running between the
// two readings would take the one for the other, by as much as a time slice.
reading read_both() noexcept {
    constexpr int tries = 8;
    reading best{};
    duration least = duration::max();
    for (int i = 0; i < tries; ++i) {
        const time_point before = system_clock().now();
        const uint64_t cycles = read_cycles();
        const duration took = system_clock().now() - before;
        if (took >= least) continue;
        least = took;
        best = {cycles, before + took / 2};
    }
    return best;
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
