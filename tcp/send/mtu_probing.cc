#include "tcp/send/mtu_probing.hh"

#include "core/check.hh"

#include <algorithm>
#include <iterator>

namespace millrace::tcp {
namespace {

// What paths are as a rule (RFC 4821 §7.3), in ascending order: IPv6's least, tunnels in IP, WireGuard,
// VXLAN, GRE, IP in IP, PPPoE, Ethernet, and frames beyond it.
constexpr uint16_t usual[] = {1240, 1360, 1380, 1410, 1436, 1440, 1452, 1460, 2304, 4312, 8160, 8960, 16344};

}  // namespace

mtu_probing::mtu_probing(const limits& l, uint16_t ceiling) noexcept
    : limits_(l), ceiling_(ceiling), size_(ceiling), too_large_(uint16_t(ceiling + 1)) {}

void mtu_probing::start_at_base() noexcept {
    size_ = std::min(size_, limits_.base);
    candidate_ = choose();
}

// Down to the base, of which RFC 4821 §7.2 expects that it passes; if not even that does, by halves.
bool mtu_probing::on_black_hole(uint16_t stuck) noexcept {
    if (stuck > size_) return false;  // was sent before the last fall
    const uint16_t smaller =
        stuck > limits_.base ? limits_.base : std::max<uint16_t>(stuck / 2, limits_.floor);
    if (smaller >= stuck) return false;
    if (stuck > limits_.base) too_large_ = std::min(too_large_, stuck);
    size_ = smaller;
    probed_ = 0;
    lost_ = 0;
    raise_at_ = never;
    candidate_ = choose();
    return true;
}

// A search that was over is still, or the ceiling is next, as it was told by who should know.
void mtu_probing::set_ceiling(uint16_t mss) noexcept {
    if (mss >= ceiling_) return;
    ceiling_ = mss;
    size_ = std::min(size_, mss);
    too_large_ = std::min(too_large_, uint16_t(mss + 1));
    lost_ = 0;
    candidate_ = choose();
    if (candidate_ > 0 || size_ == ceiling_) raise_at_ = never;
}

void mtu_probing::on_sent(seq_range text) noexcept {
    CHECK(next() > 0);
    probed_ = candidate_;
    text_ = text;
}

bool mtu_probing::on_ack(seq una, time_point now) noexcept {
    if (!in_flight() || una < text_.right) return false;
    const uint16_t arrived = probed_;
    probed_ = 0;
    if (arrived >= too_large_) return false;  // it is now said to be so
    size_ = arrived;
    lost_ = 0;
    search_on(now);
    return true;
}

void mtu_probing::on_lost(time_point now) noexcept {
    if (!in_flight()) return;
    const uint16_t probed = probed_;
    probed_ = 0;
    if (probed != candidate_ || ++lost_ < max_probes) return;
    too_large_ = probed;
    lost_ = 0;
    search_on(now);
}

// What was too large may no longer be.
void mtu_probing::on_raise() noexcept {
    raise_at_ = never;
    too_large_ = uint16_t(ceiling_ + 1);
    candidate_ = choose();
}

void mtu_probing::search_on(time_point now) noexcept {
    candidate_ = choose();
    raise_at_ = candidate_ == 0 && size_ < ceiling_ ? now + limits_.raise_after : never;
}

// RFC 4821 §7.3, RFC 8899 §5.3.2: all that the ends can do first, as that is mostly so; then among the usual
// sizes, by halves; then between these. 0: what is carried is known.
uint16_t mtu_probing::choose() const noexcept {
    if (size_ >= ceiling_) return 0;
    if (too_large_ > ceiling_) return ceiling_;
    const auto* first = std::upper_bound(std::begin(usual), std::end(usual), size_);
    const auto* last = std::lower_bound(first, std::end(usual), too_large_);
    if (first != last) return first[(last - first) / 2];
    return too_large_ - size_ > close_enough ? uint16_t((size_ + too_large_) / 2) : 0;
}

}  // namespace millrace::tcp
