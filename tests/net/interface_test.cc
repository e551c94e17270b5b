#include "net/interface.hh"

#include "core/metrics.hh"
#include "net/error.hh"
#include "net/rss.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using net_errc = millrace::net::errc;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(a_segment_comes_to_tcp_without_its_headers) {
    host h;
    h.settle();
    h.receives(tcp_frame(1234, 80, "hello"));
    BOOST_TEST_REQUIRE(h.upper.datagrams.size() == 1u);
    const auto& d = h.upper.datagrams[0];
    BOOST_TEST(d.bytes == tcp(peer_ip, our_ip, 1234, 80, "hello"));
    BOOST_TEST((d.source == ip_address(peer_ip)));
    BOOST_TEST((d.destination == ip_address(our_ip)));
    BOOST_TEST(d.flow_hash == flow_hash(peer_ip, our_ip, 1234, 80));
    BOOST_TEST(h.queue.buffers_out == 0u);
}

// RFC 894: frames are padded to 60 bytes.
BOOST_AUTO_TEST_CASE(padding_is_cut_off) {
    host h;
    h.receives(tcp_frame(1234, 80, "x") + std::string(20, '\xee'));
    BOOST_TEST_REQUIRE(h.upper.datagrams.size() == 1u);
    BOOST_TEST(h.upper.datagrams[0].bytes.size() == 21u);
}

