#include "net/udp/socket.hh"

#include "core/run_queue.hh"
#include "net/error.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;
using namespace std::chrono_literals;
using net_errc = millrace::net::errc;

namespace {

struct bench {
    explicit bench(const interface_config& c = config()) : scope(tasks), h(c) { h.settle(); }
    ~bench() { tasks.run(1000); }

    run_queue tasks;
    run_queue::scope scope;
    host h;
};

std::error_code error_of(future<received_datagram> f) {
    try {
        f.get();
    } catch (const std::system_error& e) {
        return e.code();
    }
    return {};
}
std::error_code error_of(future<> f) {
    try {
        f.get();
    } catch (const std::system_error& e) {
        return e.code();
    }
    return {};
}

const endpoint peer{peer_ip, 5353};

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(datagrams_come_with_their_sender) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 53});
    b.h.receives(udp_frame(5353, 53, "question"));
    b.h.receives(udp_frame(5354, 53, ""));
    auto f = s.receive();
    BOOST_TEST_REQUIRE(f.available());
    auto d = f.get();
    BOOST_TEST(d.data.view() == "question");
    BOOST_TEST((d.from == peer));
    d = s.receive().get();
    BOOST_TEST(d.data.empty());
    BOOST_TEST(d.from.port == 5354);
    d = {};
    BOOST_TEST(b.h.queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(a_receive_waits_for_its_datagram) {
    bench b;
    auto s = b.h.net.open_datagram({our_ip, 53});
    auto f = s.receive();
    BOOST_TEST(!f.available());
    b.h.receives(udp_frame(5353, 53, "question"));
    BOOST_TEST_REQUIRE(f.available());
    BOOST_TEST(f.get().data.view() == "question");
}

BOOST_AUTO_TEST_CASE(a_datagram_that_came_for_an_abandoned_receive_goes_to_the_next) {
    bench b;
    auto s = b.h.net.open_datagram({our_ip, 53});
    { auto abandoned = s.receive(); }
    b.h.receives(udp_frame(5353, 53, "first"));
    auto f = s.receive();
    BOOST_TEST_REQUIRE(f.available());
    BOOST_TEST(f.get().data.view() == "first");
    { auto abandoned = s.receive(); }
    auto g = s.receive();
    b.h.receives(udp_frame(5353, 53, "second"));
    BOOST_TEST_REQUIRE(g.available());
    BOOST_TEST(g.get().data.view() == "second");
}

// RFC 768.
BOOST_AUTO_TEST_CASE(datagrams_sent_are_whole_packets) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 53});
    for (size_t size : {0, 1, 256, 257, 1472}) {
        BOOST_TEST(!error_of(s.send(peer, buffer::copy_of(std::string(size, 'd')))));
        auto sent = b.h.turn();
        BOOST_TEST_REQUIRE(sent.size() == 1u);
        BOOST_TEST(is_valid_ip(sent[0]));
        BOOST_TEST(l4_of(sent[0]) == udp(our_ip, peer_ip, 53, 5353, std::string(size, 'd')));
        BOOST_TEST(u16_at(ip_of(sent[0]), 6) == 0u);
    }
}

// RFC 791 §3.2.
BOOST_AUTO_TEST_CASE(a_datagram_over_the_mtu_is_fragmented) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 53});
    std::string payload(5000, 'l');
    for (size_t i = 0; i < payload.size(); ++i) payload[i] = char(i * 13);
    BOOST_TEST(!error_of(s.send(peer, buffer::copy_of(payload))));
    auto sent = b.h.turn();
    BOOST_TEST_REQUIRE(sent.size() == 4u);
    std::string whole;
    for (const auto& frame : sent) {
        BOOST_TEST(is_valid_ip(frame));
        BOOST_TEST(frame.size() <= 1514u);
        whole += l4_of(frame);
    }
    BOOST_TEST(whole == udp(our_ip, peer_ip, 53, 5353, payload));
    BOOST_TEST(b.h.net.counters().fragments_out == 4u);
    BOOST_TEST(
        (error_of(s.send(peer, buffer::copy_of(std::string(65508, 'x')))) == net_errc::message_too_long));
    BOOST_TEST(!error_of(s.send(peer, buffer::copy_of(std::string(65507, 'x')))));
    b.h.turn();
    BOOST_TEST(b.h.queue.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(ports_are_taken_once) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 53});
    auto refused = [&](endpoint e, net_errc why) {
        BOOST_CHECK_EXCEPTION(b.h.net.open_datagram(e), std::system_error,
                              [why](const std::system_error& x) { return x.code() == make_error_code(why); });
    };
    refused({{}, 53}, net_errc::address_in_use);
    refused({our_ip, 53}, net_errc::address_in_use);
    refused({peer_ip, 54}, net_errc::address_not_available);
    s.close();
    s = b.h.net.open_datagram({our_ip, 53});
    s = {};
    b.h.net.open_datagram({our_ip, 53});
}

// RFC 6335 §6.
BOOST_AUTO_TEST_CASE(port_zero_gives_a_free_dynamic_port) {
    auto c = config();
    c.udp.sockets = 100;
    bench b(c);
    std::vector<datagram> sockets;
    for (int i = 0; i < 100; ++i) {
        sockets.push_back(b.h.net.open_datagram({}));
        BOOST_TEST(sockets.back().local().port >= 49152);
    }
    BOOST_CHECK_THROW(b.h.net.open_datagram({}), std::system_error);
}

