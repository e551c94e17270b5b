// async(f): f runs on a stack of its own, and may block: get() and wait() of a pending future let the shard
// go on and return when the future is available. For code that does not run often; a coroutine is cheaper.
#pragma once

#include "core/future.hh"

#include <memory>
#include <source_location>
#include <tuple>
#include <utility>

namespace millrace {

// The code that asks runs inside an async(), so that it may block.
bool inside_thread() noexcept;

namespace detail {

// A stack and what runs on it.
class thread : public producer, public task {
 public:
    // Goes on until f waits or returns.
    void run() noexcept final;
    // Ends the shard's work: what waits on this stack throws, so that the stack unwinds. Destructors there
    // must not wait again.
    void drop() noexcept final;
    // Lets the shard go on until f is available.
    void wait_for(future_base& f);

 protected:
    // Throws std::system_error if there is no memory for a stack.
    thread();
    ~thread();

    virtual void body() noexcept = 0;
    virtual void destroy() noexcept = 0;

 private:
    struct machine;  // hides stack and context
    std::unique_ptr<machine> machine_;
};

template <typename Result, typename F, typename... A>
class async_thread final : public thread, public frame_cached {
 public:
    async_thread(std::source_location where, F f, A... args)
        : where_(where), f_(std::move(f)), args_(std::move(args)...) {}

    future<Result> start() noexcept {
        future<Result> outcome(*this);
        enlist();
        run();
        return outcome;
    }

 private:
    void body() noexcept override {
        auto outcome = invoke_as_future(where_, [this] { return std::apply(call(), args_); });
        outcome.forward_to(*this);
    }
    // Waits here for what f returns, as that may use f and its arguments.
    auto call() noexcept {
        return [this](A&... args) -> Result {
            using returned = std::invoke_result_t<F, A...>;
            if constexpr (std::is_same_v<returned, future<Result>>)
                return std::invoke(std::move(f_), std::move(args)...).get();
            else
                return std::invoke(std::move(f_), std::move(args)...);
        };
    }
    void destroy() noexcept override { delete this; }

    std::source_location where_;
    F f_;
    std::tuple<A...> args_;
};

}  // namespace detail

// Runs f(args...) on a stack of its own, at once and until it waits for the first time. Resolves with what it
// returns, which may be a future.
template <typename F, typename... A>
auto async(F&& f, A&&... args) {
    using result = typename futurize_t<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>>::value_type;
    auto* t = new detail::async_thread<result, std::decay_t<F>, std::decay_t<A>...>(
        std::source_location::current(), std::forward<F>(f), std::forward<A>(args)...);
    return t->start();
}

}  // namespace millrace
