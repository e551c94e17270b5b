#include "net/ethernet/arp.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::net;
using namespace millrace::net::wire_test;

namespace {

std::span<const uint8_t> view(const std::string& s) {
    return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(arp_is_emitted_as_it_is_parsed) {
    std::string bytes = arp(2, peer_mac, peer_ip, our_mac, our_ip);
    auto m = arp_message::parse(view(bytes + "padding"));
    BOOST_TEST_REQUIRE(m.has_value());
    BOOST_TEST((m->what == arp_message::operation::reply));
    BOOST_TEST((m->sender == peer_ip));
    BOOST_TEST((m->sender_mac == peer_mac));
    BOOST_TEST((m->target == our_ip));
    BOOST_TEST((m->target_mac == our_mac));
    std::string out(28, '\0');
    m->emit(reinterpret_cast<uint8_t*>(out.data()));
    BOOST_TEST(out == bytes);
}

BOOST_AUTO_TEST_CASE(arp_of_other_kinds_is_not_understood) {
    std::string good = arp(1, peer_mac, peer_ip, {}, our_ip);
    BOOST_TEST(!arp_message::parse(view(good.substr(0, 27))).has_value());
    for (size_t at : {0, 1, 2, 3, 4, 5, 6, 7}) {
        std::string bad = good;
        bad[at] = char(bad[at] ^ 0x40);
        BOOST_TEST(!arp_message::parse(view(bad)).has_value(), at);
    }
    BOOST_TEST(!arp_message::parse(view(arp(0, peer_mac, peer_ip, {}, our_ip))).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
