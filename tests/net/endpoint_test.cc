#include "net/endpoint.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(endpoint_reads_and_prints_both_families) {
    for (auto text : {"10.0.0.1:80", "0.0.0.0:0", "[2001:db8::1]:65535"}) {
        auto e = endpoint::parse(text);
        BOOST_TEST_REQUIRE(e.has_value(), text);
        BOOST_TEST(to_string(*e) == text);
        BOOST_TEST(fmt::format("{}", *e) == text);
    }
}

BOOST_AUTO_TEST_CASE(endpoint_refuses_what_is_ambiguous) {
    for (auto text : {"", "10.0.0.1", "10.0.0.1:", ":80", "10.0.0.1:65536", "10.0.0.1:-1", "2001:db8::1:80",
                      "[10.0.0.1]:80", "[::1]80", "[::1", "[]:80", "[::1]:80x"})
        BOOST_TEST(!endpoint::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
