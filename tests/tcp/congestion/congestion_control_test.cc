#include "tcp/congestion/congestion_control.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(congestion)

BOOST_AUTO_TEST_CASE(algorithms_are_known_by_name) {
    BOOST_TEST((parse_congestion_algorithm("reno") == congestion_algorithm::reno));
    BOOST_TEST(!parse_congestion_algorithm("vegas").has_value());
    BOOST_TEST(to_string(congestion_algorithm::reno) == "reno");
}

BOOST_AUTO_TEST_CASE(events_reach_the_algorithm) {
    congestion_control c(congestion_algorithm::reno, 1000, 10'000);
    BOOST_TEST((c.algorithm() == congestion_algorithm::reno));
    BOOST_TEST(c.cwnd() == 10'000u);
    BOOST_TEST(c.in_slow_start());
    c.on_ack(1000, true);
    BOOST_TEST(c.cwnd() == 11'000u);
    c.on_loss(8000);
    BOOST_TEST(c.cwnd() == 4000u);
    BOOST_TEST(c.ssthresh() == 4000u);
    BOOST_TEST(!c.in_slow_start());
    c.on_recovery_exit(1000);
    BOOST_TEST(c.cwnd() == 2000u);
    c.on_timeout(2000, true);
    BOOST_TEST(c.cwnd() == 1000u);
    c.set_smss(500);
    c.on_timeout(2000, false);
    BOOST_TEST(c.cwnd() == 500u);
    c.on_idle();
    BOOST_TEST(c.cwnd() == 500u);
}

BOOST_AUTO_TEST_SUITE_END()
