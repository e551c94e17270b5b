// waiter: a promise without a room for its future, used again and again by one who waits for many things, one
// after the other.
#pragma once

#include "core/prefetch.hh"
#include "core/promise.hh"

#include <cstdint>
#include <memory>
#include <source_location>
#include <utility>

namespace millrace::tcp {

template <typename T = void>
class waiter final : public promise_base {
 public:
    waiter() noexcept : promise_base(role::plain) {}
    ~waiter() = default;

    // For the next one; who still waits for the last fails with errc::broken_promise.
    future<T> wait() noexcept {
        std::destroy_at(this);
        std::construct_at(this);
        return future<T>(static_cast<promise_base&>(*this));
    }
    // Fetches ahead the future of who waits. As a rule it stands in a coroutine's frame, and what the
    // coroutine needs to go on lies around it.
    void prefetch() const noexcept {
        const auto at = reinterpret_cast<uintptr_t>(future_);
        millrace::prefetch(reinterpret_cast<const void*>(at - 256), 448);
    }
    template <typename... A>
    void set_value(A&&... args) noexcept {
        resolve<T>(std::forward<A>(args)...);
    }
    template <typename E>
    void set_exception(E&& reason, std::source_location where = std::source_location::current()) noexcept {
        fail({to_exception_ptr(std::forward<E>(reason)), where});
    }
};

}  // namespace millrace::tcp
