// Futures: values and failures through then() and its kin, ready and pending.
#include "core/future.hh"

#include "core/promise.hh"
#include "tests/support/allocations.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace millrace;

namespace {

// What the future's failure says; "" if it has a value.
template <typename T>
std::string failure_text(future<T> f) {
    return f.failed() ? describe(f.get_exception()) : (f.ignore_ready_future(), "");
}

future<> boom() {
    return make_exception_future<>(std::runtime_error("boom"));
}

// Ready futures all the way: each step calls the next inside its continuation.
future<int> count_down(int n) {
    if (n == 0) return make_ready_future<int>(0);
    return make_ready_future<>().then([n] { return count_down(n - 1).then([](int v) { return v + 1; }); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(ready_future_runs_its_continuation_in_place) {
    test::shard shard;
    bool ran = false;
    auto f = make_ready_future<int>(20).then([&](int v) {
        ran = true;
        return v + 1;
    });
    BOOST_TEST(ran);
    BOOST_TEST(f.get() == 21);
}

BOOST_AUTO_TEST_CASE(continuation_may_return_a_value_nothing_or_a_future) {
    test::shard shard;
    int seen = 0;
    auto f = make_ready_future<>()
                 .then([] { return 1; })
                 .then([](int v) { return make_ready_future<int>(v + 1); })
                 .then([&](int v) { seen = v; })
                 .then([] { return make_ready_future<>(); });
    static_assert(std::is_same_v<decltype(f), future<>>);
    f.get();
    BOOST_TEST(seen == 2);
}

BOOST_AUTO_TEST_CASE(pending_future_runs_its_continuation_from_the_run_queue) {
    test::shard shard;
    promise<int> p;
    int seen = 0;
    auto f = p.get_future().then([&](int v) { seen = v; });
    p.set_value(5);
    BOOST_TEST(seen == 0);
    shard.run();
    BOOST_TEST(seen == 5);
    BOOST_TEST(f.available());
    f.get();
}

BOOST_AUTO_TEST_CASE(pending_inner_future_resolves_the_outer_one) {
    test::shard shard;
    promise<> first;
    promise<std::string> second;
    auto f = first.get_future().then([&] { return second.get_future(); }).then([](std::string s) {
        return s.size();
    });
    first.set_value();
    shard.run();
    BOOST_TEST(!f.available());
    second.set_value("four");
    shard.run();
    BOOST_TEST(f.get() == 4u);
}

BOOST_AUTO_TEST_CASE(failure_skips_continuations_and_keeps_its_exception) {
    test::shard shard;
    bool ran = false;
    promise<> p;
    auto f = p.get_future().then([] { throw std::runtime_error("first"); }).then([&] { ran = true; });
    p.set_value();
    shard.run();
    BOOST_TEST(!ran);
    BOOST_CHECK_THROW(f.get(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(then_wrapped_sees_the_future_itself) {
    test::shard shard;
    BOOST_TEST(boom().then_wrapped([](future<> f) { return failure_text(std::move(f)); }).get() == "boom");
    BOOST_TEST(make_ready_future<int>(3).then_wrapped([](future<int> f) { return f.get(); }).get() == 3);
}

BOOST_AUTO_TEST_CASE(finally_runs_in_either_case_and_keeps_the_outcome) {
    test::shard shard;
    int ran = 0;
    BOOST_TEST(make_ready_future<int>(3).finally([&] { ++ran; }).get() == 3);
    BOOST_TEST(failure_text(boom().finally([&] { ++ran; })) == "boom");
    BOOST_TEST(failure_text(make_ready_future<>().finally([] { return boom(); })) == "boom");
    BOOST_TEST(ran == 2);
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(finally_waits_for_the_future_of_its_function) {
    test::shard shard;
    promise<> cleanup;
    auto f = make_ready_future<int>(1).finally([&] { return cleanup.get_future(); });
    BOOST_TEST(!f.available());
    cleanup.set_value();
    shard.run();
    BOOST_TEST(f.get() == 1);
}

BOOST_AUTO_TEST_CASE(finally_that_fails_after_a_failure_is_reported_as_forgotten) {
    test::shard shard;
    auto f = boom().finally([] { throw std::runtime_error("cleanup"); });
    BOOST_TEST(failure_text(std::move(f)) == "boom");
    BOOST_TEST(shard.forgotten().size() == 1u);
    BOOST_TEST(describe(shard.forgotten().at(0).error) == "cleanup");
}

BOOST_AUTO_TEST_CASE(handle_exception_replaces_a_failure) {
    test::shard shard;
    auto failed = [] { return make_exception_future<int>(errc::timed_out); };
    BOOST_TEST(failed().handle_exception([](std::exception_ptr) { return 7; }).get() == 7);
    BOOST_TEST(make_ready_future<int>(1).handle_exception([](std::exception_ptr) { return 7; }).get() == 1);
    auto pass_on = [](std::exception_ptr e) -> int { std::rethrow_exception(e); };
    BOOST_TEST(test::code_of(failed().handle_exception(pass_on)) == errc::timed_out);
}

BOOST_AUTO_TEST_CASE(handle_exception_type_catches_its_type_only) {
    test::shard shard;
    auto code = [](const std::system_error& e) { return e.code().value(); };
    BOOST_TEST(make_exception_future<int>(errc::aborted).handle_exception_type(code).get() ==
               int(errc::aborted));
    auto other = make_exception_future<int>(std::runtime_error("x")).handle_exception_type(code);
    BOOST_TEST(failure_text(std::move(other)) == "x");
}

BOOST_AUTO_TEST_CASE(values_that_only_move_travel_through) {
    test::shard shard;
    promise<std::unique_ptr<int>> p;
    auto f = p.get_future().then([](std::unique_ptr<int> v) { return v; });
    p.set_value(std::make_unique<int>(9));
    shard.run();
    BOOST_TEST(*f.get() == 9);
}

BOOST_AUTO_TEST_CASE(forgotten_failure_is_reported_with_its_origin) {
    test::shard shard;
    {
        auto f = make_ready_future<>().then([] { throw std::runtime_error("lost"); });
    }
    BOOST_TEST_REQUIRE(shard.forgotten().size() == 1u);
    BOOST_TEST(std::string_view(shard.forgotten()[0].origin.file_name()).ends_with("future_test.cc"));
    BOOST_TEST(describe(shard.forgotten()[0]).find("lost (from ") == 0u);
}

BOOST_AUTO_TEST_CASE(failure_that_was_read_is_not_reported) {
    test::shard shard;
    { failure_text(boom()); }
    { boom().ignore_ready_future(); }
    BOOST_TEST(shard.forgotten().empty());
    { auto f = boom(); }
    BOOST_TEST(shard.forgotten().size() == 1u);
}

BOOST_AUTO_TEST_CASE(dropped_pending_future_lets_its_continuation_run) {
    test::shard shard;
    promise<> p;
    bool ran = false;
    {
        auto dropped = p.get_future().then([&] { ran = true; });
    }
    p.set_value();
    shard.run();
    BOOST_TEST(ran);
}

BOOST_AUTO_TEST_CASE(deep_chain_of_ready_continuations_does_not_grow_the_stack) {
    test::shard shard;
    auto f = count_down(100'000);
    shard.run();
    BOOST_TEST(f.get() == 100'000);
}

BOOST_AUTO_TEST_CASE(long_chain_of_pending_continuations_resolves) {
    test::shard shard;
    promise<int> p;
    auto f = p.get_future();
    for (int i = 0; i < 100'000; ++i) f = f.then([](int v) { return v + 1; });
    p.set_value(0);
    shard.run();
    BOOST_TEST(f.get() == 100'000);
}

BOOST_AUTO_TEST_CASE(ready_future_allocates_nothing) {
    test::shard shard;
    int sum = 0;
    auto work = [&] {
        for (int i = 0; i < 100; ++i) {
            auto f = make_ready_future<int>(i).then([&](int v) { return make_ready_future<int>(v + 1); });
            f.then([&](int v) { sum += v; }).get();
        }
    };
    BOOST_TEST(test::allocations_of(work) == 0u);
    BOOST_TEST(sum == 5050);
}

BOOST_AUTO_TEST_CASE(pending_continuation_allocates_nothing_once_the_cache_is_warm) {
    test::shard shard;
    auto work = [&] {
        promise<int> p;
        auto f = p.get_future().then([](int v) { return v + 1; });
        p.set_value(1);
        shard.run();
        BOOST_TEST(f.get() == 2);
    };
    work();
    BOOST_TEST(test::allocations_of(work) == 0u);
}

BOOST_AUTO_TEST_CASE(continuations_that_never_ran_are_destroyed_with_their_shard) {
    auto shard = std::make_unique<test::shard>();
    auto watched = std::make_shared<int>(1);
    promise<int> p;
    auto f = p.get_future().then([watched](int) {});
    promise<int> resolved;
    auto g = resolved.get_future().then([watched](int) {});
    resolved.set_value(1);
    shard->end();
    BOOST_TEST(watched.use_count() == 1);
    p.set_value(1);
}

BOOST_AUTO_TEST_SUITE_END()
