#include "net/ipv4/icmp.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;
using kind = icmp_error::kind;

namespace {

// An error from the router about a segment that we sent to `to`.
std::string error_frame(unsigned type, unsigned code, uint32_t rest, std::string_view quoted) {
    return ip_frame({.source = router_ip, .protocol = 1}, icmp_message(type, code, rest, quoted));
}
std::string our_packet(ipv4_address to, unsigned protocol = 6, size_t payload = 100) {
    return ip({.source = our_ip, .destination = to, .protocol = protocol, .dont_fragment = true},
              tcp(our_ip, to, 80, 1234, std::string(payload, 'q')));
}

struct ready_host : host {
    explicit ready_host(const interface_config& c = config()) : host(c) { settle(); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

// RFC 792, p. 14; RFC 1122 §3.2.2.6.
BOOST_AUTO_TEST_CASE(an_echo_request_comes_back_as_it_was) {
    ready_host h;
    for (size_t size : {0, 1, 56, 1471, 1472}) {
        auto sent = h.receives(echo_frame(std::string(size, 'p')));
        BOOST_TEST_REQUIRE(sent.size() == 1u);
        BOOST_TEST(is_valid_ip(sent[0]));
        BOOST_TEST(l4_of(sent[0]) == icmp_message(0, 0, 0x12340001, std::string(size, 'p')));
        BOOST_TEST((ip_at(ip_of(sent[0]), 12) == our_ip));
        BOOST_TEST((ip_at(ip_of(sent[0]), 16) == peer_ip));
    }
    BOOST_TEST(h.net.counters().echo_replies == 5u);
    BOOST_TEST(h.queue.buffers_out == 0u);
}

// The two zeros of ones' complement: RFC 1624 §3. What sums up to all ones may have either as its checksum;
// what is nothing but zeros only the one.
BOOST_AUTO_TEST_CASE(an_echo_of_zeros_has_a_good_checksum) {
    ready_host h;
    const std::string zeros(56, '\0');
    for (uint32_t rest : {0x00000000u, 0xffff0000u, 0x0000ffffu, 0x00000001u}) {
        auto sent = h.receives(ip_frame({.protocol = 1}, icmp_message(8, 0, rest, zeros)));
        BOOST_TEST_REQUIRE(sent.size() == 1u);
        BOOST_TEST(is_valid_ip(sent[0]), "of id and sequence number " << rest);
    }
}

BOOST_AUTO_TEST_CASE(an_echo_request_in_fragments_is_answered_in_fragments) {
    ready_host h;
    std::string message = icmp_message(8, 0, 0x12340001, std::string(4000, 'f'));
    h.queue.arrive(
        ip_frame({.protocol = 1, .offset = 1480, .more_fragments = true}, message.substr(1480, 1480)));
    h.queue.arrive(ip_frame({.protocol = 1, .offset = 2960}, message.substr(2960)));
    h.queue.arrive(ip_frame({.protocol = 1, .more_fragments = true}, message.substr(0, 1480)));
    auto sent = h.turn();
    BOOST_TEST_REQUIRE(sent.size() == 3u);
    std::string answer;
    for (const auto& frame : sent) {
        BOOST_TEST(is_valid_ip(frame));
        BOOST_TEST((u16_at(ip_of(frame), 6) & 0x1fff) * 8 == answer.size());
        BOOST_TEST(u16_at(ip_of(frame), 4) == u16_at(ip_of(sent[0]), 4));
        answer += l4_of(frame);
    }
    BOOST_TEST(!(u16_at(ip_of(sent[2]), 6) & 0x2000));
    BOOST_TEST(answer == icmp_message(0, 0, 0x12340001, std::string(4000, 'f')));
    BOOST_TEST(h.queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(echo_requests_to_everybody_are_not_answered) {
    ready_host h;
    BOOST_TEST(h.receives(ethernet(mac_address::broadcast(), peer_mac, 0x0800,
                                   ip({.destination = ipv4_address(10, 0, 0, 255), .protocol = 1},
                                      icmp_message(8, 0, 1, "x"))))
                   .empty());
    BOOST_TEST(h.dropped(drop_reason::not_to_one_host) == 1u);
}

BOOST_AUTO_TEST_CASE(echo_replies_are_limited_in_rate) {
    auto c = config();
    c.icmp.echo_replies_per_second = 10;
    ready_host h(c);
    size_t answers = 0;
    for (int i = 0; i < 100; ++i) answers += h.receives(echo_frame("x")).size();
    BOOST_TEST(answers == 10u);
    BOOST_TEST(h.dropped(drop_reason::icmp_rate_limited) == 90u);
    h.clock.advance(100ms);
    BOOST_TEST(h.receives(echo_frame("x")).size() == 1u);
}

// RFC 1122 §3.2.2.1.
BOOST_AUTO_TEST_CASE(unknown_protocols_and_ports_are_complained_about) {
    ready_host h;
    auto sent = h.receives(ip_frame({.protocol = 99, .id = 77, .ttl = 5}, "what is this?"));
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(is_valid_ip(sent[0]));
    BOOST_TEST(l4_of(sent[0]) ==
               icmp_message(3, 2, 0, ip({.protocol = 99, .id = 77, .ttl = 5}, "what is this?")));

    sent = h.receives(udp_frame(1000, 2000, "anybody?"));
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(l4_of(sent[0]) ==
               icmp_message(3, 3, 0, ip({.protocol = 17}, udp(peer_ip, our_ip, 1000, 2000, "anybody?"))));

    // Of a long one, enough to know it by.
    sent = h.receives(udp_frame(1000, 2000, std::string(1000, 'u')));
    BOOST_TEST(l4_of(sent[0]).size() == 8 + 128u);
    BOOST_TEST(h.net.counters().icmp_errors_out == 3u);
}

// RFC 1122 §3.2.2: none about broadcasts or other errors.
BOOST_AUTO_TEST_CASE(what_must_not_be_complained_about_is_not) {
    ready_host h;
    std::string stray = udp(peer_ip, ipv4_address(10, 0, 0, 255), 1, 2, "x");
    BOOST_TEST(h.receives(ethernet(mac_address::broadcast(), peer_mac, 0x0800,
                                   ip({.destination = ipv4_address(10, 0, 0, 255), .protocol = 17}, stray)))
                   .empty());
    BOOST_TEST(h.dropped(drop_reason::udp_no_socket) == 1u);
    BOOST_TEST(h.receives(error_frame(3, 3, 0, our_packet(peer_ip, 99))).empty());
    BOOST_TEST(h.dropped(drop_reason::icmp_error_unmatched) == 1u);
}

// RFC 1812 §4.3.2.8.
BOOST_AUTO_TEST_CASE(complaints_are_limited_in_rate) {
    auto c = config();
    c.icmp.errors_per_second = 5;
    ready_host h(c);
    size_t sent = 0;
    for (int i = 0; i < 50; ++i) sent += h.receives(udp_frame(1000, 2000, "x")).size();
    BOOST_TEST(sent == 5u);
    BOOST_TEST(h.dropped(drop_reason::icmp_rate_limited) == 45u);
}

BOOST_AUTO_TEST_CASE(errors_come_to_the_protocol_that_they_are_about) {
    const std::tuple<unsigned, unsigned, kind> cases[] = {
        {3, 0, kind::network_unreachable},  {3, 1, kind::host_unreachable},
        {3, 2, kind::protocol_unreachable}, {3, 3, kind::port_unreachable},
        {3, 13, kind::prohibited},          {11, 0, kind::time_exceeded},
        {12, 0, kind::parameter_problem},   {3, 4, kind::fragmentation_needed},
    };
    for (auto [type, code, what] : cases) {
        ready_host h;
        h.receives(error_frame(type, code, 1400, our_packet(far_ip)));
        BOOST_TEST_REQUIRE(h.upper.errors.size() == 1u);
        const auto& e = h.upper.errors[0];
        BOOST_TEST((e.what == what));
        BOOST_TEST((e.source == ip_address(our_ip)));
        BOOST_TEST((e.destination == ip_address(far_ip)));
        BOOST_TEST((e.reporter == ip_address(router_ip)));
        BOOST_TEST(h.upper.quoted[0] ==
                   ip_of(ethernet(our_mac, our_mac, 0, our_packet(far_ip))).substr(20, 64));
    }
}

BOOST_AUTO_TEST_CASE(errors_about_what_was_never_sent_are_dropped) {
    ready_host h;
    h.receives(error_frame(3, 1, 0, ip({.source = peer_ip, .destination = far_ip}, std::string(20, 'x'))));
    BOOST_TEST(h.dropped(drop_reason::icmp_error_unmatched) == 1u);
    h.upper.believes = false;
    h.receives(error_frame(3, 1, 0, our_packet(far_ip)));
    BOOST_TEST(h.dropped(drop_reason::icmp_error_unmatched) == 2u);
    BOOST_TEST(h.upper.errors.size() == 1u);
}

BOOST_AUTO_TEST_CASE(errors_that_quote_too_little_are_malformed) {
    ready_host h;
    std::string quoted = our_packet(far_ip);
    const std::string bad[] = {
        "",
        quoted.substr(0, 19),
        quoted.substr(0, 27),
        "\x46" + quoted.substr(1, 26),
        "\x60" + quoted.substr(1),
        ip({.source = our_ip, .destination = far_ip, .offset = 8}, std::string(20, 'x'))};
    for (const auto& q : bad) h.receives(error_frame(3, 1, 0, q));
    BOOST_TEST(h.dropped(drop_reason::icmp_malformed) == std::size(bad));
    BOOST_TEST(h.upper.errors.empty());
}

// RFC 1191 §3, §6.3.
BOOST_AUTO_TEST_CASE(fragmentation_needed_lowers_the_paths_mtu_for_a_while) {
    ready_host h;
    auto way = h.net.make_path({}, far_ip, ip_protocol::tcp);
    BOOST_TEST(way->mtu() == 1500);
    h.receives(error_frame(3, 4, 1400, our_packet(far_ip)));
    BOOST_TEST(h.upper.errors.at(0).mtu == 1400);
    h.sends(*way, tcp(our_ip, far_ip, 80, 1234, "x"));
    BOOST_TEST(way->mtu() == 1400);
    BOOST_TEST(h.net.make_path({}, far_ip, ip_protocol::tcp)->mtu() == 1400);
    BOOST_TEST(h.net.make_path({}, peer_ip, ip_protocol::tcp)->mtu() == 1500);
    h.after(10min + 1s);
    h.sends(*way, tcp(our_ip, far_ip, 80, 1234, "x"));
    BOOST_TEST(way->mtu() == 1500);
}

BOOST_AUTO_TEST_CASE(an_mtu_that_tcp_does_not_believe_changes_nothing) {
    ready_host h;
    h.upper.believes = false;
    h.receives(error_frame(3, 4, 600, our_packet(far_ip)));
    BOOST_TEST(h.net.make_path({}, far_ip, ip_protocol::tcp)->mtu() == 1500);
}

BOOST_AUTO_TEST_CASE(an_mtu_is_not_lowered_beyond_the_least) {
    ready_host h;
    h.receives(error_frame(3, 4, 1, our_packet(far_ip)));
    BOOST_TEST(h.upper.errors.at(0).mtu == 552);
}

// RFC 1191 §7.1: routers that do not say.
BOOST_AUTO_TEST_CASE(a_missing_mtu_is_guessed_from_the_plateaus) {
    ready_host h;
    h.receives(error_frame(3, 4, 0, our_packet(far_ip, 6, 1460)));
    BOOST_TEST(h.upper.errors.at(0).mtu == 1492);
    h.receives(error_frame(3, 4, 0, our_packet(far_ip, 6, 1000)));
    BOOST_TEST(h.upper.errors.at(1).mtu == 1006);
}

// RFC 1122 §3.3.2: code 1.
BOOST_AUTO_TEST_CASE(a_datagram_never_completed_is_complained_about) {
    ready_host h;
    std::string message = udp(peer_ip, our_ip, 1000, 2000, std::string(2000, 'u'));
    h.receives(ip_frame({.protocol = 17, .id = 9, .more_fragments = true}, message.substr(0, 1480)));
    auto sent = h.after(30s);
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(is_valid_ip(sent[0]));
    BOOST_TEST(u16_at(l4_of(sent[0]), 0) == 0x0b01u);
    BOOST_TEST(l4_of(sent[0]).substr(28) == message.substr(0, 8));
    BOOST_TEST(h.net.packets_held() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
