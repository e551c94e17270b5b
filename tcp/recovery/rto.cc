#include "tcp/recovery/rto.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

constexpr uint8_t max_backoffs = 30;

}  // namespace

void rto::on_sample(const rtt& r) noexcept {
    base_ = r.smoothed() + std::max(4 * r.variation(), limits_.min);
    backoffs_ = 0;
}

void rto::back_off() noexcept {
    if (backoffs_ < max_backoffs) ++backoffs_;
}

void rto::on_handshake_timed_out() noexcept {
    base_ = std::max(base_, duration(std::chrono::seconds(3)));
}

duration rto::value() const noexcept {
    duration d = std::min(base_, limits_.max);
    for (unsigned i = 0; i < backoffs_ && d < limits_.max; ++i) d *= 2;
    return std::min(d, limits_.max);
}

}  // namespace millrace::tcp
