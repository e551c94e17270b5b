// Waiting for the first of several futures.
#include "core/when_any.hh"

#include "core/promise.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(first_to_resolve_is_named_and_the_others_go_on) {
    test::shard shard;
    promise<int> slow;
    promise<> quick;
    auto any = when_any(slow.get_future(), quick.get_future());
    quick.set_value();
    shard.run();
    auto result = any.get();
    BOOST_TEST(result.index == 1u);
    auto rest = std::move(std::get<0>(result.futures)).then([](int v) { return v + 1; });
    slow.set_value(4);
    shard.run();
    BOOST_TEST(rest.get() == 5);
}

BOOST_AUTO_TEST_CASE(available_future_is_found_at_once) {
    test::shard shard;
    promise<> p;
    auto any = when_any(p.get_future(), make_exception_future<>(errc::aborted));
    BOOST_TEST(any.available());
    auto result = any.get();
    BOOST_TEST(result.index == 1u);
    BOOST_TEST(test::code_of(std::get<1>(result.futures)) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(several_may_resolve_in_one_turn) {
    test::shard shard;
    std::vector<promise<int>> promises(3);
    std::vector<future<int>> futures;
    for (auto& p : promises) futures.push_back(p.get_future());
    auto any = when_any(std::move(futures));
    for (int i = 2; i >= 0; --i) promises[size_t(i)].set_value(i);
    shard.run();
    auto result = any.get();
    BOOST_TEST(result.index == 2u);
    for (int i = 0; i < 3; ++i) BOOST_TEST(result.futures[size_t(i)].get() == i);
}

BOOST_AUTO_TEST_CASE(ends_with_its_shard_before_and_after_the_first) {
    test::shard shard;
    std::vector<promise<>> promises(4);
    auto waiting = when_any(promises[0].get_future(), promises[1].get_future());
    auto resolved = when_any(promises[2].get_future(), promises[3].get_future());
    promises[3].set_value();
    shard.end();
    BOOST_TEST(!waiting.available());
}

BOOST_AUTO_TEST_SUITE_END()
