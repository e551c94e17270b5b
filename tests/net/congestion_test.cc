#include "net/congestion.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(congestion_algorithms_are_known_by_name) {
    BOOST_TEST((parse_congestion_algorithm("cubic") == congestion_algorithm::cubic));
    BOOST_TEST((parse_congestion_algorithm("reno") == congestion_algorithm::reno));
    BOOST_TEST((parse_congestion_algorithm("bbr") == congestion_algorithm::bbr));
    BOOST_TEST(!parse_congestion_algorithm("vegas").has_value());
    BOOST_TEST(!parse_congestion_algorithm("").has_value());
    BOOST_TEST(to_string(congestion_algorithm::reno) == "reno");
}

BOOST_AUTO_TEST_SUITE_END()
