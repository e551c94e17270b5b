// draft-ietf-ccwg-bbr §5.3.1.2.
#include "tcp/congestion/full_pipe.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(congestion)

BOOST_AUTO_TEST_CASE(three_rounds_that_grow_by_less_than_a_quarter_fill_the_pipe) {
    full_pipe p;
    BOOST_TEST(!p.on_round(1000));
    BOOST_TEST(!p.on_round(1249));
    BOOST_TEST(!p.on_round(1249));
    BOOST_TEST(p.on_round(1249));
    BOOST_TEST(p.is_full());
    BOOST_TEST(p.on_round(5000));  // until it looks anew
}

BOOST_AUTO_TEST_CASE(growth_begins_the_count_again) {
    full_pipe p;
    p.on_round(1000);
    p.on_round(1100);
    p.on_round(1200);
    BOOST_TEST(!p.on_round(1250));
    BOOST_TEST(!p.on_round(1400));
    BOOST_TEST(!p.on_round(1500));
    BOOST_TEST(p.on_round(1500));
}

BOOST_AUTO_TEST_CASE(looking_anew_grows_from_the_rate_that_is) {
    full_pipe p;
    for (int i = 0; i < 4; ++i) p.on_round(1000);
    p.restart(1000);
    BOOST_TEST(!p.is_full());
    BOOST_TEST(!p.on_round(1000));
    BOOST_TEST(!p.on_round(1000));
    BOOST_TEST(p.on_round(1000));
}

BOOST_AUTO_TEST_SUITE_END()
