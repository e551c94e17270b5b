// future<T>: a value that is there, or will be, or the failure that came instead. Ready futures cost no
// allocation; what waits for a pending one is a task of the shard's run queue, so that resolving a promise
// never runs foreign code in the middle of one's own.
//
// Functions given to then() and its kin must not be coroutine lambdas with captures: the closure is gone when
// the coroutine goes on. Write a named coroutine and pass what it needs.
#pragma once

#include "core/future_state.hh"

#include <concepts>
#include <functional>
#include <source_location>
#include <type_traits>

namespace millrace {

struct unit {};

template <typename T>
struct futurize {
    using type = future<T>;
};
template <typename T>
struct futurize<future<T>> {
    using type = future<T>;
};
// future<T> of T, and of future<T>.
template <typename T>
using futurize_t = typename futurize<T>::type;

struct ready_tag {};

namespace detail {
template <typename F, typename T>
struct step_result {
    using type = futurize_t<std::invoke_result_t<F, T>>;
};
template <typename F>
struct step_result<F, void> {
    using type = futurize_t<std::invoke_result_t<F>>;
};
template <typename Source, typename Result, typename Step>
class continuation;

// Calls f and puts what it returns or throws into a future.
template <typename F, typename... A>
auto invoke_as_future(const std::source_location& where, F&& f, A&&... args) noexcept {
    using plain = std::invoke_result_t<F, A...>;
    using result = futurize_t<plain>;
    try {
        if constexpr (std::is_same_v<plain, result>) {
            return std::invoke(std::forward<F>(f), std::forward<A>(args)...);
        } else if constexpr (std::is_void_v<plain>) {
            std::invoke(std::forward<F>(f), std::forward<A>(args)...);
            return result(ready_tag{});
        } else {
            return result(ready_tag{}, std::invoke(std::forward<F>(f), std::forward<A>(args)...));
        }
    } catch (...) {
        return result(failure{std::current_exception(), where});
    }
}
}  // namespace detail

template <typename T = void>
class [[nodiscard]] future : public future_base {
    using stored = std::conditional_t<std::is_void_v<T>, unit, T>;
    static_assert(std::is_object_v<stored> && std::is_nothrow_move_constructible_v<stored>);
    template <typename F>
    using then_result = typename detail::step_result<F, T>::type;

 public:
    using value_type = T;

    // See also make_ready_future() and make_exception_future().
    template <typename... A>
    explicit future(ready_tag, A&&... args) : future_base(state::ready), value_(std::forward<A>(args)...) {}
    explicit future(failure f) noexcept : future_base(std::move(f)) {}
    explicit future(promise_base& p) noexcept : future_base(p) {}

    future(future&& other) noexcept : future_base(std::move(other)) {
        if (state_ == state::ready) new (&value_) stored(other.take_value());
    }
    future& operator=(future&& other) noexcept {
        if (this != &other) {
            std::destroy_at(this);
            std::construct_at(this, std::move(other));
        }
        return *this;
    }
    ~future() {
        if (state_ == state::ready) std::destroy_at(&value_);
    }

    // The value, or throws the failure. A pending future blocks the stackful thread that asks
    // (core/thread.hh); outside of one it must be available.
    T get() {
        if (state_ == state::pending) wait_in_thread();
        if (failed()) [[unlikely]]
            std::rethrow_exception(take_failure().error);
        CHECK(state_ == state::ready);
        if constexpr (std::is_void_v<T>)
            state_ = state::none;
        else
            return take_value();
    }
    // Blocks the stackful thread that asks until the future is available.
    void wait() {
        if (state_ == state::pending) wait_in_thread();
    }
    // The exception of a failed future.
    std::exception_ptr get_exception() noexcept { return get_failure().error; }
    failure get_failure() noexcept {
        CHECK(failed());
        return take_failure();
    }

    // f(value), or f() for future<void>, when the value is there; may return a value, nothing or a future. A
    // failure skips f.
    template <typename F>
    auto then(F&& f, std::source_location where = std::source_location::current()) -> then_result<F> {
        if (available() && !need_preempt()) [[likely]]
            return then_now(f, where);
        return chain<then_result<F>>(
            [f = std::forward<F>(f), where](future& self) mutable { return self.then_now(f, where); });
    }
    // f(future), which is available then.
    template <typename F>
    auto then_wrapped(F&& f, std::source_location where = std::source_location::current())
        -> futurize_t<std::invoke_result_t<F, future>> {
        if (available() && !need_preempt()) [[likely]]
            return detail::invoke_as_future(where, f, std::move(*this));
        return chain<futurize_t<std::invoke_result_t<F, future>>>(
            [f = std::forward<F>(f), where](future& self) mutable {
                return detail::invoke_as_future(where, f, std::move(self));
            });
    }
    // f() in either case; may return a future. The outcome stays, unless f alone fails. If both fail, that of
    // f is reported as forgotten.
    template <typename F>
    future finally(F&& f, std::source_location where = std::source_location::current()) {
        return then_wrapped(
            [f = std::forward<F>(f), where](future self) mutable -> future {
                return detail::invoke_as_future(where, f).then_wrapped(
                    [self = std::move(self)](auto done) mutable -> future {
                        if (done.failed() && !self.failed()) return future(done.get_failure());
                        return std::move(self);
                    });
            },
            where);
    }
    // f(exception_ptr) after a failure, to replace it: by a value of T, by a future<T>, or by throwing.
    template <typename F>
    future handle_exception(F&& f, std::source_location where = std::source_location::current()) {
        return then_wrapped(
            [f = std::forward<F>(f), where](future self) mutable -> future {
                if (!self.failed()) return self;
                return detail::invoke_as_future(where, f, self.get_exception());
            },
            where);
    }
    // The same for failures of the type that f takes, such as const std::system_error&; others pass by.
    template <typename F>
    future handle_exception_type(F&& f, std::source_location where = std::source_location::current());

