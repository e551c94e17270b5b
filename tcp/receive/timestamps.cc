#include "tcp/receive/timestamps.hh"

#include <chrono>

namespace millrace::tcp {
namespace {

constexpr uint32_t max_elapsed_ms = 60'000;

}  // namespace

void timestamps::enable(uint32_t offset, uint32_t recent, time_point now) noexcept {
    enabled_ = true;
    offset_ = offset;
    recent_ = recent;
    recent_at_ = coarse(now);
}

std::optional<duration> timestamps::elapsed(uint32_t echo, time_point now) const noexcept {
    const uint32_t ms = timestamp_clock(now, offset_) - echo;
    if (ms > max_elapsed_ms) return std::nullopt;
    return std::chrono::milliseconds(ms);
}

}  // namespace millrace::tcp
