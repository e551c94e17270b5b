#include "net/ethernet/neighbours.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;

namespace {

std::string request_for(ipv4_address target) {
    return arp_frame(mac_address::broadcast(), 1, our_mac, our_ip, {}, target);
}
std::string reply_of(const mac_address& mac, ipv4_address who) {
    return arp_frame(our_mac, 2, mac, who, our_mac, our_ip);
}

// A host that has nothing more to announce.
struct quiet_host : host {
    explicit quiet_host(const interface_config& c = config()) : host(c) {
        turn();
        after(2s);
    }
    path way_to(ipv4_address a) { return *net.make_path({}, a, ip_protocol::tcp); }
    std::vector<std::string> send_to(path& way, unsigned port = 80) {
        return sends(way, tcp(our_ip, way.destination().v4(), port, 1234, "x"));
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

// RFC 826; RFC 1122 §2.3.2.2: the packet waits for the answer.
BOOST_AUTO_TEST_CASE(a_packet_waits_until_its_neighbour_has_answered) {
    quiet_host h;
    path way = h.way_to(peer_ip);
    auto sent = h.send_to(way);
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(sent[0] == request_for(peer_ip));
    BOOST_TEST(h.send_to(way, 81).empty());
    sent = h.receives(reply_of(peer_mac, peer_ip));
    BOOST_TEST_REQUIRE(sent.size() == 2u);
    for (unsigned i = 0; i < 2; ++i) {
        BOOST_TEST(is_valid_ip(sent[i]));
        BOOST_TEST(sent[i].substr(0, 6) == bytes_of(peer_mac));
        BOOST_TEST(u16_at(l4_of(sent[i]), 0) == 80 + i);
    }
    BOOST_TEST(h.send_to(way).size() == 1u);
    BOOST_TEST((h.net.next_deadline() == never));
}

BOOST_AUTO_TEST_CASE(hosts_beyond_the_link_are_reached_by_the_gateway) {
    quiet_host h;
    path way = h.way_to(far_ip);
    BOOST_TEST(h.send_to(way) == std::vector{request_for(router_ip)}, boost::test_tools::per_element());
    auto sent = h.receives(reply_of(router_mac, router_ip));
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(sent[0].substr(0, 6) == bytes_of(router_mac));
    BOOST_TEST((ip_at(ip_of(sent[0]), 16) == far_ip));
}

BOOST_AUTO_TEST_CASE(requests_are_repeated_and_then_given_up) {
    quiet_host h;
    path way = h.way_to(peer_ip);
    h.send_to(way);
    BOOST_TEST(h.after(999ms).empty());
    BOOST_TEST(h.after(1ms).size() == 1u);
    BOOST_TEST(h.after(1s).size() == 1u);
    BOOST_TEST(h.after(1s).empty());
    BOOST_TEST(h.dropped(drop_reason::neighbour_unreachable) == 1u);
    BOOST_TEST_REQUIRE(h.upper.errors.size() == 1u);
    BOOST_TEST((h.upper.errors[0].what == icmp_error::kind::host_unreachable));
    BOOST_TEST((h.upper.errors[0].source == ip_address(our_ip)));
    BOOST_TEST((h.upper.errors[0].destination == ip_address(peer_ip)));
    BOOST_TEST(h.upper.quoted[0] == tcp(our_ip, peer_ip, 80, 1234, "x"));
    BOOST_TEST(h.net.packets_held() == 0u);
    BOOST_TEST(h.queue.buffers_out == 0u);
    BOOST_TEST((h.net.next_deadline() == never));
    // A later packet asks anew.
    BOOST_TEST(h.send_to(way).size() == 1u);
}

// RFC 1122 §2.3.2.2: at least the latest packet is saved.
BOOST_AUTO_TEST_CASE(of_too_many_waiting_packets_the_oldest_go) {
    auto c = config();
    c.neighbours.waiting_packets = 3;
    quiet_host h(c);
    path way = h.way_to(peer_ip);
    for (unsigned i = 0; i < 5; ++i) h.send_to(way, i);
    BOOST_TEST(h.dropped(drop_reason::neighbour_queue_full) == 2u);
    auto sent = h.receives(reply_of(peer_mac, peer_ip));
    BOOST_TEST_REQUIRE(sent.size() == 3u);
    for (unsigned i = 0; i < 3; ++i) BOOST_TEST(u16_at(l4_of(sent[i]), 0) == i + 2);
}

BOOST_AUTO_TEST_CASE(packets_waiting_for_all_neighbours_together_are_bounded) {
    auto c = config();
    c.neighbours.all_waiting_packets = 10;
    quiet_host h(c);
    for (uint8_t i = 10; i < 40; ++i) {
        path way = h.way_to(ipv4_address(10, 0, 0, i));
        h.send_to(way);
    }
    BOOST_TEST(h.net.packets_held() == 10u);
    BOOST_TEST(h.dropped(drop_reason::neighbour_queue_full) == 20u);
}

// RFC 1122 §2.3.2.1 (4): who complains that nothing arrives has everybody asked; what is known is used until
// then.
BOOST_AUTO_TEST_CASE(a_neighbour_in_doubt_is_asked_for_by_broadcast) {
    quiet_host h;
    path way = h.way_to(peer_ip);
    h.send_to(way);
    h.receives(reply_of(router_mac, peer_ip));  // as by an answer that was spoilt
    BOOST_TEST(h.send_to(way).at(0).substr(0, 6) == bytes_of(router_mac));
    h.net.doubt(way);
    BOOST_TEST(h.after(1ms).empty());  // it has only just been heard of
    h.after(2s);
    h.net.doubt(way);
    h.net.doubt(way);
    BOOST_TEST(h.after(0ms) == std::vector{request_for(peer_ip)}, boost::test_tools::per_element());
    BOOST_TEST(h.send_to(way).at(0).substr(0, 6) == bytes_of(router_mac));
    h.receives(reply_of(peer_mac, peer_ip));
    BOOST_TEST(h.send_to(way).at(0).substr(0, 6) == bytes_of(peer_mac));
    BOOST_TEST((h.net.next_deadline() == never));
    // Without an answer it is given up, and asked for by whoever sends next.
    h.after(2s);
    h.net.doubt(way);
    h.after(0ms);
    BOOST_TEST(h.after(1s).size() == 1u);
    BOOST_TEST(h.after(1s).size() == 1u);
    BOOST_TEST(h.after(1s).empty());
    BOOST_TEST(h.send_to(way) == std::vector{request_for(peer_ip)}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(packets_do_not_wait_where_memory_is_short) {
    auto c = config();
    c.memory = 100'000;
    quiet_host h(c);
    memory_budget& memory = h.net.memory();
    memory.set(memory_use::unread, 46'000);
    path way = h.way_to(peer_ip);
    for (unsigned i = 0; i < 3; ++i) h.send_to(way, i);
    BOOST_TEST(h.dropped(drop_reason::neighbour_queue_full) == 2u);
    BOOST_TEST(memory.refused(memory_use::unresolved) == 2u);
    memory.set(memory_use::unread, 0);
    h.send_to(way, 3);
    auto sent = h.receives(reply_of(peer_mac, peer_ip));
    BOOST_TEST_REQUIRE(sent.size() == 2u);
    BOOST_TEST(u16_at(l4_of(sent[1]), 0) == 3);
    BOOST_TEST(memory.used(memory_use::unresolved) == 0u);
}

// RFC 826, "Packet Reception": who speaks to us is remembered, so that the answer needs no question.
BOOST_AUTO_TEST_CASE(who_asks_for_us_is_answered_and_remembered) {
    quiet_host h;
    auto sent = h.receives(arp_frame(mac_address::broadcast(), 1, peer_mac, peer_ip, {}, our_ip));
    BOOST_TEST(sent == std::vector{arp_frame(peer_mac, 2, our_mac, our_ip, peer_mac, peer_ip)},
               boost::test_tools::per_element());
    path way = h.way_to(peer_ip);
    BOOST_TEST(is_valid_ip(h.send_to(way).at(0)));
}

BOOST_AUTO_TEST_CASE(who_does_not_speak_to_us_is_not_remembered) {
    quiet_host h;
    BOOST_TEST(h.receives(arp_frame(mac_address::broadcast(), 1, peer_mac, peer_ip, {}, router_ip)).empty());
    path way = h.way_to(peer_ip);
    BOOST_TEST(is_arp(h.send_to(way).at(0)));
}

BOOST_AUTO_TEST_CASE(established_paths_follow_a_neighbour_to_its_new_address) {
    quiet_host h;
    h.receives(reply_of(peer_mac, peer_ip));
    path way = h.way_to(peer_ip);
    BOOST_TEST(h.send_to(way).at(0).substr(0, 6) == bytes_of(peer_mac));
    h.receives(arp_frame(mac_address::broadcast(), 1, router_mac, peer_ip, {}, peer_ip));  // gratuitous
    BOOST_TEST(h.send_to(way).at(0).substr(0, 6) == bytes_of(router_mac));
    BOOST_TEST(h.net.counters().neighbour_changes == 1u);
}

// RFC 1122 §2.3.2.1 (2): a unicast poll, while packets go on.
BOOST_AUTO_TEST_CASE(a_neighbour_in_use_is_confirmed_when_its_time_is_over) {
    quiet_host h;
    h.receives(reply_of(peer_mac, peer_ip));
    path way = h.way_to(peer_ip);
    h.send_to(way);
    BOOST_TEST(h.after(60s).empty());
    BOOST_TEST(h.send_to(way).size() == 1u);
    h.after(1ms);
    auto sent = h.send_to(way);
    BOOST_TEST_REQUIRE(sent.size() == 2u);
    BOOST_TEST(sent[0] == arp_frame(peer_mac, 1, our_mac, our_ip, peer_mac, peer_ip));
    BOOST_TEST(is_valid_ip(sent[1]));
    h.receives(reply_of(peer_mac, peer_ip));
    BOOST_TEST((h.net.next_deadline() == never));
    BOOST_TEST(h.send_to(way).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_neighbour_that_confirms_nothing_is_forgotten) {
    quiet_host h;
    h.receives(reply_of(peer_mac, peer_ip));
    path way = h.way_to(peer_ip);
    h.send_to(way);
    h.after(61s);
    BOOST_TEST(h.send_to(way).size() == 2u);
    for (int i = 0; i < 3; ++i) h.after(1s);
    auto sent = h.send_to(way);
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(sent[0] == request_for(peer_ip));
}

BOOST_AUTO_TEST_CASE(claims_that_cannot_be_are_not_believed) {
    quiet_host h;
    const mac_address group({0x03, 0, 0, 0, 0, 1});
    const std::string bad[] = {
        arp(1, peer_mac, far_ip, {}, our_ip),
        arp(1, peer_mac, ipv4_address(10, 0, 0, 255), {}, our_ip),
        arp(1, peer_mac, ipv4_address(127, 0, 0, 1), {}, our_ip),
        arp(1, group, peer_ip, {}, our_ip),
        arp(1, mac_address(), peer_ip, {}, our_ip),
    };
    for (const auto& m : bad) BOOST_TEST(h.receives(ethernet(our_mac, peer_mac, 0x0806, m)).empty());
    BOOST_TEST(h.dropped(drop_reason::arp_bad_sender) == std::size(bad));
    h.receives(ethernet(our_mac, peer_mac, 0x0806, "short"));
    BOOST_TEST(h.dropped(drop_reason::arp_malformed) == 1u);
}

BOOST_AUTO_TEST_CASE(a_flood_of_neighbours_stays_within_the_table) {
    manual_clock clock;
    fake_queue device;
    drop_counters drops;
    interface_counters counters;
    uint32_t generation = 1;
    transmit_queue out(device, 8, drops);
    memory_budget memory;
    neighbour_settings settings;
    settings.entries = 64;
    neighbours n(settings, our_mac, 1, out, memory, generation, counters, drops);
    for (uint32_t i = 0; i < 10'000; ++i) n.learn(ipv4_address(0x0a000000 + i), peer_mac, true, clock.now());
    BOOST_TEST(n.size() <= 64u);
    BOOST_TEST(n.size() > 32u);
    // The one heard of last is still there.
    BOOST_TEST(n.resolve(ipv4_address(0x0a000000 + 9'999), our_ip, clock.now()).known);
}

BOOST_AUTO_TEST_CASE(a_flood_does_not_displace_neighbours_that_packets_wait_for) {
    quiet_host h;
    path way = h.way_to(peer_ip);
    h.send_to(way);
    for (uint32_t i = 0; i < 20'000; ++i)
        h.receives(
            arp_frame(our_mac, 1, router_mac, ipv4_address(10, 0, 0, uint8_t(3 + i % 250)), {}, our_ip));
    auto sent = h.receives(reply_of(peer_mac, peer_ip));
    BOOST_TEST(sent.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
