#include "tcp/receive/mark_changes.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(receive)

// RFC 8257 §3.2.
BOOST_AUTO_TEST_CASE(changes_are_told_in_their_order) {
    mark_changes m;
    BOOST_TEST(m.empty());
    m.push(seq(1000), false);
    m.push(seq(2000), true);
    const auto first = m.pop();
    BOOST_TEST((first.ack == seq(1000) && !first.marked));
    const auto second = m.pop();
    BOOST_TEST((second.ack == seq(2000) && second.marked));
    BOOST_TEST(m.empty());
    m.push(seq(3000), false);
    m.clear();
    BOOST_TEST(m.empty());
}

BOOST_AUTO_TEST_CASE(without_room_the_last_ones_become_one) {
    mark_changes m;
    for (uint32_t i = 1; i <= 40; ++i) m.push(seq(i), i % 2 == 0);
    for (uint32_t i = 1; i < mark_changes::capacity; ++i) BOOST_TEST((m.pop().ack == seq(i)));
    const auto last = m.pop();
    BOOST_TEST((last.ack == seq(40) && last.marked));
    BOOST_TEST(m.empty());
}

BOOST_AUTO_TEST_SUITE_END()
