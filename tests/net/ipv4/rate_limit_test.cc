#include "net/ipv4/rate_limit.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(net)

// RFC 1812 §4.3.2.8.
BOOST_AUTO_TEST_CASE(a_burst_is_let_through_and_then_the_rate) {
    rate_limit r(100);
    time_point now{100s};
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += r.take(now);
    BOOST_TEST(taken == 100);
    for (int ms = 0; ms < 10'000; ++ms) taken += r.take(now += 1ms);
    BOOST_TEST(taken == 1100);
}

BOOST_AUTO_TEST_CASE(a_long_rest_earns_no_more_than_a_burst) {
    rate_limit r(10);
    time_point now{1s};
    while (r.take(now)) {
    }
    now += 1h;
    int taken = 0;
    while (r.take(now)) ++taken;
    BOOST_TEST(taken == 10);
}

BOOST_AUTO_TEST_CASE(a_rate_of_zero_lets_nothing_through) {
    rate_limit r(0);
    BOOST_TEST(!r.take(time_point(1h)));
}

BOOST_AUTO_TEST_SUITE_END()
