// A condition variable: coroutines wait until others say that something has changed.
#pragma once

#include "core/coroutine.hh"
#include "core/error.hh"
#include "core/wait_list.hh"

#include <exception>
#include <utility>

namespace millrace {

class condition final : private wait_list {
 public:
    // Resolves after the next signal() that is this one's. Fails with errc::timed_out at `deadline`, or with
    // the reason given to broken().
    future<> wait(time_point deadline = never) {
        if (broken_) return make_exception_future<>(broken_);
        return wait_list::wait(1, deadline);
    }
    // Waits until holds() is true, which is asked at once and after each signal.
    template <std::predicate Predicate>
    future<> wait(Predicate holds, time_point deadline = never) {
        while (!holds()) co_await wait(deadline);
    }

    // Wakes the one that has waited longest. Nobody waits: nothing happens, and nothing is remembered.
    void signal() noexcept {
        if (!wait_list::empty()) wake_front();
    }
    void broadcast() noexcept { wake_all(); }
    // Who waits, and who comes later, fails with `reason`.
    void broken(std::exception_ptr reason = to_exception_ptr(errc::condition_broken)) noexcept {
        broken_ = std::move(reason);
        fail_all(broken_);
    }

    bool has_waiters() noexcept { return !wait_list::empty(); }

 private:
    std::exception_ptr broken_;
};

}  // namespace millrace
