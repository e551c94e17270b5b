// Functions that return future<T> may be coroutines, and may co_await futures.
//
// A coroutine starts when it is called and runs until a future that it awaits is not available. It goes on
// from the run queue of its shard. Its frame comes from the frame cache; the waiter, one for all of its
// co_awaits, is in the frame. Whatever is passed by reference must outlive it.
//
// Two bugs of g++ 12 to keep clear of. A loop whose condition awaits and whose body is empty,
// while (co_await next()) {}, crashes: await in the body. A lambda with captures that is written inside a
// co_await expression is destroyed twice: name it first.
#pragma once

#include "core/future.hh"
#include "core/promise.hh"

#include <algorithm>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <source_location>
#include <utility>

namespace millrace::detail {

// Of a coroutine, whatever it returns: a task that goes on with it. It waits for one thing at a time.
class coroutine_base : public producer, public task {
 public:
    coroutine_base() noexcept : producer(role::coroutine) {}
    // Goes on when f is available. `f` must stay where it is until then.
    void wait_for(future_base& f) noexcept {
        enlist();
        f.notify(*this);
    }
    // Goes on behind the tasks that are ready.
    void wait_in_queue() noexcept {
        enlist();
        schedule(*this);
    }

 protected:
    ~coroutine_base() = default;
};

// The frames of the coroutines that a thread has begun and not ended.
class coroutine_frame {
 public:
    static void* operator new(size_t size) {
        bytes_ += ptrdiff_t(size);
        return frame_cache::allocate(size);
    }
    static void operator delete(void* block, size_t size) noexcept {
        bytes_ -= ptrdiff_t(size);
        frame_cache::free(block, size);
    }
    static size_t bytes() noexcept { return size_t(std::max<ptrdiff_t>(bytes_, 0)); }

 protected:
    ~coroutine_frame() = default;

 private:
    [[gnu::tls_model("initial-exec")]] static inline constinit thread_local ptrdiff_t bytes_ = 0;
};

template <typename T, typename Promise>
class coroutine_promise_base : public coroutine_base, public coroutine_frame {
 public:
    future<T> get_return_object() noexcept { return future<T>(static_cast<promise_base&>(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    // The default argument names the coroutine.
    void unhandled_exception(std::source_location where = std::source_location::current()) noexcept {
        fail({std::current_exception(), where});
    }
    void run() noexcept final { handle().resume(); }
    void drop() noexcept final { handle().destroy(); }

 protected:
    ~coroutine_promise_base() = default;

 private:
    std::coroutine_handle<Promise> handle() noexcept {
        return std::coroutine_handle<Promise>::from_promise(static_cast<Promise&>(*this));
    }
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
    // Behind its variables, whose destructors are part of the work.
    ~coroutine_promise() {
        if (in_background()) [[unlikely]]
            leave_background();
    }
    void return_void() noexcept { resolve<void>(); }
};

class settled_awaiter {
 public:
    explicit settled_awaiter(future_base& f) noexcept : future_(f) {}
    bool await_ready() const noexcept { return future_.available() && !need_preempt(); }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> h) noexcept {
        h.promise().wait_for(future_);
    }
    void await_resume() const noexcept {}

 private:
    future_base& future_;
};

}  // namespace millrace::detail

namespace millrace {

// `co_await behind_others()`: goes on when the tasks that are ready now have run. As yield(), but only for
// coroutines: no future is made for it.
class behind_others final {
 public:
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> h) noexcept {
        h.promise().wait_in_queue();
    }
    void await_resume() const noexcept {}
};

// Of the coroutines that this thread has begun and not ended.
inline size_t coroutine_frame_bytes() noexcept {
    return detail::coroutine_frame::bytes();
}

// `co_await settled(f)`: f is available afterwards, with its value or failure still in it.
inline auto settled(future_base& f) noexcept {
    return detail::settled_awaiter(f);
}

}  // namespace millrace

template <typename T, typename... A>
struct std::coroutine_traits<millrace::future<T>, A...> {
    using promise_type = millrace::detail::coroutine_promise<T>;
};
