// sharded<Service>: one instance of a service per shard, each used by its own shard only.
#pragma once

#include "core/check.hh"
#include "core/coroutine.hh"
#include "core/error.hh"
#include "core/shard.hh"

#include <exception>
#include <memory>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace millrace {

template <typename Service>
class sharded {
 public:
    sharded() noexcept = default;
    sharded(const sharded&) = delete;
    sharded& operator=(const sharded&) = delete;
    // Must be stopped, if it was started.
    ~sharded() { CHECK(instances_.empty()); }

    // Makes Service(args...) on every shard, from a copy of the arguments each. If one fails, those made are
    // stopped and the first failure is this one's.
    template <typename... A>
    future<> start(A... args) {
        CHECK(instances_.empty());
        instances_.resize(shard_count());
        future<> made = on_each([this, args = std::tuple(std::move(args)...)] {
            instances_[this_shard()] =
                std::apply([](const auto&... a) { return std::make_unique<Service>(a...); }, args);
        });
        co_await settled(made);
        if (made.failed()) co_await stop();
        co_await std::move(made);
    }

    // Waits for Service::stop(), where there is one, and destroys each instance on its shard. Fails as the
    // first that failed did, when all are gone.
    future<> stop() {
        future<> stopped = on_each([this] { return stop_local(); });
        co_await settled(stopped);
        instances_.clear();
        co_await std::move(stopped);
    }

    bool started() const noexcept { return !instances_.empty(); }
    Service& local() noexcept {
        CHECK(this_shard() < instances_.size() && instances_[this_shard()]);
        return *instances_[this_shard()];
    }

    // f(service) on one shard; the result comes back as with submit_to(). Fails with errc::shard_stopped
    // where the service has been asked to stop.
    template <typename F>
    auto invoke_on(shard_id s, F&& f) {
        return submit_to(s, [this, f = std::forward<F>(f)]() mutable { return f(running()); });
    }
    // A copy of f on every shard at the same time. Resolves when all are done, and fails as the first that
    // failed.
    template <typename F>
    future<> invoke_on_all(F&& f) {
        return on_each([this, f = std::forward<F>(f)]() mutable { return discarded(f); });
    }
    // The same without this shard.
    template <typename F>
    future<> invoke_on_others(F&& f) {
        return on_each([this, f = std::forward<F>(f), here = this_shard()]() mutable {
            return this_shard() == here ? make_ready_future<>() : discarded(f);
        });
    }

    // What a copy of `mapper` answers on every shard, by shard.
    template <typename Mapper>
    auto map(Mapper&& mapper) {
        using function = std::remove_cvref_t<Mapper>;
        using answer = typename futurize_t<std::invoke_result_t<function&, Service&>>::value_type;
        std::vector<future<answer>> asked;
        for (shard_id s = 0; s < instances_.size(); ++s) asked.push_back(invoke_on(s, function(mapper)));
        return answers_of(std::move(asked));
    }
    // reducer(... reducer(reducer(initial, answer of shard 0), answer of shard 1) ...).
    template <typename Mapper, typename T, typename Reducer>
    future<T> map_reduce(Mapper&& mapper, T initial, Reducer&& reducer) {
        return map(std::forward<Mapper>(mapper))
            .then([reducer = std::forward<Reducer>(reducer), sum = std::move(initial)](auto answers) mutable {
                for (auto&& a : answers) sum = reducer(std::move(sum), std::move(a));
                return std::move(sum);
            });
    }

 private:
    // Waits for every one; then throws what the first of the failed failed with.
    template <typename T>
    static future<> all_settled(std::vector<future<T>>& asked) {
        std::exception_ptr failure;
        for (auto& a : asked) {
            co_await settled(a);
            if (!a.failed()) continue;
            std::exception_ptr e = a.get_exception();
            if (!failure) failure = std::move(e);
        }
        if (failure) std::rethrow_exception(failure);
    }
    template <typename T>
    static future<std::vector<T>> answers_of(std::vector<future<T>> asked) {
        co_await all_settled(asked);
        std::vector<T> answers;
        for (auto& a : asked) answers.push_back(a.get());
        co_return answers;
    }
    static future<> all_done(std::vector<future<>> asked) { co_await all_settled(asked); }

    template <typename F>
    static future<> on_each(F f) {
        std::vector<future<>> asked;
        for (shard_id s = 0; s < shard_count(); ++s) asked.push_back(submit_to(s, f));
        return all_done(std::move(asked));
    }

    Service& running() {
        if (this_shard() >= instances_.size() || !instances_[this_shard()])
            throw std::system_error(make_error_code(errc::shard_stopped));
        return *instances_[this_shard()];
    }
    template <typename F>
    future<> discarded(F& f) {
        return futurize_invoke([&] { return f(running()); }).discard_result();
    }

    future<> stop_local() {
        const std::unique_ptr<Service> mine = std::move(instances_[this_shard()]);
        if constexpr (requires(Service & s) { s.stop(); })
            if (mine) co_await mine->stop();
        co_return;
    }

    std::vector<std::unique_ptr<Service>> instances_;  // by shard
};

}  // namespace millrace
