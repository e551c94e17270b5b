// Functions that return future<T> may be coroutines, and may co_await futures.
//
// A coroutine starts when it is called and runs until a future that it awaits is not available. It goes on
// from the run queue of its shard. Its frame comes from the frame cache; while it waits, the waiter is in the
// frame. Whatever is passed by reference must outlive it.
//
// Two bugs of g++ 12 to keep clear of. A loop whose condition awaits and whose body is empty,
// while (co_await next()) {}, crashes: await in the body. A lambda with captures that is written inside a
// co_await expression is destroyed twice: name it first.
#pragma once

#include "core/future.hh"
#include "core/promise.hh"

#include <concepts>
#include <coroutine>
#include <exception>
#include <source_location>
#include <utility>

namespace millrace::detail {

template <typename T, typename Promise>
class coroutine_promise_base : public producer, public frame_cached {
 public:
    future<T> get_return_object() noexcept { return future<T>(static_cast<promise_base&>(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    // The default argument names the coroutine.
    void unhandled_exception(std::source_location where = std::source_location::current()) noexcept {
        fail({std::current_exception(), where});
    }
    void drop() noexcept override {
        std::coroutine_handle<Promise>::from_promise(static_cast<Promise&>(*this)).destroy();
    }

 protected:
    ~coroutine_promise_base() = default;
};

template <typename T>
class coroutine_promise final : public coroutine_promise_base<T, coroutine_promise<T>> {
 public:
    template <typename U>
    requires std::constructible_from<T, U&&>
    void return_value(U&& value) { this->template resolve<T>(std::forward<U>(value)); }
};

template <>
class coroutine_promise<void> final : public coroutine_promise_base<void, coroutine_promise<void>> {
 public:
    void return_void() noexcept { resolve<void>(); }
};

// Waits for a future that stays where it is until the end of the co_await expression.
class awaiter : public task {
 public:
    // The quota of need_preempt() keeps loops over ready futures from holding the shard.
    bool await_ready() const noexcept { return future_.available() && !need_preempt(); }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> h) noexcept {
        handle_ = h;
        if constexpr (std::derived_from<Promise, producer>) h.promise().enlist();
        future_.notify(*this);
    }
    void run() noexcept final { handle_.resume(); }

 protected:
    explicit awaiter(future_base& f) noexcept : future_(f) {}
    ~awaiter() = default;

    future_base& future_;

 private:
    std::coroutine_handle<> handle_;
};

class settled_awaiter final : public awaiter {
 public:
    explicit settled_awaiter(future_base& f) noexcept : awaiter(f) {}
    void await_resume() const noexcept {}
};

template <typename T>
class future_awaiter final : public awaiter {
 public:
    explicit future_awaiter(future<T>& f) noexcept : awaiter(f) {}
    T await_resume() { return static_cast<future<T>&>(future_).get(); }
};

}  // namespace millrace::detail

namespace millrace {

// `co_await f()` and `co_await std::move(f)`: the value, or throws the failure. The future must not be moved
// or destroyed meanwhile.
template <typename T>
auto operator co_await(future<T>&& f) noexcept {
    return detail::future_awaiter<T>(f);
}

// `co_await behind_others()`: goes on when the tasks that are ready now have run. As yield(), but only for
// coroutines: no future is made for it.
class behind_others final : public task {
 public:
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> h) noexcept {
        handle_ = h;
        if constexpr (std::derived_from<Promise, producer>) h.promise().enlist();
        schedule(*this);
    }
    void await_resume() const noexcept {}
    void run() noexcept override { handle_.resume(); }

 private:
    std::coroutine_handle<> handle_;
};

// `co_await settled(f)`: f is available afterwards, with its value or failure still in it.
inline auto settled(future_base& f) noexcept {
    return detail::settled_awaiter(f);
}

}  // namespace millrace

template <typename T, typename... A>
struct std::coroutine_traits<millrace::future<T>, A...> {
    using promise_type = millrace::detail::coroutine_promise<T>;
};
