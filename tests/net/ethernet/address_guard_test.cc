#include "net/ethernet/address_guard.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;

namespace {

const std::string announcement = arp_frame(mac_address::broadcast(), 1, our_mac, our_ip, {}, our_ip);

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

// RFC 5227 §2.3: ANNOUNCE_NUM 2, ANNOUNCE_INTERVAL 2 s.
BOOST_AUTO_TEST_CASE(an_address_is_announced_twice_at_the_start) {
    host h;
    BOOST_TEST(h.turn() == std::vector{announcement}, boost::test_tools::per_element());
    BOOST_TEST(h.after(1999ms).empty());
    BOOST_TEST(h.after(1ms) == std::vector{announcement}, boost::test_tools::per_element());
    BOOST_TEST(h.after(10s).empty());
    BOOST_TEST((h.net.next_deadline() == never));
}

BOOST_AUTO_TEST_CASE(announcing_can_be_left_out) {
    auto c = config();
    c.neighbours.announce = false;
    host h(c);
    BOOST_TEST(h.turn().empty());
}

// RFC 5227 §2.4 (b).
BOOST_AUTO_TEST_CASE(an_address_used_by_another_is_defended_once_in_ten_seconds) {
    host h;
    h.settle();
    std::string conflict = arp_frame(mac_address::broadcast(), 1, peer_mac, our_ip, {}, our_ip);
    BOOST_TEST(h.receives(conflict) == std::vector{announcement}, boost::test_tools::per_element());
    BOOST_TEST(h.receives(conflict).empty());
    h.after(9s);
    BOOST_TEST(h.receives(conflict).empty());
    h.after(1s);
    BOOST_TEST(h.receives(conflict).size() == 1u);
    BOOST_TEST(h.net.counters().address_conflicts == 4u);
}

// RFC 5227 §2.1.1, §2.4: a probe for our address is answered, which ends it.
BOOST_AUTO_TEST_CASE(a_probe_for_our_address_is_answered) {
    host h;
    h.settle();
    auto sent = h.receives(arp_frame(mac_address::broadcast(), 1, peer_mac, ipv4_address(), {}, our_ip));
    BOOST_TEST(sent == std::vector{arp_frame(peer_mac, 2, our_mac, our_ip, peer_mac, ipv4_address())},
               boost::test_tools::per_element());
    BOOST_TEST(h.net.counters().address_conflicts == 0u);
}

BOOST_AUTO_TEST_CASE(our_own_frames_coming_back_are_no_conflict) {
    host h;
    h.settle();
    h.receives(announcement);
    BOOST_TEST(h.net.counters().address_conflicts == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
