#include "core/timer.hh"

#include "core/reactor.hh"
#include "core/time/timer_wheel.hh"

namespace millrace {

void timer::arm(time_point deadline) noexcept {
    if (deadline == never) {
        cancel();
        return;
    }
    timer_wheel& wheel = link_ ? *wheel_ : reactor::current().wheel();
    wheel.arm(*this, deadline);
}

void timer::arm_after(duration delay) noexcept {
    arm(reactor::current().after(delay));
}

void timer::unlink() noexcept {
    wheel_->unlink(*this);
}

}  // namespace millrace
