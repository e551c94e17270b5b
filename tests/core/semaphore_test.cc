// Semaphores: units, order, timeouts, breaking.
#include "core/semaphore.hh"

#include "core/coroutine.hh"
#include "core/with_timeout.hh"
#include "tests/support/allocations.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(wait_is_ready_while_there_are_units) {
    test::shard shard;
    semaphore s(2);
    BOOST_TEST(s.wait().available());
    BOOST_TEST(s.try_wait());
    BOOST_TEST(!s.try_wait());
    BOOST_TEST(s.available_units() == 0u);
}

BOOST_AUTO_TEST_CASE(signal_serves_in_order_and_large_requests_are_not_overtaken) {
    test::shard shard;
    semaphore s(0);
    auto large = s.wait(3);
    auto small = s.wait(1);
    s.signal(2);
    BOOST_TEST(!large.available());
    BOOST_TEST(!small.available());
    BOOST_TEST(!s.try_wait());
    s.signal(1);
    BOOST_TEST(large.available());
    BOOST_TEST(!small.available());
    s.signal(1);
    small.get();
    large.get();
}

BOOST_AUTO_TEST_CASE(timeout_fails_the_waiter_and_lets_those_behind_it_in) {
    test::shard shard;
    semaphore s(1);
    auto large = s.wait(5, 10ms);
    auto small = s.wait(1, 20ms);
    shard.advance(9ms);
    BOOST_TEST(!large.available());
    shard.advance(1ms);
    BOOST_TEST(test::code_of(large) == errc::timed_out);
    BOOST_TEST(small.available());
    shard.advance(1s);
    small.get();
    BOOST_TEST(s.available_units() == 0u);
}

BOOST_AUTO_TEST_CASE(dropped_waiter_takes_no_units) {
    test::shard shard;
    semaphore s(0);
    { auto dropped = s.wait(); }
    auto second = s.wait();
    s.signal();
    BOOST_TEST(second.available());
    second.get();
}

BOOST_AUTO_TEST_CASE(dropped_front_waiter_lets_those_behind_it_in) {
    test::shard shard;
    semaphore s(1);
    auto small = [&] {
        auto large = s.wait(5);
        return s.wait(1);
    }();
    BOOST_TEST(small.available());
    small.get();
    BOOST_TEST(s.available_units() == 0u);
    BOOST_TEST(!s.has_waiters());
}

BOOST_AUTO_TEST_CASE(wait_that_was_given_up_takes_no_units_later) {
    test::shard shard;
    semaphore s(0);
    auto limited = with_timeout(10ms, s.wait(1));
    shard.advance(10ms);
    BOOST_TEST(test::code_of(limited) == errc::timed_out);
    s.signal();
    shard.run();
    BOOST_TEST(s.available_units() == 1u);
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(broken_semaphore_fails_all_now_and_later) {
    test::shard shard;
    semaphore s(0);
    auto before = s.wait();
    s.broken();
    BOOST_TEST(test::code_of(before) == errc::semaphore_broken);
    s.signal();
    BOOST_TEST(test::code_of(s.wait()) == errc::semaphore_broken);
}

BOOST_AUTO_TEST_CASE(destroyed_semaphore_breaks_its_promises) {
    test::shard shard;
    std::optional<semaphore> s(std::in_place, 0);
    auto f = s->wait(1, 1s);
    s.reset();
    BOOST_TEST(test::code_of(f) == errc::broken_promise);
    BOOST_TEST(shard.loop().timers() == 0u);
}

BOOST_AUTO_TEST_CASE(units_return_with_their_holder) {
    test::shard shard;
    semaphore s(3);
    {
        semaphore_units a = get_units(s, 2).get();
        BOOST_TEST(a.count() == 2u);
        semaphore_units b = std::move(a);
        BOOST_TEST(s.available_units() == 1u);
        b = get_units(s, 1).get();
        BOOST_TEST(s.available_units() == 2u);
    }
    BOOST_TEST(s.available_units() == 3u);
}

BOOST_AUTO_TEST_CASE(with_semaphore_holds_units_until_the_future_resolves) {
    test::shard shard;
    semaphore s(1);
    promise<int> p;
    auto f = with_semaphore(s, 1, [&] { return p.get_future(); });
    BOOST_TEST(s.available_units() == 0u);
    p.set_value(4);
    shard.run();
    BOOST_TEST(f.get() == 4);
    BOOST_TEST(s.available_units() == 1u);
}

BOOST_AUTO_TEST_CASE(waiting_allocates_nothing_once_the_cache_is_warm) {
    test::shard shard;
    semaphore s(0);
    auto work = [&] {
        auto f = s.wait(1, 1s);
        s.signal();
        f.get();
    };
    work();
    BOOST_TEST(test::allocations_of(work) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
