#include "tcp/recovery/rto.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

constexpr uint8_t max_backoffs = 30;

}  // namespace

void rto::back_off(const rto_limits& limits) noexcept {
    if (backoffs_ < max_backoffs) ++backoffs_;
    update(limits.max);
}

void rto::reset_backoff(const rto_limits& limits) noexcept {
    backoffs_ = 0;
    update(limits.max);
}

void rto::on_handshake_timed_out(const rto_limits& limits) noexcept {
    base_ = std::max(duration(base_), duration(std::chrono::seconds(3))).count();
    update(limits.max);
}

void rto::update(duration max) noexcept {
    value_ = std::min(duration(base_), max);
    for (unsigned i = 0; i < backoffs_ && value_ < max; ++i) value_ *= 2;
    value_ = std::min(value_, max);
}

}  // namespace millrace::tcp
