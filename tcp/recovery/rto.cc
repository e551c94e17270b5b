#include "tcp/recovery/rto.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

constexpr uint8_t max_backoffs = 30;

}  // namespace

void rto::back_off() noexcept {
    if (backoffs_ < max_backoffs) ++backoffs_;
    update();
}

void rto::reset_backoff() noexcept {
    backoffs_ = 0;
    update();
}

void rto::on_handshake_timed_out() noexcept {
    base_ = std::max(base_, duration(std::chrono::seconds(3)));
    update();
}

void rto::update() noexcept {
    value_ = std::min(base_, limits_.max);
    for (unsigned i = 0; i < backoffs_ && value_ < limits_.max; ++i) value_ *= 2;
    value_ = std::min(value_, limits_.max);
}

}  // namespace millrace::tcp
