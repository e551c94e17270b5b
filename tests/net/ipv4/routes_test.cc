#include "net/ipv4/routes.hh"

#include "net/error.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::net;

namespace {

ipv4_address ip4(const char* text) {
    return *ipv4_address::parse(text);
}

interface_config two_networks() {
    interface_config c;
    c.addresses = {*prefix::parse("10.0.0.1/24"), *prefix::parse("172.16.5.1/16")};
    c.gateway = ip4("10.0.0.254");
    c.routes = {{*prefix::parse("192.168.0.0/16"), ip4("172.16.0.9")},
                {*prefix::parse("192.168.7.0/24"), ip4("10.0.0.7")}};
    return c;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(the_longest_prefix_wins) {
    routes r(two_networks());
    auto check = [&](const char* destination, const char* host, const char* source) {
        auto hop = r.lookup(ip4(destination));
        BOOST_TEST_REQUIRE(hop.has_value());
        BOOST_TEST(to_string(hop->host) == host);
        BOOST_TEST(to_string(hop->source) == source);
    };
    check("10.0.0.77", "10.0.0.77", "10.0.0.1");
    check("172.16.200.1", "172.16.200.1", "172.16.5.1");
    check("192.168.7.1", "10.0.0.7", "10.0.0.1");
    check("192.168.8.1", "172.16.0.9", "172.16.5.1");
    check("8.8.8.8", "10.0.0.254", "10.0.0.1");
    check("255.255.255.255", "10.0.0.254", "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(without_a_gateway_only_networks_of_ours_are_reached) {
    auto c = two_networks();
    c.gateway.reset();
    c.routes.clear();
    routes r(c);
    BOOST_TEST(!r.lookup(ip4("8.8.8.8")).has_value());
    BOOST_TEST(r.lookup(ip4("10.0.0.9")).has_value());
    BOOST_TEST(!r.lookup(ip4("0.0.0.0")).has_value());
    BOOST_TEST(!r.lookup(ip4("127.0.0.1")).has_value());
    BOOST_TEST(to_string(r.lookup(ip4("255.255.255.255"))->source) == "10.0.0.1");
}

BOOST_AUTO_TEST_CASE(addresses_are_told_apart) {
    routes r(two_networks());
    BOOST_TEST(r.is_local(ip4("172.16.5.1")));
    BOOST_TEST(!r.is_local(ip4("172.16.5.2")));
    BOOST_TEST(r.is_broadcast(ip4("10.0.0.255")));
    BOOST_TEST(r.is_broadcast(ip4("255.255.255.255")));
    BOOST_TEST(!r.is_broadcast(ip4("10.0.1.255")));
    BOOST_TEST(r.is_foreign_host(ip4("10.0.0.2")));
    BOOST_TEST(!r.is_foreign_host(ip4("10.0.0.1")));
    BOOST_TEST(!r.is_foreign_host(ip4("172.16.255.255")));
    BOOST_TEST(r.is_on_link(ip4("172.16.9.9")));
    BOOST_TEST(!r.is_on_link(ip4("172.17.9.9")));
}

// RFC 3021: both addresses of a /31 are hosts.
BOOST_AUTO_TEST_CASE(point_to_point_links_have_no_broadcast) {
    interface_config c;
    c.addresses = {*prefix::parse("10.0.0.1/31")};
    routes r(c);
    BOOST_TEST(r.is_foreign_host(ip4("10.0.0.0")));
    BOOST_TEST(!r.is_broadcast(ip4("10.0.0.1")));
}

BOOST_AUTO_TEST_SUITE_END()