BOOST_AUTO_TEST_CASE(padding_in_a_second_buffer_is_cut_off) {
    host h;
    std::string frame = tcp_frame(1234, 80, std::string(100, 'x'));
    for (size_t split : {frame.size() - 1, frame.size(), size_t(60)}) {
        h.queue.arrive_split(frame + std::string(9, '\xee'), split);
        h.turn();
        BOOST_TEST_REQUIRE(h.upper.datagrams.size() == 1u);
        BOOST_TEST(h.upper.datagrams[0].bytes == l4_of(frame));
        h.upper.datagrams.clear();
    }
    BOOST_TEST(h.queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(one_poll_hands_its_burst_over_in_one_call) {
    host h;
    h.settle();
    for (unsigned i = 0; i < 40; ++i) h.queue.arrive(tcp_frame(1000 + i, 80, "x"));
    h.turn();
    BOOST_TEST((h.upper.bursts == std::vector<size_t>{32, 8}));
    for (unsigned i = 0; i < 40; ++i) BOOST_TEST(u16_at(h.upper.datagrams[i].bytes, 0) == 1000 + i);
}

// RFC 1122 §3.2.1.2, §4.1.3.4, §4.2.2.7.
BOOST_AUTO_TEST_CASE(wrong_checksums_are_dropped_and_counted) {
    host h;
    std::string good = tcp_frame(1234, 80, "hello");
    auto flipped = [&](size_t at) {
        std::string bad = good;
        bad[at] = char(bad[at] ^ 0x10);
        return bad;
    };
    h.receives(flipped(14 + 8));  // TTL
    BOOST_TEST(h.dropped(drop_reason::ip_bad_checksum) == 1u);
    h.receives(flipped(good.size() - 1));
    BOOST_TEST(h.dropped(drop_reason::l4_bad_checksum) == 1u);
    BOOST_TEST(h.upper.datagrams.empty());
}

BOOST_AUTO_TEST_CASE(the_devices_verdict_on_checksums_is_believed) {
    host h;
    std::string frame = tcp_frame(1234, 80, "hello");
    frame.back() = 'X';
    auto arrive = [&](checksum_verdict ip, checksum_verdict l4) {
        packet p;
        p.head = buffer::copy_of(frame);
        p.ip_checksum = ip;
        p.l4_checksum = l4;
        h.queue.arrive(std::move(p));
        h.turn();
    };
    arrive(checksum_verdict::good, checksum_verdict::good);
    BOOST_TEST(h.upper.datagrams.size() == 1u);
    arrive(checksum_verdict::good, checksum_verdict::bad);
    BOOST_TEST(h.dropped(drop_reason::l4_bad_checksum) == 1u);
    arrive(checksum_verdict::bad, checksum_verdict::good);
    BOOST_TEST(h.dropped(drop_reason::ip_bad_checksum) == 1u);
}

BOOST_AUTO_TEST_CASE(segments_sent_are_whole_packets) {
    host h;
    h.settle();
    auto way = h.net.make_path({}, peer_ip, ip_protocol::tcp);
    BOOST_TEST_REQUIRE(way.has_value());
    for (size_t size : {0, 1, 5, 63, 1460}) {
        auto sent = h.sends(*way, tcp(our_ip, peer_ip, 80, 1234, std::string(size, 'a')), ecn::ect0);
        BOOST_TEST_REQUIRE(sent.size() == 1u);
        BOOST_TEST(is_valid_ip(sent[0]));
        BOOST_TEST(sent[0].substr(0, 12) == bytes_of(peer_mac) + bytes_of(our_mac));
        BOOST_TEST(u16_at(ip_of(sent[0]), 6) == 0x4000u);  // DF: RFC 1191 §3
        BOOST_TEST(uint8_t(ip_of(sent[0])[1]) == 2u);
        BOOST_TEST(l4_of(sent[0]) == tcp(our_ip, peer_ip, 80, 1234, std::string(size, 'a')));
    }
    BOOST_TEST(h.queue.buffers_out == 0u);
}

// Built in the queue or handed over: the frames are the same.
BOOST_AUTO_TEST_CASE(drafts_leave_as_packets_do) {
    host handed, drafted;
    handed.settle();
    drafted.settle();
    auto way = handed.net.make_path({}, peer_ip, ip_protocol::tcp);
    auto draft_way = drafted.net.make_path({}, peer_ip, ip_protocol::tcp);
    auto draft = [&](std::string_view l4, size_t split, ecn mark) {
        packet* p = drafted.net.draft();
        BOOST_TEST_REQUIRE(p);
        l4.copy(p->head.append(split), split);
        if (split < l4.size()) p->fragments.push_back(buffer::copy_of(l4.substr(split)));
        drafted.net.send_draft(*p, *draft_way, mark);
        return drafted.turn();
    };
    for (size_t size : {0, 1, 5, 63, 64, 64, 1460, 1460, 1461, 64}) {
        for (ecn mark : {ecn::not_capable, ecn::ect0}) {
            const std::string segment = tcp(our_ip, peer_ip, 80, 1234, std::string(size, 'a'));
            const auto expected = handed.sends(*way, segment, mark);
            BOOST_TEST(expected.size() == (size <= 1460 ? 1u : 0u));
            const size_t most = std::min<size_t>(segment.size(), 1500);
            for (size_t split : {size_t(20), most / 2 + 10, most})
                BOOST_TEST(draft(segment, split, mark) == expected, boost::test_tools::per_element());
        }
    }
    BOOST_TEST(handed.dropped(drop_reason::too_long) == 2u);
    BOOST_TEST(drafted.dropped(drop_reason::too_long) == 6u);
    BOOST_TEST(drafted.queue.buffers_out == 0u);
}

// The request for the neighbour's address is sent from where the draft stood.
BOOST_AUTO_TEST_CASE(a_draft_waits_for_its_neighbour) {
    host h;
    h.turn();
    h.after(2s);
    auto way = h.net.make_path({}, peer_ip, ip_protocol::tcp);
    const std::string segment = tcp(our_ip, peer_ip, 80, 1234, "hello");
    for (int i = 0; i < 2; ++i) {
        packet* p = h.net.draft();
        BOOST_TEST_REQUIRE(p);
        segment.copy(p->head.append(segment.size()), segment.size());
        BOOST_TEST(h.net.send_draft(*p, *way));
    }
    auto sent = h.turn();
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(is_arp(sent[0]));
    sent = h.receives(arp_frame(our_mac, 2, peer_mac, peer_ip, our_mac, our_ip));
    BOOST_TEST_REQUIRE(sent.size() == 2u);
    for (const std::string& frame : sent) {
        BOOST_TEST(is_valid_ip(frame));
        BOOST_TEST(frame.substr(0, 6) == bytes_of(peer_mac));
        BOOST_TEST(l4_of(frame) == segment);
    }
    BOOST_TEST(h.queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(attached_payload_is_summed_and_sent_behind_the_head) {
    host h;
    h.settle();
    auto way = h.net.make_path({}, peer_ip, ip_protocol::tcp);
    std::string segment = tcp(our_ip, peer_ip, 80, 1234, "odd and even pieces");
    packet p = h.build(segment.substr(0, 21));
    p.fragments.push_back(buffer::copy_of(segment.substr(21, 4)));
    p.fragments.push_back(buffer::copy_of(segment.substr(25)));
    BOOST_TEST(h.net.send(*way, std::move(p)));
    auto sent = h.turn();
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    BOOST_TEST(is_valid_ip(sent[0]));
    BOOST_TEST(l4_of(sent[0]) == segment);
}

BOOST_AUTO_TEST_CASE(a_device_that_fills_checksums_gets_the_pseudo_headers_sum) {
    auto info = host::device();
    info.fills_tcp_checksum = true;
    host h(config(), info);
    h.settle();
    auto way = h.net.make_path({}, peer_ip, ip_protocol::tcp);
    auto sent = h.sends(*way, tcp(our_ip, peer_ip, 80, 1234, "x"));
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    unsigned pseudo = checksum(bytes_of(our_ip) + bytes_of(peer_ip) + u16(6) + u16(21));
    BOOST_TEST(u16_at(l4_of(sent[0]), 16) == (~pseudo & 0xffff));
    packet* p = h.net.draft();
    const std::string segment = tcp(our_ip, peer_ip, 80, 1234, "x");
    segment.copy(p->head.append(segment.size()), segment.size());
    BOOST_TEST(h.net.send_draft(*p, *way));
    BOOST_TEST(h.turn() == sent, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_segment_over_the_mtu_is_refused) {
    host h;
    h.settle();
    auto way = h.net.make_path({}, peer_ip, ip_protocol::tcp);
    BOOST_TEST(!h.net.send(*way, h.build(tcp(our_ip, peer_ip, 80, 1234, std::string(1461, 'a')))));
    BOOST_TEST(h.dropped(drop_reason::too_long) == 1u);
}

BOOST_AUTO_TEST_CASE(what_the_device_does_not_take_is_kept_in_order) {
    auto c = config();
    c.transmit_queue = 4;
    host h(c);
    h.settle();
    auto way = h.net.make_path({}, peer_ip, ip_protocol::tcp);
    h.queue.room = 1;
    for (unsigned i = 0; i < 6; ++i) h.net.send(*way, h.build(tcp(our_ip, peer_ip, 80, i, "")));
    // One left when the queue was full, and room for one more.
    BOOST_TEST(h.dropped(drop_reason::transmit_queue_full) == 1u);
    h.net.flush();
    h.queue.room = SIZE_MAX;
    h.net.flush();
    auto sent = h.queue.take_sent();
    BOOST_TEST_REQUIRE(sent.size() == 5u);
    for (unsigned i = 0; i < 5; ++i) BOOST_TEST(u16_at(l4_of(sent[i]), 2) == i);
    BOOST_TEST(h.net.packets_held() == 0u);
    BOOST_TEST(h.queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(an_empty_pool_is_survived) {
    host h;
    h.settle();
    h.queue.buffers = 0;
    BOOST_TEST(!h.net.allocate().storage());
    h.receives(arp_frame(our_mac, 1, peer_mac, peer_ip, {}, our_ip));
    h.receives(udp_frame(5, 6, "nobody listens"));
    BOOST_TEST(h.dropped(drop_reason::no_buffer) == 2u);
}

BOOST_AUTO_TEST_CASE(paths_need_a_route_and_an_address_of_ours) {
    auto c = config();
    c.gateway.reset();
    host h(c);
    BOOST_TEST((h.net.make_path({}, far_ip, ip_protocol::tcp).error() == net_errc::network_unreachable));
    BOOST_TEST(
        (h.net.make_path(peer_ip, peer_ip, ip_protocol::tcp).error() == net_errc::address_not_available));
    BOOST_TEST((h.net.make_path({}, our_ip, ip_protocol::tcp).error() == net_errc::address_not_available));
    BOOST_TEST((h.net.make_path({}, *ip_address::parse("::1"), ip_protocol::tcp).error() ==
                net_errc::network_unreachable));
    BOOST_TEST((h.net.source_for(peer_ip).value() == ip_address(our_ip)));
    path none;
    BOOST_TEST(!h.net.send(none, h.build(tcp(our_ip, peer_ip, 1, 2, ""))));
    BOOST_TEST(h.dropped(drop_reason::no_route) == 1u);
}

BOOST_AUTO_TEST_CASE(impossible_configurations_are_refused) {
    auto refused = [](auto change) {
        auto c = config();
        change(c);
        BOOST_CHECK_THROW(host h(c), std::system_error);
    };
    refused([](auto& c) { c.addresses.clear(); });
    refused([](auto& c) { c.addresses = {*prefix::parse("10.0.0.255/24")}; });
    refused([](auto& c) { c.addresses = {*prefix::parse("10.0.0.0/24")}; });
    refused([](auto& c) { c.addresses = {*prefix::parse("224.0.0.1/24")}; });
    refused([](auto& c) { c.addresses = {*prefix::parse("2001:db8::1/64")}; });
    refused([](auto& c) { c.gateway = far_ip; });
    refused([](auto& c) { c.gateway = our_ip; });
    refused([](auto& c) { c.mtu = 40; });
}

BOOST_AUTO_TEST_CASE(what_is_not_for_us_is_dropped_by_reason) {
    host h;
    h.settle();
    const mac_address group({0x01, 0, 0x5e, 0, 0, 1});
    std::string segment = tcp_frame(1, 2, "x");
    auto with_mac = [&](const mac_address& to) { return bytes_of(to) + segment.substr(6); };
    const std::pair<std::string, drop_reason> cases[] = {
        {"", drop_reason::frame_truncated},
        {segment.substr(0, 13), drop_reason::frame_truncated},
        {with_mac(router_mac), drop_reason::frame_not_for_us},
        {bytes_of(our_mac) + bytes_of(group) + segment.substr(12), drop_reason::frame_bad_source},
        {ethernet(our_mac, peer_mac, 0x8100, u16(5) + segment.substr(12)), drop_reason::frame_tagged},
        {ethernet(our_mac, peer_mac, 0x86dd, std::string(40, '\x60')), drop_reason::ethertype_unknown},
        {ethernet(our_mac, peer_mac, 0x0800, "E"), drop_reason::ip_truncated},
        {ip_frame({.destination = peer_ip}, ""), drop_reason::ip_not_for_us},
        {with_mac(mac_address::broadcast()), drop_reason::ip_not_for_us},  // RFC 1122 §3.3.6
        {ip_frame({.source = our_ip}, ""), drop_reason::ip_bad_source},
        {ip_frame({.source = ipv4_address(127, 0, 0, 1)}, ""), drop_reason::ip_bad_source},
        {ip_frame({.source = ipv4_address(10, 0, 0, 255)}, ""), drop_reason::ip_bad_source},
        {ip_frame({.source = ipv4_address(224, 0, 0, 5)}, ""), drop_reason::ip_bad_source},
        {ip_frame({.source = ipv4_address()}, ""), drop_reason::ip_bad_source},
        {ip_frame({.destination = ipv4_address(10, 0, 0, 255)}, tcp(peer_ip, our_ip, 1, 2, "")),
         drop_reason::not_to_one_host},
        {ip_frame({.protocol = 6}, "too short"), drop_reason::l4_truncated},
        {ip_frame({.protocol = 17}, "short"), drop_reason::l4_truncated},
        {ip_frame({.protocol = 1}, "short"), drop_reason::icmp_malformed},
        {ip_frame({.protocol = 17}, u16(1) + u16(2) + u16(7) + u16(0)), drop_reason::udp_bad_length},
        {ip_frame({.protocol = 17}, u16(1) + u16(2) + u16(9) + u16(0)), drop_reason::udp_bad_length},
        {ip_frame({.protocol = 1}, icmp_message(8, 0, 1, "").replace(2, 1, "?")),
         drop_reason::icmp_bad_checksum},
        {ip_frame({.protocol = 1}, icmp_message(13, 0, 1, "")), drop_reason::icmp_type_unknown},
    };
    for (const auto& [frame, why] : cases) {
        uint64_t before = h.dropped(why);
        BOOST_TEST(h.receives(frame).empty(), name_of(why));
        BOOST_TEST(h.dropped(why) == before + 1, name_of(why));
    }
    BOOST_TEST(h.net.drops().total() == std::size(cases));
    BOOST_TEST(h.upper.datagrams.empty());
    BOOST_TEST(h.queue.buffers_out == 0u);
}

// A device without an interrupt is looked at soon after work, and seldom once nothing has come for long.
BOOST_AUTO_TEST_CASE(an_idle_interface_is_looked_at_less_and_less_often) {
    host h;
    h.settle();
    h.receives(tcp_frame(1, 2, "x"));
    const duration first = h.net.max_sleep();
    BOOST_TEST((first <= 50us));
    duration idle{};
    unsigned looks = 0;
    for (duration last = first; last < 500us; last = h.net.max_sleep(), ++looks) {
        BOOST_TEST((h.net.max_sleep() >= last));
        idle += last;
        BOOST_TEST(h.net.prepare_sleep());
        h.net.woke();
        BOOST_TEST(!h.net.poll());
    }
    BOOST_TEST((idle < 10ms));
    BOOST_TEST(looks < 30u);
    h.net.woke();
    BOOST_TEST((h.net.max_sleep() == 500us));
    h.receives(tcp_frame(1, 2, "x"));
    BOOST_TEST((h.net.max_sleep() == first));
}

BOOST_AUTO_TEST_CASE(counters_are_metrics) {
    metric_registry metrics;
    host h;
    h.net.register_metrics(metrics);
    h.settle();
    h.receives(tcp_frame(1, 2, "x"));
    h.receives("");
    BOOST_TEST(metrics.total("net_tcp_in") == 1);
    BOOST_TEST(metrics.total("net_dropped") == 1);
}

BOOST_AUTO_TEST_CASE(tcp_without_a_stack_is_dropped) {
    host h;
    h.net.attach(static_cast<l4_handler*>(nullptr));
    h.receives(tcp_frame(1, 2, "x"));
    BOOST_TEST(h.dropped(drop_reason::tcp_not_attached) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
