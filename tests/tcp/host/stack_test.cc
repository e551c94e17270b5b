#include "core/coroutine.hh"
#include "net/error.hh"
#include "tests/support/sim_hosts.hh"
#include "tests/support/sim_raw_peer.hh"
#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

// How connecting ended: no error if it did not fail.
struct attempt {
    std::optional<net::stream> stream;
    std::error_code error;
    bool done = false;
};

future<> connect(net::network& n, net::endpoint to, net::connect_options options, attempt& a) {
    try {
        a.stream = co_await n.connect(to, options);
    } catch (const std::system_error& e) {
        a.error = e.code();
    }
    a.done = true;
}

attempt try_connect(two_hosts& hosts, net::endpoint to, net::connect_options options = {}) {
    attempt a;
    hosts.a.run([&](net::network& n) { background(connect(n, to, options, a)); });
    hosts.world.run_until([&] { return a.done; });
    return a;
}

std::error_code listen_error(sim_host& h, net::listen_options options) {
    return h.run([&](net::network& n) {
        try {
            (void)n.listen(options);
            return std::error_code();
        } catch (const std::system_error& e) {
            return e.code();
        }
    });
}

net::listener listen(sim_host& h, net::listen_options options) {
    return h.run([&](net::network& n) { return n.listen(options); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

// RFC 9293 §3.9.1.1.
BOOST_AUTO_TEST_CASE(a_connection_opens_and_both_ends_agree_on_their_names) {
    two_hosts hosts(1);
    net::listener l = listen(hosts.b, {.port = 80});
    attempt a = try_connect(hosts, {hosts.b.address, 80});
    BOOST_REQUIRE(a.stream);
    BOOST_TEST(a.stream->connected());
    BOOST_TEST((a.stream->remote() == net::endpoint{hosts.b.address, 80}));
    BOOST_TEST((a.stream->local().address == hosts.a.address));
    hosts.b.run([&](net::network&) {
        future<std::optional<net::stream>> accepted = l.accept();
        BOOST_REQUIRE(accepted.available());
        std::optional<net::stream> s = accepted.get();
        BOOST_TEST((s->remote() == a.stream->local()));
        BOOST_TEST((s->local() == a.stream->remote()));
    });
}

// RFC 9293 §3.10.7.1: RST for a SYN that nobody waits for.
BOOST_AUTO_TEST_CASE(a_port_without_listener_refuses) {
    two_hosts hosts(1);
    BOOST_TEST((try_connect(hosts, {hosts.b.address, 81}).error == net::errc::connection_refused));
    BOOST_TEST(hosts.b.network->counters().unknown_flow == 1u);
    BOOST_TEST(hosts.a.network->counters().failed_opens == 1u);
    hosts.world.run_until_idle();
    BOOST_TEST(hosts.leftovers() == "");
}

// RFC 1122 §2.3.2.2: nobody answers to ARP.
BOOST_AUTO_TEST_CASE(an_absent_host_is_unreachable) {
    two_hosts hosts(1);
    const attempt a = try_connect(hosts, {net::ipv4_address(10, 0, 0, 99), 80});
    BOOST_TEST((a.error == net::errc::host_unreachable || a.error == net::errc::timed_out),
               a.error.message());
    hosts.world.run_until_idle();
    BOOST_TEST(hosts.leftovers() == "");
}

// RFC 9293 §3.8.3: R2 for SYN.
BOOST_AUTO_TEST_CASE(a_host_that_does_not_answer_times_out) {
    two_hosts hosts(1);
    net::listener l = listen(hosts.b, {.port = 80});
    try_connect(hosts, {hosts.b.address, 80});  // learns the neighbour
    hosts.wire.cut();
    const time_point start = hosts.world.now();
    const attempt a = try_connect(hosts, {hosts.b.address, 80});
    BOOST_TEST((a.error == net::errc::timed_out || a.error == net::errc::host_unreachable),
               a.error.message());
    BOOST_TEST((hosts.world.now() - start < 5min));
}

BOOST_AUTO_TEST_CASE(a_destination_without_route_fails_at_once) {
    two_hosts hosts(1);
    BOOST_TEST((try_connect(hosts, {net::ipv4_address(192, 168, 1, 1), 80}).error ==
                net::errc::network_unreachable));
}

BOOST_AUTO_TEST_CASE(impossible_ends_are_refused) {
    two_hosts hosts(1);
    BOOST_TEST((try_connect(hosts, {hosts.b.address, 0}).error == net::errc::invalid_address));
    BOOST_TEST(
        (try_connect(hosts, {net::ipv4_address(224, 0, 0, 1), 80}).error == net::errc::invalid_address));
    const net::connect_options foreign{.local = net::endpoint{net::ipv4_address(10, 0, 0, 77), 0}};
    BOOST_TEST(
        (try_connect(hosts, {hosts.b.address, 80}, foreign).error == net::errc::address_not_available));
}

BOOST_AUTO_TEST_CASE(a_source_port_may_be_chosen_and_is_then_taken) {
    two_hosts hosts(1);
    net::listener l = listen(hosts.b, {.port = 80});
    const net::connect_options chosen{.local = net::endpoint{net::ip_address(), 5555}};
    attempt a = try_connect(hosts, {hosts.b.address, 80}, chosen);
    BOOST_REQUIRE(a.stream);
    BOOST_TEST(a.stream->local().port == 5555u);
    BOOST_TEST((try_connect(hosts, {hosts.b.address, 80}, chosen).error == net::errc::address_in_use));
}

BOOST_AUTO_TEST_CASE(a_port_is_listened_on_once_for_each_address) {
    two_hosts hosts(1);
    net::listener all = listen(hosts.b, {.port = 80});
    BOOST_TEST((listen_error(hosts.b, {.port = 80}) == net::errc::address_in_use));
    BOOST_TEST(
        (listen_error(hosts.b, {.address = hosts.b.address, .port = 80}) == net::errc::address_in_use));
    BOOST_TEST((listen_error(hosts.b, {.address = hosts.a.address, .port = 81}) ==
                net::errc::address_not_available));
    hosts.b.run([&](net::network&) { all.close(); });
    BOOST_TEST(!listen_error(hosts.b, {.port = 80}));
}

BOOST_AUTO_TEST_CASE(port_zero_listens_on_a_free_port) {
    two_hosts hosts(1);
    net::listener first = listen(hosts.b, {.port = 0}), second = listen(hosts.b, {.port = 0});
    BOOST_TEST(first.local().port != 0u);
    BOOST_TEST(first.local().port != second.local().port);
}

BOOST_AUTO_TEST_CASE(a_table_with_no_room_refuses) {
    two_hosts hosts(1, {}, {.connections = 2});
    net::listener l = listen(hosts.b, {.port = 80});
    attempt first = try_connect(hosts, {hosts.b.address, 80}),
            second = try_connect(hosts, {hosts.b.address, 80});
    BOOST_TEST((try_connect(hosts, {hosts.b.address, 80}).error == net::errc::no_buffer_space));
    BOOST_TEST(hosts.a.network->counters().connection_limit == 1u);
}

BOOST_AUTO_TEST_CASE(stop_waits_for_connections_to_close_and_leaves_nothing) {
    two_hosts hosts(1);
    net::listener l = listen(hosts.b, {.port = 80});
    attempt a = try_connect(hosts, {hosts.b.address, 80});
    hosts.world.run_for(10ms);
    std::optional<net::stream> accepted;
    hosts.b.run([&](net::network&) { accepted = l.accept().get(); });
    std::optional<future<>> stopped;
    hosts.b.run([&](net::network& n) { stopped = n.stop(); });
    hosts.world.run_for(1s);
    BOOST_TEST(!stopped->available());
    hosts.a.run([&](net::network&) { a.stream.reset(); });
    hosts.b.run([&](net::network&) { accepted.reset(); });
    BOOST_TEST(hosts.world.run_until([&] { return stopped->available(); }));
    hosts.b.run([&](net::network&) { stopped->get(); });
    hosts.world.run_until_idle();
    BOOST_TEST(hosts.leftovers() == "");
}

// RFC 9293 §3.6.1 with RFC 6191: the same four-tuple again, while the old one is in TIME-WAIT.
BOOST_AUTO_TEST_CASE(a_connection_may_take_the_place_of_one_in_time_wait) {
    net::wire_setup setup;
    setup.a_to_b.delay = setup.b_to_a.delay = 2ms;
    two_hosts hosts(1, setup);
    net::listener l = listen(hosts.b, {.port = 80});
    const net::connect_options chosen{.local = net::endpoint{net::ip_address(), 5555}};
    attempt a = try_connect(hosts, {hosts.b.address, 80}, chosen);
    hosts.world.run_for(10ms);
    // The server closes first and gets the TIME-WAIT.
    hosts.b.run([&](net::network&) { l.accept().get(); });
    hosts.world.run_for(20ms);
    hosts.a.run([&](net::network&) { a.stream.reset(); });
    hosts.world.run_for(20ms);
    BOOST_TEST(hosts.b.network->usage().time_wait == 1u);
    BOOST_TEST(hosts.a.network->usage().connections == 0u);
    const attempt again = try_connect(hosts, {hosts.b.address, 80}, chosen);
    BOOST_TEST(!again.error, again.error.message());
    BOOST_TEST(hosts.b.network->counters().time_wait_reused == 1u);
}

// A client that opens and closes in a row would run out of ports within a minute's TIME-WAIT.
BOOST_AUTO_TEST_CASE(ports_in_time_wait_are_opened_from_again_when_all_others_are_used) {
    tcp::native_settings settings;
    settings.first_port = 40000;
    settings.last_port = 40009;
    two_hosts hosts(1, {}, settings);
    net::listener l = listen(hosts.b, {.port = 80});
    for (int i = 0; i < 35; ++i) {
        attempt a = try_connect(hosts, {hosts.b.address, 80});
        BOOST_REQUIRE(a.stream);
        hosts.a.run([&](net::network&) { a.stream.reset(); });
        hosts.world.run_for(10ms);
        hosts.b.run([&](net::network&) { l.accept().get(); });
        hosts.world.run_for(150ms);
    }
    BOOST_TEST(hosts.a.network->usage().time_wait == 10u);
    BOOST_TEST(hosts.a.network->counters().time_wait_reused == 25u);
}

BOOST_AUTO_TEST_CASE(streams_and_listeners_may_outlive_their_network) {
    two_hosts hosts(1);
    net::listener l = listen(hosts.b, {.port = 80});
    attempt a = try_connect(hosts, {hosts.b.address, 80});
    hosts.a.run([&](net::network&) {
        hosts.a.network.reset();
        BOOST_TEST(!a.stream->connected());
        future<buffer> r = a.stream->read();
        BOOST_TEST(r.failed());
        r.ignore_ready_future();
        a.stream.reset();
    });
    hosts.b.run([&](net::network&) {
        hosts.b.network.reset();
        future<std::optional<net::stream>> accepted = l.accept();
        BOOST_TEST(!accepted.get());
    });
}

// RFC 1191 §6.5: the packets of the others do not fit either, and no router will tell them, as none leaves.
BOOST_AUTO_TEST_CASE(a_smaller_path_that_one_connection_learns_of_holds_for_its_neighbours) {
    net::world world(1);
    net::wire& wire = world.add_wire();
    raw_peer peer(wire.a(), net::ipv4_address(10, 0, 0, 1), net::ipv4_address(10, 0, 0, 2));
    sim_host host(world, wire.b(), "10.0.0.2/24", {});
    net::listener l = listen(host, {.port = 80});
    const auto exchange = [&] {
        std::vector<raw_peer::received> all;
        for (int round = 0; round < 5; ++round) {
            world.run_for(10us);
            for (auto& r : peer.receive()) all.push_back(std::move(r));
        }
        return all;
    };
    net::stream streams[2];
    uint32_t iss[2] = {};
    exchange();
    for (uint16_t i = 0; i < 2; ++i) {
        tcp::outgoing syn;
        syn.flags = tcp::flags::syn;
        syn.seq = tcp::seq(1000);
        syn.wnd = 60000;
        syn.options.mss = 1460;
        peer.send(std::move(syn), uint16_t(5000 + i), 80);
        for (const auto& r : exchange()) iss[i] = r.segment.seq.value();
        tcp::outgoing ack;
        ack.flags = tcp::flags::ack;
        ack.seq = tcp::seq(1001);
        ack.ack = tcp::seq(iss[i] + 1);
        ack.wnd = 60000;
        peer.send(std::move(ack), uint16_t(5000 + i), 80);
        exchange();
        host.run([&](net::network&) { streams[i] = std::move(*l.accept().get()); });
        host.run([&](net::network&) { streams[i].write(std::string(1460, 'x')).get(); });
        BOOST_TEST_REQUIRE(exchange().size() == 1u);
    }
    net::steered_error told;
    told.error.what = net::icmp_error::kind::fragmentation_needed;
    told.error.mtu = 1000;
    told.error.source = host.address;
    told.error.destination = told.error.reporter = net::ipv4_address(10, 0, 0, 1);
    const uint32_t quoted = iss[0] + 1;
    told.quoted = {0,
                   80,
                   5000 >> 8,
                   5000 & 255,
                   uint8_t(quoted >> 24),
                   uint8_t(quoted >> 16),
                   uint8_t(quoted >> 8),
                   uint8_t(quoted)};
    told.error.quoted = {told.quoted.data(), 8};
    host.network->interface().accept(std::move(told));
    world.run_for(5s);
    uint32_t repeated[2] = {};
    for (const auto& r : peer.receive()) {
        BOOST_TEST(r.segment.payload.size() <= 960u);
        repeated[r.to_port - 5000] += uint32_t(r.segment.payload.size());
    }
    BOOST_TEST(repeated[0] >= 960u);
    BOOST_TEST(repeated[1] >= 960u);
    host.run([&](net::network&) {
        for (auto& s : streams) {
            s.abort();
            s = {};
        }
        l = {};
    });
}

// RFC 3168 §6.1.1, §6.1.3: from the IP header of a segment to the flags of its acknowledgement.
BOOST_AUTO_TEST_CASE(a_mark_on_a_segment_is_told_to_its_sender) {
    using tcp::flags;
    raw_fixture f;
    net::listener l = f.listen({.port = 80});
    f.peer.send(bare(flags::syn | flags::ece | flags::cwr, 1000), 5000, 80);
    const auto answer = f.exchange();
    BOOST_REQUIRE(answer.size() == 1u);
    BOOST_TEST((answer[0].segment.flags == (flags::syn | flags::ack | flags::ece)));
    const uint32_t iss = answer[0].segment.seq.value();
    const auto exchange = [&](uint32_t at, uint8_t ecn) {
        const auto bytes = raw_peer::bytes_of(bare(flags::ack, at, iss + 1, "x"), 5000, 80);
        f.peer.send_segment(bytes, net::ipv4_address(10, 0, 0, 1), ecn);
        return f.exchange();
    };
    exchange(1001, 2);
    const auto unmarked = exchange(1002, 2), marked = exchange(1003, 3);
    BOOST_REQUIRE((unmarked.size() == 1u && marked.size() == 1u));
    BOOST_TEST((unmarked[0].segment.flags == flags::ack));
    BOOST_TEST((marked[0].segment.flags == (flags::ack | flags::ece)));
    BOOST_TEST(int(marked[0].ecn) == 0);
    f.host.run([&](net::network&) { l = {}; });
}

// RFC 9768 §3.2.2, §3.2.3.3: from the IP headers of segments to the counts of their acknowledgements.
BOOST_AUTO_TEST_CASE(marks_on_segments_are_counted_for_their_sender) {
    using tcp::flags;
    raw_fixture f;
    net::listener l = f.listen({.port = 80});
    f.peer.send(bare(flags::syn | tcp::ecn_bits, 1000), 5000, 80);
    const auto answer = f.exchange();
    BOOST_REQUIRE(answer.size() == 1u);
    BOOST_TEST((answer[0].segment.flags == (flags::syn | flags::ack | flags::cwr)));
    BOOST_TEST((answer[0].segment.options.mark_counts == tcp::first_mark_counts));
    const uint32_t iss = answer[0].segment.seq.value();
    f.peer.send(bare(flags::ack | flags::cwr, 1001, iss + 1), 5000, 80);
    f.exchange();
    uint32_t at = 1001;
    const auto exchange = [&](uint8_t ecn) {
        const auto bytes =
            raw_peer::bytes_of(bare(flags::ack | flags::of_ace(5), at++, iss + 1, "x"), 5000, 80);
        f.peer.send_segment(bytes, net::ipv4_address(10, 0, 0, 1), ecn);
        return f.exchange();
    };
    for (int n = 0; n < 10; ++n) exchange(2);
    const auto marked = exchange(3);
    BOOST_REQUIRE(marked.size() == 1u);
    BOOST_TEST(int(marked[0].segment.flags.ace()) == 6);
    BOOST_REQUIRE(marked[0].segment.options.mark_counts.has_value());
    BOOST_TEST(marked[0].segment.options.mark_counts->ect0 == 11u);
    BOOST_TEST(marked[0].segment.options.mark_counts->ce == 1u);
    f.host.run([&](net::network&) { l = {}; });
}

BOOST_AUTO_TEST_SUITE_END()
