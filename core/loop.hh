// Loops whose body returns a future, and work over ranges. A body may also return plainly. Loops over ready
// futures neither grow the stack nor hold the shard.
#pragma once

#include "core/coroutine.hh"
#include "core/when_all.hh"

#include <cstddef>
#include <iterator>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace millrace {

enum class stop_iteration : bool { no, yes };

// Calls body() until it says stop_iteration::yes or fails.
template <typename Body>
future<> repeat(Body body) {
    while (true) {
        stop_iteration stop = co_await futurize_invoke(body);
        if (stop == stop_iteration::yes) co_return;
    }
}

// Calls body() as long as done() is false, which is asked first.
template <typename Done, typename Body>
future<> do_until(Done done, Body body) {
    while (!done()) co_await futurize_invoke(body);
}

// Calls body() until it fails.
template <typename Body>
future<> keep_doing(Body body) {
    while (true) co_await futurize_invoke(body);
}

namespace detail {

template <typename F, typename Values>
futurize_t<decltype(std::apply(std::declval<F&>(), std::declval<Values&>()))> run_with(F f, Values values) {
    co_return co_await futurize_invoke([&f, &values] { return std::apply(f, values); });
}

template <typename Iterator, typename Sentinel, typename F>
future<> take_turns(Iterator& next, const Sentinel& end, F& f, bool& failed) {
    while (next != end && !failed) {
        auto done = futurize_invoke(f, *next++);
        if (!done.available()) co_await settled(done);
        failed |= done.failed();
        co_await std::move(done);
    }
}

}  // namespace detail

// do_with(values..., f): calls f(values&...) and keeps the values until the future that it returns resolves.
template <typename... A>
requires(sizeof...(A) > 1) auto do_with(A&&... values_and_function) {
    auto all = std::tuple<std::decay_t<A>...>(std::forward<A>(values_and_function)...);
    return [&]<size_t... I>(std::index_sequence<I...>) {
        using values = std::tuple<std::tuple_element_t<I, decltype(all)>...>;
        return detail::run_with(std::get<sizeof...(A) - 1>(std::move(all)),
                                values(std::get<I>(std::move(all))...));
    }
    (std::make_index_sequence<sizeof...(A) - 1>());
}

// Calls f for each element, all at once, and waits for all. The range must outlive that. Fails with the first
// failure in order; further ones are dropped.
template <std::ranges::input_range Range, typename F>
future<> parallel_for_each(Range&& range, F f) {
    std::vector<future<>> pending;
    for (auto&& element : range) {
        auto done = futurize_invoke(f, std::forward<decltype(element)>(element));
        if (!done.available() || done.failed()) pending.push_back(done.discard_result());
    }
    return pending.empty() ? make_ready_future<>() : when_all_succeed(std::move(pending));
}

// The same with at most `limit` at work at a time. After a failure no more are begun.
template <std::ranges::input_range Range, typename F>
future<> max_concurrent_for_each(Range& range, size_t limit, F f) {
    CHECK(limit > 0);
    auto next = std::ranges::begin(range);
    auto end = std::ranges::end(range);
    bool failed = false;
    std::vector<future<>> workers;
    for (size_t i = 0; i < limit && next != end && !failed; ++i)
        workers.push_back(detail::take_turns(next, end, f, failed));
    co_await when_all_succeed(std::move(workers));
}

}  // namespace millrace
