// Condition variables.
#include "core/condition.hh"

#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(signal_wakes_the_longest_waiter_and_broadcast_all) {
    test::shard shard;
    condition c;
    c.signal();
    auto a = c.wait(), b = c.wait(), d = c.wait();
    c.signal();
    BOOST_TEST(a.available());
    BOOST_TEST(!b.available());
    c.broadcast();
    BOOST_TEST(b.available());
    BOOST_TEST(d.available());
    BOOST_TEST(!c.has_waiters());
}

BOOST_AUTO_TEST_CASE(wait_for_a_predicate_asks_again_after_each_signal) {
    test::shard shard;
    condition c;
    int value = 0;
    auto f = c.wait([&] { return value == 2; });
    for (int i = 0; i < 2; ++i) {
        BOOST_TEST(!f.available());
        ++value;
        c.signal();
        shard.run();
    }
    BOOST_TEST(f.available());
    BOOST_TEST(c.wait([] { return true; }).available());
}

BOOST_AUTO_TEST_CASE(deadline_ends_a_wait) {
    test::shard shard;
    condition c;
    auto f = c.wait([] { return false; }, shard.now() + 5ms);
    shard.advance(5ms);
    BOOST_TEST(test::code_of(f) == errc::timed_out);
}

BOOST_AUTO_TEST_CASE(broken_condition_fails_all_now_and_later) {
    test::shard shard;
    condition c;
    auto f = c.wait();
    c.broken(to_exception_ptr(errc::aborted));
    BOOST_TEST(test::code_of(f) == errc::aborted);
    BOOST_TEST(test::code_of(c.wait()) == errc::aborted);
}

BOOST_AUTO_TEST_SUITE_END()
