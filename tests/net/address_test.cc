#include "net/address.hh"

#include "net/error.hh"

#include <boost/test/unit_test.hpp>

#include <type_traits>
#include <unordered_set>

using namespace millrace::net;

static_assert(std::is_trivially_copyable_v<ip_address> && sizeof(ip_address) == 16);
static_assert(std::is_trivially_copyable_v<prefix>);

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(ipv4_reads_and_prints_dotted_quads) {
    auto a = ipv4_address::parse("10.0.200.1");
    BOOST_TEST_REQUIRE(a.has_value());
    BOOST_TEST(a->value() == 0x0a00c801u);
    BOOST_TEST(to_string(*a) == "10.0.200.1");
    BOOST_TEST(fmt::format("{:>12}", *a) == "  10.0.200.1");
}

BOOST_AUTO_TEST_CASE(ipv4_refuses_everything_else) {
    for (auto text : {"", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1..3.4", "a.b.c.d",
                      " 1.2.3.4", "1.2.3.4 ", "-1.2.3.4", "+1.2.3.4", "1.2.3.99999999999"})
        BOOST_TEST(!ipv4_address::parse(text).has_value(), text);
    BOOST_TEST((ipv4_address::parse("x").error() == std::errc::invalid_argument));
}

// RFC 4291 §2.2 in, RFC 5952 §4 out.
BOOST_AUTO_TEST_CASE(ipv6_is_printed_canonically) {
    const std::pair<const char*, const char*> cases[] = {
        {"2001:DB8::0:1", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
        {"0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        {"::ffff:10.0.0.1", "::ffff:a00:1"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
    };
    for (auto [in, out] : cases) {
        auto a = ipv6_address::parse(in);
        BOOST_TEST_REQUIRE(a.has_value(), in);
        BOOST_TEST(to_string(*a) == out);
    }
}

BOOST_AUTO_TEST_CASE(ipv6_refuses_everything_else) {
    for (auto text : {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
                      "12345::", "g::", "1:2:3:4:5:6:7::8", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1.2.3.4",
                      "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0"})
        BOOST_TEST(!ipv6_address::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(mac_reads_and_prints_pairs) {
    auto a = mac_address::parse("02:00:5e:00:53:Ff");
    BOOST_TEST_REQUIRE(a.has_value());
    BOOST_TEST(to_string(*a) == "02:00:5e:00:53:ff");
    BOOST_TEST(!a->is_group());
    BOOST_TEST(mac_address::broadcast().is_group());
    for (auto text : {"", "02:00:5e:00:53", "02:00:5e:00:53:f", "02-00-5e-00-53-ff", "02:00:5e:00:53:fg",
                      "02:00:5e:00:53:ff:00"})
        BOOST_TEST(!mac_address::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(either_family_keeps_its_identity) {
    ip_address four(ipv4_address(10, 0, 0, 1));
    ip_address six(*ipv6_address::parse("2001:db8::1"));
    BOOST_TEST(four.is_v4());
    BOOST_TEST(six.is_v6());
    BOOST_TEST((four.v4() == ipv4_address(10, 0, 0, 1)));
    BOOST_TEST(to_string(six.v6()) == "2001:db8::1");
    BOOST_TEST(to_string(*ip_address::parse("10.0.0.1")) == "10.0.0.1");
    BOOST_TEST(to_string(*ip_address::parse("::1")) == "::1");
    BOOST_TEST((four != six));
    BOOST_TEST(ip_address().is_any());
    BOOST_TEST(ip_address(ipv4_address()).is_any());
    BOOST_TEST(ip_address().is_v6());
    std::unordered_set<ip_address> set{four, six, four};
    BOOST_TEST(set.size() == 2u);
}

BOOST_AUTO_TEST_CASE(hosts_are_told_from_other_addresses) {
    BOOST_TEST(ipv4_address(10, 0, 0, 1).is_host());
    for (auto a : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"})
        BOOST_TEST(!ipv4_address::parse(a)->is_host(), a);
}

BOOST_AUTO_TEST_CASE(prefix_contains_its_network_only) {
    auto p = *prefix::parse("10.1.2.3/20");
    BOOST_TEST(to_string(p) == "10.1.2.3/20");
    BOOST_TEST(to_string(p.network()) == "10.1.0.0");
    BOOST_TEST(p.contains(ipv4_address(10, 1, 15, 255)));
    BOOST_TEST(!p.contains(ipv4_address(10, 1, 16, 0)));
    BOOST_TEST(!p.contains(*ip_address::parse("::")));
    BOOST_TEST(prefix::parse("0.0.0.0/0")->contains(ipv4_address(1, 2, 3, 4)));
    BOOST_TEST(!prefix::parse("0.0.0.0/0")->contains(*ip_address::parse("::1")));
    auto six = *prefix::parse("2001:db8:1:2::5/63");
    BOOST_TEST(to_string(six.network()) == "2001:db8:1:2::");
    BOOST_TEST(six.contains(*ip_address::parse("2001:db8:1:3:ffff::")));
    BOOST_TEST(!six.contains(*ip_address::parse("2001:db8:1:4::")));
}

BOOST_AUTO_TEST_CASE(prefix_knows_its_broadcast_address) {
    BOOST_TEST(prefix::parse("10.1.2.3/24")->is_directed_broadcast(ipv4_address(10, 1, 2, 255)));
    BOOST_TEST(!prefix::parse("10.1.2.3/24")->is_directed_broadcast(ipv4_address(10, 1, 3, 255)));
    BOOST_TEST(!prefix::parse("10.1.2.2/31")->is_directed_broadcast(ipv4_address(10, 1, 2, 3)));  // RFC 3021
}

BOOST_AUTO_TEST_CASE(prefix_wants_a_length) {
    for (auto text : {"10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/024", "::1/129", "/24",
                      "10.0.0/24"})
        BOOST_TEST(!prefix::parse(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