    future<> discard_result() {
        return then([](auto&&...) {});
    }
    // Says that neither value nor failure of this available future matters.
    void ignore_ready_future() noexcept {
        CHECK(available());
        if (failed())
            take_failure();
        else
            take_value();
    }

    // `co_await f()` and `co_await f`, see core/coroutine.hh: the value, or throws the failure. The future
    // must not be moved or destroyed meanwhile. It is its own awaiter, so that a frame holds no other.
    // The quota of need_preempt() keeps loops over ready futures from holding the shard.
    bool await_ready() const noexcept { return available() && !need_preempt(); }
    template <typename Handle>
    void await_suspend(Handle h) noexcept {
        h.promise().wait_for(*this);
    }
    T await_resume() { return get(); }

    // Resolves p, which is unresolved, with whatever this future holds or will hold.
    void forward_to(promise_base& p) noexcept;

 private:
    friend class promise_base;
    template <typename U>
    friend class future;

    stored take_value() noexcept {
        state_ = state::none;
        stored taken = std::move(value_);
        std::destroy_at(&value_);
        return taken;
    }
    template <typename... A>
    void become_ready(A&&... args) {
        task* waiter = links_.waiter;
        new (&value_) stored(std::forward<A>(args)...);
        state_ = state::ready;
        if (waiter) schedule(*waiter);
    }
    template <typename F>
    auto then_now(F& f, const std::source_location& where) noexcept -> then_result<F> {
        if (failed()) [[unlikely]]
            return then_result<F>(take_failure());
        CHECK(state_ == state::ready);
        if constexpr (std::is_void_v<T>) {
            state_ = state::none;
            return detail::invoke_as_future(where, f);
        } else {
            return detail::invoke_as_future(where, f, take_value());
        }
    }
    template <typename Result, typename Step>
    Result chain(Step&& step);

    union {
        stored value_;  // ready
    };
};

namespace detail {

// What waits for a future and makes another: one block of the frame cache.
template <typename Source, typename Result, typename Step>
class continuation final : public producer, public task, public frame_cached {
 public:
    continuation(future<Source>&& source, Step&& step) : step_(std::move(step)), source_(std::move(source)) {}

    future<Result> start() noexcept {
        enlist();
        source_.notify(*this);
        return future<Result>(*this);
    }
    void run() noexcept override {
        step_(source_).forward_to(*this);
        delete this;
    }
    void drop() noexcept override { delete this; }

 private:
    Step step_;
    future<Source> source_;
};

template <typename F>
struct first_argument : first_argument<decltype(&F::operator())> {};
template <typename R, typename C, typename A>
struct first_argument<R (C::*)(A)> {
    using type = A;
};
template <typename R, typename C, typename A>
struct first_argument<R (C::*)(A) const> {
    using type = A;
};

}  // namespace detail

template <typename T>
template <typename Result, typename Step>
Result future<T>::chain(Step&& step) {
    CHECK(valid());
    using plain = std::remove_cvref_t<Step>;
    auto* c = new detail::continuation<T, typename Result::value_type, plain>(std::move(*this),
                                                                              std::forward<Step>(step));
    return c->start();
}

template <typename T>
template <typename F>
future<T> future<T>::handle_exception_type(F&& f, std::source_location where) {
    using caught = typename detail::first_argument<std::remove_cvref_t<F>>::type;
    return then_wrapped(
        [f = std::forward<F>(f), where](future self) mutable -> future {
            if (!self.failed()) return self;
            failure why = self.get_failure();
            try {
                std::rethrow_exception(why.error);
            } catch (caught e) {
                return detail::invoke_as_future(where, f, e);
            } catch (...) {
                return future(std::move(why));
            }
        },
        where);
}

template <typename T>
void future<T>::forward_to(promise_base& p) noexcept {
    if (state_ == state::ready) {
        if constexpr (std::is_void_v<T>) {
            state_ = state::none;
            p.resolve<T>();
        } else {
            p.resolve<T>(take_value());
        }
    } else if (failed()) {
        p.fail(take_failure());
    } else {
        CHECK(valid());
        p.delegate_to(*this);
    }
}

template <typename T = void, typename... A>
future<T> make_ready_future(A&&... args) {
    return future<T>(ready_tag{}, std::forward<A>(args)...);
}

// `reason`: an exception_ptr, an error code, or an exception object.
template <typename T = void, typename E>
future<T> make_exception_future(E&& reason,
                                std::source_location where = std::source_location::current()) noexcept {
    return future<T>(failure{to_exception_ptr(std::forward<E>(reason)), where});
}

// For catch blocks.
template <typename T = void>
future<T> current_exception_as_future(std::source_location where = std::source_location::current()) noexcept {
    return future<T>(failure{std::current_exception(), where});
}

// Calls f; its value, nothing, future or exception becomes a future.
template <typename F, typename... A>
auto futurize_invoke(F&& f, A&&... args) noexcept {
    return detail::invoke_as_future(std::source_location::current(), std::forward<F>(f),
                                    std::forward<A>(args)...);
}

}  // namespace millrace
