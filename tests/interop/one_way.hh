// One direction of a wire between real interfaces: frames that are on their way, as the simulated wire would
// have them. No clock and no socket in here.
#pragma once

#include "core/time.hh"
#include "net/sim/impairment.hh"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace millrace::interop {

using frame = std::vector<std::byte>;

class one_way {
 public:
    // `options` are those of the simulated wire: one path gives both worlds comparable figures. More than
    // `most_held` frames at once would be a mistake in them, and are dropped.
    one_way(uint64_t seed, const net::wire_options& options, size_t most_held = 1 << 17);

    // A frame was sent at `now`, which is never earlier than the one before. IPv4 meets its fate; ARP is
    // delayed only, as an address found late says nothing about TCP; anything else, such as IPv6's search for
    // routers, is dropped, so that chance is drawn for the same frames whatever the two ends chatter about.
    void put(time_point now, std::span<const std::byte> bytes);

    // When the next frame arrives; `never` if none is on its way.
    time_point next_arrival() const noexcept { return held_.empty() ? never : held_.begin()->first; }
    // Takes that frame off the wire; there must be one.
    frame take();

    const net::wire_counters& counters() const noexcept { return impairment_.counters(); }
    uint64_t ignored() const noexcept { return ignored_; }        // neither IPv4 nor ARP
    uint64_t overloaded() const noexcept { return overloaded_; }  // beyond most_held

 private:
    void hold(time_point arrival, frame bytes);

    net::impairment impairment_;
    std::multimap<time_point, frame> held_;  // those of one instant stay in the order in which they came
    size_t most_held_;
    uint64_t ignored_ = 0;
    uint64_t overloaded_ = 0;
};

}  // namespace millrace::interop
