#include "tcp/receive/receive_window.hh"

#include "tcp/segment/options.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

constexpr uint32_t max_field = 65535;

// The least growth of the window that is worth telling: RFC 9293 §3.8.6.2.2 with Fr = 1/2.
uint32_t worthwhile_step(uint32_t capacity, uint32_t mss) noexcept {
    return std::min(capacity / 2, mss);
}

}  // namespace

uint8_t receive_window::scale_for(uint32_t bytes) noexcept {
    uint8_t scale = 0;
    while (scale < options::max_window_scale && (bytes >> scale) > max_field) ++scale;
    return scale;
}

uint16_t receive_window::offer(uint32_t free, uint32_t capacity, uint32_t mss) noexcept {
    const uint32_t current = wnd();
    uint32_t size = current;
    if (free > current && free - current >= worthwhile_step(capacity, mss)) {
        // Rounded down to what the field can say; the edge that is out already is rounded up below.
        size = std::max(current, free >> scale_ << scale_);
    }
    // RFC 7323 §2.4: rounding must not pull the right edge back.
    const uint32_t field = std::min((size + (uint32_t(1) << scale_) - 1) >> scale_, max_field);
    edge_ = later(edge_, nxt_ + (field << scale_));
    return uint16_t(field);
}

uint16_t receive_window::offer_in_syn(uint32_t free) noexcept {
    const uint32_t size = std::max(std::min(free, max_field), std::min(wnd(), max_field));
    edge_ = later(edge_, nxt_ + size);
    return uint16_t(size);
}

bool receive_window::update_due(uint32_t free, uint32_t capacity, uint32_t mss) const noexcept {
    const uint32_t current = wnd();
    if (free <= current) return false;
    const uint32_t growth = std::min(free, max_field << scale_) - std::min(current, max_field << scale_);
    return growth > 0 && growth >= worthwhile_step(capacity, mss) && growth >= current;
}

}  // namespace millrace::tcp
