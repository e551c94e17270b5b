#include "tcp/listen/isn.hh"

namespace millrace::tcp {

seq initial_numbers::isn(const four_tuple& flow, time_point now) const noexcept {
    const auto ticks = uint64_t(now.time_since_epoch() / std::chrono::microseconds(4));
    return seq(uint32_t(ticks + siphash(secret_, packed_tuple(flow).bytes)));
}

uint32_t initial_numbers::timestamp_offset(const four_tuple& flow) const noexcept {
    // The half that the sequence number does not show.
    return uint32_t(siphash(secret_, packed_tuple(flow).bytes) >> 32);
}

}  // namespace millrace::tcp
