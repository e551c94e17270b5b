// Waiting for the first of several futures.
#pragma once

#include "core/future.hh"

#include <array>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace millrace {

// Futures, of which the one at `index` is available; others may be.
template <typename Futures>
struct when_any_result {
    size_t index;
    Futures futures;
};

namespace detail {

// Waits at all futures at once. Lives until the waiters that were scheduled have run.
template <typename Futures>
class any_wait final : public producer, public frame_cached {
 public:
    // `futures_of` lists the futures; none is available.
    template <typename List>
    any_wait(Futures&& futures, List list) : futures_(std::move(futures)) {
        for (future_base* f : list(futures_)) waiters_.emplace_back(*this, *f, waiters_.size());
    }

    future<when_any_result<Futures>> start() {
        enlist();
        for (waiter& w : waiters_) w.wait();
        return future<when_any_result<Futures>>(*this);
    }
    void drop() noexcept override { delete this; }

 private:
    class waiter final : public task {
     public:
        waiter(any_wait& all, future_base& f, size_t index) noexcept : all_(all), future_(f), index_(index) {}
        void wait() noexcept { future_.notify(*this); }
        // False: will run.
        bool cancel() noexcept { return future_.cancel_notify(); }
        void run() noexcept override { all_.on_first(index_); }

     private:
        any_wait& all_;
        future_base& future_;
        size_t index_;
    };

    void on_first(size_t index) noexcept {
        if (!resolved()) {
            for (waiter& w : waiters_)
                if (!w.cancel()) ++to_run_;
            resolve<when_any_result<Futures>>(index, std::move(futures_));
        }
        if (--to_run_ == 0) delete this;
    }

    size_t to_run_ = 0;
    std::vector<waiter> waiters_;
    Futures futures_;
};

template <typename Futures, typename List>
future<when_any_result<Futures>> wait_for_any(Futures futures, List list) {
    size_t index = 0;
    for (future_base* f : list(futures)) {
        if (f->available()) return make_ready_future<when_any_result<Futures>>(index, std::move(futures));
        ++index;
    }
    auto* wait = new any_wait<Futures>(std::move(futures), list);
    return wait->start();
}

}  // namespace detail

// Resolves when one of the futures has, with its value or failure still in it; never fails. The others go on.
template <typename... T>
requires(sizeof...(T) > 0) future<when_any_result<std::tuple<future<T>...>>> when_any(future<T>... futures) {
    return detail::wait_for_any(std::tuple<future<T>...>(std::move(futures)...), [](auto& all) {
        return std::apply([](auto&... f) { return std::array<future_base*, sizeof...(T)>{&f...}; }, all);
    });
}
// At least one.
template <typename T>
future<when_any_result<std::vector<future<T>>>> when_any(std::vector<future<T>> futures) {
    CHECK(!futures.empty());
    return detail::wait_for_any(std::move(futures), [](auto& all) {
        std::vector<future_base*> list;
        for (auto& f : all) list.push_back(&f);
        return list;
    });
}

}  // namespace millrace
