// Waiting for several futures.
#pragma once

#include "core/coroutine.hh"

#include <array>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace millrace {

namespace detail {

template <typename... F>
future<std::tuple<F...>> when_all_of(std::tuple<F...> futures) {
    auto list = std::apply([](auto&... f) { return std::array<future_base*, sizeof...(F)>{&f...}; }, futures);
    for (future_base* f : list)
        if (!f->available()) co_await settled(*f);
    co_return std::move(futures);
}

// The first failure in order; the others are known to be of no interest.
template <typename... F>
failure first_failure(F&... futures) noexcept {
    failure first;
    auto look = [&first](auto& f) {
        if (!f.failed()) return;
        failure next = f.get_failure();
        if (!first.error) first = std::move(next);
    };
    (look(futures), ...);
    return first;
}

template <typename T>
auto vector_future() {
    if constexpr (std::is_void_v<T>)
        return make_ready_future<>();
    else
        return make_ready_future<std::vector<T>>();
}

template <typename T>
T value_or_unit(future<T>& f) {
    return f.get();
}
inline unit value_or_unit(future<void>& f) {
    f.get();
    return {};
}

}  // namespace detail

// Resolves when all have, never fails: each future of the tuple holds its value or failure.
template <typename... T>
future<std::tuple<future<T>...>> when_all(future<T>... futures) {
    return detail::when_all_of(std::tuple<future<T>...>(std::move(futures)...));
}
template <typename T>
future<std::vector<future<T>>> when_all(std::vector<future<T>> futures) {
    for (auto& f : futures)
        if (!f.available()) co_await settled(f);
    co_return std::move(futures);
}
// The same for a range of futures, which are moved from.
template <std::forward_iterator Iterator>
auto when_all(Iterator begin, Iterator end) {
    using element = std::iter_value_t<Iterator>;
    return when_all(std::vector<element>(std::move_iterator(begin), std::move_iterator(end)));
}

// A tuple of the values, with `unit` for void; nothing if all are void. Fails, once all have resolved, with
// the first failure in order; further failures are dropped.
template <typename... T>
auto when_all_succeed(future<T>... futures) {
    constexpr bool all_void = (std::is_void_v<T> && ...);
    using values = std::tuple<std::conditional_t<std::is_void_v<T>, unit, T>...>;
    using result = future<std::conditional_t<all_void, void, values>>;
    return when_all(std::move(futures)...).then([](std::tuple<future<T>...> done) {
        return std::apply(
            [](auto&... f) {
                failure why = detail::first_failure(f...);
                if (why.error) return result(std::move(why));
                if constexpr (all_void) {
                    (f.get(), ...);
                    return result(ready_tag{});
                } else {
                    return result(ready_tag{}, values{detail::value_or_unit(f)...});
                }
            },
            done);
    });
}
// A vector of the values; nothing for futures of void.
template <typename T>
auto when_all_succeed(std::vector<future<T>> futures) {
    using result = decltype(detail::vector_future<T>());
    return when_all(std::move(futures)).then([](std::vector<future<T>> done) {
        failure why;
        for (auto& f : done)
            if (failure next = detail::first_failure(f); next.error && !why.error) why = std::move(next);
        if (why.error) return result(std::move(why));
        if constexpr (std::is_void_v<T>) {
            return result(ready_tag{});
        } else {
            std::vector<T> values;
            values.reserve(done.size());
            for (auto& f : done) values.push_back(f.get());
            return result(ready_tag{}, std::move(values));
        }
    });
}
template <std::forward_iterator Iterator>
auto when_all_succeed(Iterator begin, Iterator end) {
    using element = std::iter_value_t<Iterator>;
    return when_all_succeed(std::vector<element>(std::move_iterator(begin), std::move_iterator(end)));
}

}  // namespace millrace
