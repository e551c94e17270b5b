// promise<T>: the end of a future that resolves it, kept by whoever knows when the value is there.
#pragma once

#include "core/future.hh"

#include <source_location>
#include <utility>

namespace millrace {

// Resolved once, by set_value or set_exception, before or after its future was taken. Dropped unresolved, it
// fails its future with errc::broken_promise.
template <typename T = void>
class promise : public promise_base {
 public:
    promise() noexcept : own_(*this) {}
    promise(promise&& other) noexcept : promise_base(std::move(other)), own_(std::move(other.own_)) {}
    promise& operator=(promise&& other) noexcept {
        if (this != &other) {
            std::destroy_at(this);
            std::construct_at(this, std::move(other));
        }
        return *this;
    }
    ~promise() = default;

    // Once.
    future<T> get_future() noexcept {
        CHECK(own_.valid());
        return std::move(own_);
    }

    // The waiter, if there is one, runs from the run queue, not from here.
    template <typename... A>
    void set_value(A&&... args) {
        resolve<T>(std::forward<A>(args)...);
    }
    // `reason`: an exception_ptr, an error code, or an exception object.
    template <typename E>
    void set_exception(E&& reason, std::source_location where = std::source_location::current()) noexcept {
        fail({to_exception_ptr(std::forward<E>(reason)), where});
    }
    void set_failure(failure f) noexcept { fail(std::move(f)); }

 private:
    future<T> own_;  // until it is taken
};

}  // namespace millrace
