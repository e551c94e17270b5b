// Limits to waiting, in virtual time.
#include "core/with_timeout.hh"

#include "core/promise.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>

using namespace millrace;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(outcome_in_time_passes_through) {
    test::shard shard;
    promise<std::unique_ptr<int>> p;
    auto f = with_timeout(10ms, p.get_future());
    p.set_value(std::make_unique<int>(3));
    shard.run();
    BOOST_TEST(*f.get() == 3);
    BOOST_TEST(shard.loop().timers() == 0u);
    BOOST_TEST(test::code_of(with_timeout(1ms, make_exception_future<>(errc::aborted))) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(deadline_fails_the_wait_and_drops_what_comes_later) {
    test::shard shard;
    promise<> p;
    auto f = with_timeout(shard.now() + 10ms, p.get_future());
    shard.advance(10ms);
    BOOST_TEST(test::code_of(f) == errc::timed_out);
    p.set_exception(std::runtime_error("late"));
    shard.run();
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(outcome_wins_that_comes_in_the_turn_of_the_deadline) {
    test::shard shard;
    promise<int> p;
    auto f = with_timeout(10ms, p.get_future());
    p.set_value(1);
    shard.advance(10ms);
    BOOST_TEST(f.get() == 1);
}

BOOST_AUTO_TEST_CASE(deadline_of_a_wait_that_was_dropped_says_nothing) {
    test::shard shard;
    promise<> p;
    { auto dropped = with_timeout(10ms, p.get_future()); }
    shard.advance(10ms);
    p.set_value();
    shard.run();
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(a_limit_beyond_all_time_is_none) {
    test::shard shard;
    promise<> p;
    auto f = with_timeout(duration::max(), p.get_future());
    shard.advance(1ms);
    BOOST_TEST(!f.available());
    p.set_value();
    shard.run();
    f.get();
}

BOOST_AUTO_TEST_CASE(ends_with_its_shard) {
    test::shard shard;
    promise<> p, q;
    auto f = with_timeout(1h, p.get_future());
    auto g = with_timeout(1ms, q.get_future());
    shard.advance(1ms);
    BOOST_TEST(test::code_of(g) == errc::timed_out);
    shard.end();
    BOOST_TEST(!f.available());
}

BOOST_AUTO_TEST_SUITE_END()