BOOST_AUTO_TEST_CASE(a_full_receive_queue_drops_and_counts) {
    auto c = config();
    c.udp.receive_datagrams = 3;
    c.udp.receive_bytes = 1000;
    bench b(c);
    auto s = b.h.net.open_datagram({{}, 53});
    for (int i = 0; i < 5; ++i) b.h.receives(udp_frame(5353, 53, "x"));
    BOOST_TEST(b.h.dropped(drop_reason::udp_queue_full) == 2u);
    for (int i = 0; i < 3; ++i) s.receive().get();
    for (int i = 0; i < 2; ++i) b.h.receives(udp_frame(5353, 53, std::string(600, 'x')));
    BOOST_TEST(b.h.dropped(drop_reason::udp_queue_full) == 3u);
}

BOOST_AUTO_TEST_CASE(what_waits_is_dropped_where_memory_is_short) {
    auto c = config();
    c.memory = 100'000;
    bench b(c);
    memory_budget& memory = b.h.net.memory();
    auto s = b.h.net.open_datagram({{}, 53});
    memory.set(memory_use::connections, 59'000);
    for (int i = 0; i < 3; ++i) b.h.receives(udp_frame(5353, 53, std::string(600, 'x')));
    BOOST_TEST(b.h.dropped(drop_reason::udp_queue_full) == 2u);
    BOOST_TEST(memory.refused(memory_use::datagrams) == 2u);
    BOOST_TEST(memory.used(memory_use::datagrams) == 600u);
    s.receive().get();
    BOOST_TEST(memory.used(memory_use::datagrams) == 0u);
    memory.set(memory_use::connections, 0);
    b.h.receives(udp_frame(5353, 53, std::string(600, 'x')));
    s = {};
    BOOST_TEST(memory.used(memory_use::datagrams) == 0u);
}

// RFC 1122 §4.1.3.3: told once; only about what was sent.
BOOST_AUTO_TEST_CASE(icmp_errors_come_to_the_socket_that_sent) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 53});
    s.send(peer, buffer::copy_of("x")).get();
    b.h.turn();
    auto refusal = [](unsigned port) {
        return ip_frame({.protocol = 1},
                        icmp_message(3, 3, 0,
                                     ip({.source = our_ip, .destination = peer_ip, .protocol = 17},
                                        udp(our_ip, peer_ip, 53, port, "x"))));
    };
    b.h.receives(refusal(9999));
    BOOST_TEST(b.h.dropped(drop_reason::icmp_error_unmatched) == 1u);
    b.h.receives(refusal(5353));
    BOOST_TEST((error_of(s.receive()) == net_errc::connection_refused));
    auto f = s.receive();
    BOOST_TEST(!f.available());
    b.h.receives(refusal(5353));
    BOOST_TEST((error_of(std::move(f)) == net_errc::connection_refused));
}

BOOST_AUTO_TEST_CASE(a_neighbour_that_does_not_answer_is_told_as_unreachable) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 53});
    s.send({ipv4_address(10, 0, 0, 77), 9}, buffer::copy_of("x")).get();
    for (int i = 0; i < 4; ++i) b.h.after(1s);
    BOOST_TEST((error_of(s.receive()) == net_errc::host_unreachable));
}

BOOST_AUTO_TEST_CASE(closing_ends_a_waiting_receive) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 53});
    auto f = s.receive();
    s.close();
    BOOST_TEST((error_of(std::move(f)) == net_errc::closed));
    BOOST_TEST((error_of(s.receive()) == net_errc::closed));
    BOOST_TEST((error_of(s.send(peer, buffer())) == net_errc::closed));
}

BOOST_AUTO_TEST_CASE(a_socket_survives_its_interface) {
    run_queue tasks;
    run_queue::scope scope(tasks);
    datagram s;
    std::optional<future<received_datagram>> f;
    {
        host h;
        s = h.net.open_datagram({{}, 53});
        f = s.receive();
    }
    BOOST_TEST((error_of(std::move(*f)) == net_errc::closed));
    BOOST_TEST((error_of(s.send(peer, buffer())) == net_errc::closed));
}

BOOST_AUTO_TEST_CASE(unreachable_destinations_fail_the_send) {
    auto c = config();
    c.gateway.reset();
    bench b(c);
    auto s = b.h.net.open_datagram({{}, 53});
    BOOST_TEST((error_of(s.send({far_ip, 9}, buffer())) == net_errc::network_unreachable));
    BOOST_TEST((error_of(s.send({peer_ip, 0}, buffer())) == net_errc::invalid_address));
    b.h.queue.buffers = 0;
    BOOST_TEST((error_of(s.send(peer, buffer())) == net_errc::no_buffer_space));
}

BOOST_AUTO_TEST_CASE(broadcasts_are_received_by_sockets_of_any_address) {
    bench b;
    auto s = b.h.net.open_datagram({{}, 67});
    const ipv4_address all = ipv4_address::broadcast();
    b.h.receives(ethernet(mac_address::broadcast(), peer_mac, 0x0800,
                          ip({.destination = all, .protocol = 17}, udp(peer_ip, all, 68, 67, "hello"))));
    BOOST_TEST(s.receive().get().data.view() == "hello");
    s.send({all, 68}, buffer::copy_of("offer")).get();
    auto sent = b.h.turn();
    BOOST_TEST(sent.at(0).substr(0, 6) == std::string(6, '\xff'));
    BOOST_TEST(is_valid_ip(sent[0]));
}

BOOST_AUTO_TEST_SUITE_END()
