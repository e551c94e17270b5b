// Loops of futures and work over ranges.
#include "core/loop.hh"

#include "core/sleep.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(repeat_of_ten_million_ready_iterations_does_not_grow_the_stack) {
    test::shard shard;
    uint64_t n = 0;
    auto f = repeat([&] {
        return make_ready_future<stop_iteration>(++n == 10'000'000 ? stop_iteration::yes
                                                                   : stop_iteration::no);
    });
    shard.run();
    f.get();
    BOOST_TEST(n == 10'000'000u);
}

BOOST_AUTO_TEST_CASE(repeat_ends_at_the_first_failure) {
    test::shard shard;
    int n = 0;
    auto f = repeat([&]() -> future<stop_iteration> {
        if (++n == 3) throw std::runtime_error("third");
        return yield().then([] { return stop_iteration::no; });
    });
    shard.run();
    BOOST_CHECK_THROW(f.get(), std::runtime_error);
    BOOST_TEST(n == 3);
}

BOOST_AUTO_TEST_CASE(do_until_asks_first) {
    test::shard shard;
    int n = 0;
    do_until([] { return true; }, [&] { ++n; }).get();
    BOOST_TEST(n == 0);
    auto f = do_until([&] { return n == 5; }, [&] { return yield().then([&] { ++n; }); });
    shard.run();
    f.get();
    BOOST_TEST(n == 5);
}

BOOST_AUTO_TEST_CASE(keep_doing_ends_only_by_failure) {
    test::shard shard;
    int n = 0;
    auto f = keep_doing(
        [&] { return ++n < 1000 ? make_ready_future<>() : make_exception_future<>(errc::aborted); });
    shard.run();
    BOOST_TEST(test::code_of(f) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(do_with_keeps_values_until_the_future_resolves) {
    test::shard shard;
    auto f = do_with(std::vector<int>{1, 2}, 3, [](std::vector<int>& v, int& n) {
        return yield().then([&] {
            v.push_back(n);
            return v.size();
        });
    });
    shard.run();
    BOOST_TEST(f.get() == 3u);
    BOOST_TEST(do_with(4, [](int& n) { return n + 1; }).get() == 5);
}

BOOST_AUTO_TEST_CASE(parallel_for_each_begins_all_at_once) {
    test::shard shard;
    std::vector<int> delays{30, 10, 20};
    std::vector<int> order;
    auto f = parallel_for_each(delays, [&](int ms) {
        return sleep(std::chrono::milliseconds(ms)).then([&order, ms] { order.push_back(ms); });
    });
    shard.advance(29ms);
    BOOST_TEST(!f.available());
    shard.advance(1ms);
    f.get();
    BOOST_TEST(order.size() == 3u);
}

BOOST_AUTO_TEST_CASE(parallel_for_each_waits_for_all_and_fails_with_the_first) {
    test::shard shard;
    std::vector<int> items{1, 2, 3};
    auto f = parallel_for_each(items, [&](int i) {
        if (i == 1) return sleep(10ms);
        return make_exception_future<>(std::runtime_error(i == 2 ? "two" : "three"));
    });
    shard.run();
    BOOST_TEST(!f.available());
    shard.advance(10ms);
    BOOST_TEST(describe(f.get_exception()) == "two");
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(max_concurrent_for_each_keeps_its_limit) {
    test::shard shard;
    std::vector<int> items(20);
    std::iota(items.begin(), items.end(), 0);
    int running = 0, most = 0, done = 0;
    auto f = max_concurrent_for_each(items, 3, [&](int i) {
        most = std::max(most, ++running);
        return sleep(std::chrono::milliseconds(1 + i % 4)).then([&] {
            --running;
            ++done;
        });
    });
    for (int i = 0; i < 100; ++i) shard.advance(1ms);
    f.get();
    BOOST_TEST(most == 3);
    BOOST_TEST(done == 20);
}

BOOST_AUTO_TEST_CASE(max_concurrent_for_each_begins_no_more_after_a_failure) {
    test::shard shard;
    std::vector<int> items(20);
    int begun = 0;
    auto f = max_concurrent_for_each(items, 2, [&](int) {
        ++begun;
        return sleep(1ms).then([] { throw std::runtime_error("no"); });
    });
    shard.advance(1ms);
    BOOST_CHECK_THROW(f.get(), std::runtime_error);
    BOOST_TEST(begun == 2);
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_SUITE_END()
