#include "tcp/receive/receive_window.hh"

#include "tcp/segment/options.hh"

namespace millrace::tcp {

uint8_t receive_window::scale_for(uint32_t bytes) noexcept {
    uint8_t scale = 0;
    while (scale < options::max_window_scale && (bytes >> scale) > max_field) ++scale;
    return scale;
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
