// Those who wait for the same thing.
#include "core/wait_list.hh"

#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace std::chrono_literals;

namespace {
struct list final : wait_list {
    int timeouts = 0;
    void on_departure() noexcept override { ++timeouts; }
};
}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(front_is_the_one_that_came_first_and_still_waits) {
    test::shard shard;
    list l;
    {
        auto gone = l.wait(1);
        BOOST_TEST(l.front_weight() == 1u);
    }
    auto second = l.wait(2);
    BOOST_TEST(!l.empty());
    BOOST_TEST(l.front_weight() == 2u);
    l.wake_front();
    BOOST_TEST(second.available());
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_CASE(deadline_removes_from_the_middle) {
    test::shard shard;
    list l;
    auto a = l.wait(1), b = l.wait(2, shard.now() + 1ms), c = l.wait(3);
    shard.advance(1ms);
    BOOST_TEST(test::code_of(b) == errc::timed_out);
    BOOST_TEST(l.timeouts == 1);
    l.wake_front();
    BOOST_TEST(l.front_weight() == 3u);
    l.fail_all(to_exception_ptr(errc::aborted));
    BOOST_TEST(test::code_of(c) == errc::aborted);
    a.get();
}

BOOST_AUTO_TEST_CASE(waiter_that_left_before_its_deadline_reports_nothing) {
    test::shard shard;
    list l;
    { auto gone = l.wait(1, shard.now() + 1ms); }
    shard.advance(1ms);
    BOOST_TEST(shard.forgotten().empty());
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_SUITE_END()
