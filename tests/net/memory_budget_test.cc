#include "net/memory_budget.hh"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace millrace::net;
namespace bdata = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(uses_give_way_in_their_order) {
    memory_budget all(1'000'000);
    // What is refused stays refused as more is used, and the later use is never refused before the earlier.
    size_t refused = 0;
    for (uint64_t used = 0; used <= 1'000'000; used += 1000) {
        all.set(memory_use::unread, used);
        size_t now = 0;
        while (now < memory_uses && !all.admits(memory_use(now), 1000)) ++now;
        BOOST_TEST(now >= refused);
        for (size_t later = now; later < memory_uses; ++later)
            BOOST_TEST(all.admits(memory_use(later), 1000));
        refused = now;
    }
    BOOST_TEST(refused == memory_uses);
}

BOOST_DATA_TEST_CASE(each_use_is_refused_with_a_count_and_taken_again_later, bdata::xrange(memory_uses), i) {
    memory_budget all(100'000);
    const auto use = memory_use(i);
    BOOST_TEST(all.admit(use, 10'000));
    all.set(use, 95'000);
    BOOST_TEST(!all.admit(use, 10'000));
    BOOST_TEST(all.refused(use) == 1u);
    all.set(use, 1000);
    BOOST_TEST(all.admit(use, 10'000));
    BOOST_TEST(all.refused(use) == 1u);
    for (size_t other = 0; other < memory_uses; ++other)
        if (other != i) BOOST_TEST(all.refused(memory_use(other)) == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_held_is_the_sum_of_the_uses) {
    memory_budget all(1000);
    all.set(memory_use::time_wait, 300);
    all.change(memory_use::unread, 0, 250);
    all.change(memory_use::unread, 250, 50);
    BOOST_TEST(all.used() == 350u);
    BOOST_TEST(all.used(memory_use::unread) == 50u);
    all.set(memory_use::time_wait, 0);
    all.change(memory_use::unread, 50, 0);
    BOOST_TEST(all.used() == 0u);
}

BOOST_AUTO_TEST_CASE(it_is_tight_when_more_than_half_is_in_use) {
    memory_budget all(1000);
    all.set(memory_use::unacknowledged, 500);
    BOOST_TEST(!all.is_tight());
    all.set(memory_use::unacknowledged, 501);
    BOOST_TEST(all.is_tight());
}

BOOST_AUTO_TEST_CASE(the_largest_limit_overflows_nothing) {
    memory_budget all(UINT64_MAX);
    BOOST_TEST(all.admits(memory_use::fragments, uint64_t(1) << 40));
    BOOST_TEST(all.limit() == UINT64_MAX);
}

BOOST_AUTO_TEST_SUITE_END()
