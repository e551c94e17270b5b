#include "core/smp/post_office.hh"

#include <boost/test/unit_test.hpp>

#include <set>
#include <sys/eventfd.h>
#include <unistd.h>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(smp)

BOOST_AUTO_TEST_CASE(every_pair_of_shards_has_a_ring_of_its_own_in_each_direction) {
    post_office office(3, 8, false);
    std::set<ring*> ways;
    for (unsigned from = 0; from < 3; ++from)
        for (unsigned to = 0; to < 3; ++to) ways.insert(&office.way(from, to));
    BOOST_TEST(ways.size() == 9u);
}

// The sleeper says so before it looks; who publishes looks whether it sleeps: one wake-up for one sleep.
BOOST_AUTO_TEST_CASE(only_who_sleeps_is_woken_and_only_once) {
    post_office office(2, 8, true);
    BOOST_TEST(!office.wake_if_asleep(1));
    office.fall_asleep(1);
    BOOST_TEST(office.wake_if_asleep(1));
    BOOST_TEST(!office.wake_if_asleep(1));
    eventfd_t count = 0;
    BOOST_TEST(::eventfd_read(office.wakeup_fd(1), &count) == 0);
    office.wake_up(1);
    BOOST_TEST(!office.wake_if_asleep(1));
}

BOOST_AUTO_TEST_CASE(leaving_the_open_phase_wakes_all_who_sleep) {
    post_office office(2, 8, true);
    BOOST_TEST((office.now() == post_office::phase::open));
    office.fall_asleep(1);
    office.enter(post_office::phase::draining);
    BOOST_TEST((office.now() == post_office::phase::draining));
    eventfd_t count = 0;
    BOOST_TEST(::eventfd_read(office.wakeup_fd(1), &count) == 0);
}

namespace {

// Two shards that report what a test says whenever they are waited for.
struct draining {
    post_office office{2, 8, false};
    post_office::activity first, second;

    draining() { office.enter(post_office::phase::draining); }
    void turn() {
        office.report(0, first);
        office.report(1, second);
    }
    bool at_rest() {
        return office.at_rest([this] { turn(); });
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_parcel_on_its_way_is_no_rest, draining) {
    first.sent = 1;
    turn();
    BOOST_TEST(!at_rest());
    second.received = 1;
    turn();
    BOOST_TEST(at_rest());
}

BOOST_FIXTURE_TEST_CASE(who_still_does_something_is_not_at_rest, draining) {
    turn();
    BOOST_TEST(!office.at_rest([this] {
        ++second.tasks;
        turn();
    }));
    BOOST_TEST(at_rest());
}

BOOST_AUTO_TEST_SUITE_END()
