#include "tcp/demux/source_port.hh"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace millrace;
using namespace millrace::tcp;

namespace {

const net::ip_address local = net::ipv4_address(10, 0, 0, 1);
const net::endpoint remote{net::ipv4_address(10, 0, 0, 2), 80};
const auto all = [](uint16_t) { return true; };

}  // namespace

BOOST_AUTO_TEST_SUITE(demux)

// RFC 6056 §3.2: all ports of the range are used.
BOOST_AUTO_TEST_CASE(ports_to_one_peer_repeat_only_after_the_whole_range) {
    source_ports ports({1, 2}, {.first = 40000, .last = 40099});
    std::set<uint16_t> seen;
    for (int i = 0; i < 100; ++i) seen.insert(*ports.choose(local, remote, all));
    BOOST_TEST(seen.size() == 100u);
    BOOST_TEST(*seen.begin() == 40000u);
    BOOST_TEST(*seen.rbegin() == 40099u);
}

// RFC 6056 §3.3.4: where a sequence begins depends on the peer and the secret.
BOOST_AUTO_TEST_CASE(the_first_port_depends_on_peer_and_secret) {
    source_ports a({1, 2}, {}), b({1, 3}, {});
    BOOST_TEST(*a.choose(local, remote, all) != *b.choose(local, remote, all));
    BOOST_TEST(*source_ports({1, 2}, {}).choose(local, {remote.address, 81}, all) !=
               *source_ports({1, 2}, {}).choose(local, remote, all));
}

BOOST_AUTO_TEST_CASE(only_usable_ports_are_chosen) {
    source_ports ports({1, 2}, {.first = 40000, .last = 40099});
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(*ports.choose(local, remote, [](uint16_t p) { return p % 8 == 3; }) % 8 == 3);
}

BOOST_AUTO_TEST_CASE(no_port_is_chosen_when_none_is_usable) {
    source_ports ports({1, 2}, {.first = 40000, .last = 40099});
    int asked = 0;
    BOOST_TEST(!ports.choose(local, remote, [&](uint16_t) { return ++asked, false; }).has_value());
    BOOST_TEST(asked == 100);
}

BOOST_AUTO_TEST_SUITE_END()
