#include "net/rss.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

// "Verifying the RSS hash calculation" of Microsoft's specification.
BOOST_AUTO_TEST_CASE(hash_is_that_of_the_specification_for_ipv4) {
    struct {
        const char *destination, *source;
        uint16_t destination_port, source_port;
        uint32_t hash;
    } const cases[] = {
        {"161.142.100.80", "66.9.149.187", 1766, 2794, 0x51ccc178},
        {"65.69.140.83", "199.92.111.2", 4739, 14230, 0xc626b0ea},
        {"12.22.207.184", "24.19.198.95", 38024, 12898, 0x5c2b394a},
        {"209.142.163.6", "38.27.205.30", 2217, 48228, 0xafc7327f},
        {"202.188.127.2", "153.39.163.191", 1303, 44251, 0x10e828a2},
    };
    for (const auto& c : cases)
        BOOST_TEST(flow_hash(*ip_address::parse(c.source), *ip_address::parse(c.destination), c.source_port,
                             c.destination_port) == c.hash);
}

BOOST_AUTO_TEST_CASE(hash_is_that_of_the_specification_for_ipv6) {
    BOOST_TEST(flow_hash(*ip_address::parse("3ffe:2501:200:1fff::7"),
                         *ip_address::parse("3ffe:2501:200:3::1"), 2794, 1766) == 0x40207d3du);
    BOOST_TEST(flow_hash(*ip_address::parse("3ffe:501:8::260:97ff:fe40:efab"), *ip_address::parse("ff02::1"),
                         14230, 4739) == 0xdde51bbfu);
}

BOOST_AUTO_TEST_CASE(symmetric_key_maps_both_directions_to_one_value) {
    toeplitz t(rss_symmetric_key);
    BOOST_TEST(t(0x0a000001u, 0x0a000002u, 1000, 80) == t(0x0a000002u, 0x0a000001u, 80, 1000));
    BOOST_TEST(t(0x0a000001u, 0x0a000002u, 1000, 80) != t(0x0a000001u, 0x0a000002u, 1001, 80));
}

BOOST_AUTO_TEST_CASE(owners_get_equal_shares_of_the_table) {
    unsigned count[4] = {};
    for (uint32_t h = 0; h < 128; ++h) ++count[rss_owner(h | 0xabcd00, 4)];
    for (unsigned n : count) BOOST_TEST(n == 32u);
    BOOST_TEST(rss_owner(0xffffffff, 1) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
