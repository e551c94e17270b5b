#include "core/future_state.hh"

#include "core/scheduler/background_work.hh"

namespace millrace {

void future_base::hand_links_to(future_base& target) noexcept {
    target.links_.promise = links_.promise;
    if (links_.promise) links_.promise->future_ = &target;
    state_ = state::none;
}

void future_base::drop() noexcept {
    if (state_ == state::failed) {
        failure forgotten = take_failure();
        if (!run_queue::has_current() || !run_queue::current().ending()) report_forgotten(forgotten);
        return;
    }
    bool ending = run_queue::has_current() && run_queue::current().ending();
    CHECK(ending || links_.waiter == nullptr);
    state_ = state::none;
    promise_base* promise = links_.promise;
    if (!promise) return;
    promise->future_ = nullptr;
    // Callees end before their callers, whose variables they may use.
    using role = promise_base::role;
    if (ending && (promise->role_ == role::producer || promise->role_ == role::coroutine))
        static_cast<producer*>(promise)->drop();
    else if (!ending && promise->role_ == role::place_in_line)
        static_cast<place_in_line*>(promise)->on_left();
}

bool future_base::detach_to_background() noexcept {
    if (state_ != state::pending || !links_.promise) return false;
    if (links_.promise->role_ != promise_base::role::coroutine) return false;
    background_work::current().enter();
    links_.promise->role_ = promise_base::role::background;
    links_.promise->future_ = nullptr;
    state_ = state::none;
    return true;
}

bool future_base::leave_line() noexcept {
    if (state_ != state::pending || !links_.promise) return false;
    if (links_.promise->role_ != promise_base::role::place_in_line) return false;
    links_.waiter = nullptr;
    drop();
    return true;
}

void promise_base::fail(failure f) noexcept {
    CHECK(!resolved_);
    resolved_ = true;
    if (future_) return std::exchange(future_, nullptr)->fail(std::move(f));
    if (run_queue::has_current() && run_queue::current().ending()) return;
    if (!in_background()) return report_forgotten(f);
    background_work::report(f);
}

void promise_base::delegate_to(future_base& source) noexcept {
    CHECK(!resolved_);
    resolved_ = true;
    if (future_base* target = std::exchange(future_, nullptr)) source.hand_links_to(*target);
}

void promise_base::leave_background() noexcept {
    background_work::current().leave();
}

void promise_base::break_promise() noexcept {
    if (run_queue::has_current() && run_queue::current().ending()) {
        future_->links_.promise = nullptr;
        return;
    }
    fail({to_exception_ptr(errc::broken_promise), std::source_location::current()});
}

}  // namespace millrace
