#include "tcp/segment/seq.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(segment_room)

// RFC 9293 §3.4: all arithmetic is modulo 2^32.
BOOST_AUTO_TEST_CASE(numbers_wrap_around) {
    seq last(0xffffffff);
    BOOST_TEST((last + 1 == seq(0)));
    BOOST_TEST((seq(0) - 1 == last));
    BOOST_TEST((++last == seq(0)));
    BOOST_TEST((seq(5) - seq(0xfffffffb)) == 10);
    BOOST_TEST((seq(0xfffffffb) - seq(5)) == -10);
    BOOST_TEST(distance(seq(0xfffffff0), seq(0x10)) == 0x20u);
}

BOOST_AUTO_TEST_CASE(order_is_by_the_shorter_way_round) {
    for (uint32_t base : {0u, 1u, 0x7fffffffu, 0x80000000u, 0xfffffff0u}) {
        seq a(base);
        BOOST_TEST((a < a + 1));
        BOOST_TEST((a <= a));
        BOOST_TEST((a >= a));
        BOOST_TEST(!(a < a));
        BOOST_TEST((a + 0x7fffffff > a));
        BOOST_TEST((a - 1 < a));
        BOOST_TEST((earlier(a + 9, a) == a));
        BOOST_TEST((later(a + 9, a) == a + 9));
    }
}

BOOST_AUTO_TEST_CASE(a_window_may_lie_across_the_wrap) {
    seq left(0xfffffffe);
    BOOST_TEST(in_window(left, left, 4));
    BOOST_TEST(in_window(seq(1), left, 4));
    BOOST_TEST(!in_window(seq(2), left, 4));
    BOOST_TEST(!in_window(left - 1, left, 4));
    BOOST_TEST(!in_window(left, left, 0));
}

BOOST_AUTO_TEST_CASE(a_range_is_half_open) {
    seq_range r{seq(0xffffffff), seq(2)};
    BOOST_TEST(r.size() == 3u);
    BOOST_TEST(r.contains(seq(1)));
    BOOST_TEST(!r.contains(seq(2)));
    BOOST_TEST((seq_range{seq(7), seq(7)}.empty()));
}

BOOST_AUTO_TEST_SUITE_END()
