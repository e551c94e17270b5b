// Whatever comes from the wire: nothing crashes, leaks or grows, and honest peers are served.
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/random.hh"
#include "tests/support/effort.hh"
#include "tests/support/sim_hosts.hh"
#include "tests/support/sim_raw_peer.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::test;
using tcp::flags;
using tcp::outgoing;
using tcp::seq;

namespace {

constexpr uint16_t port = 7;
// A flood here lasts milliseconds, so it meets at most two of the seconds that a limit counts in, each with
// up to three halves of 1000 answers (tcp/connection/rate_limit.hh).
constexpr uint64_t most_answers = 3000;
constexpr net::ipv4_address peer_address(10, 0, 0, 1);
constexpr net::ipv4_address host_address(10, 0, 0, 2);

future<> echo(net::stream s) {
    try {
        while (buffer b = co_await s.read()) co_await s.write(std::move(b));
        co_await s.close();
    } catch (const std::system_error&) {
    }
}

future<> serve(net::listener& l) {
    while (auto s = co_await l.accept()) background(echo(std::move(*s)));
}

outgoing bare(flags f, uint32_t sequence, uint32_t ack, std::string_view text = {}) {
    outgoing o;
    o.flags = f;
    o.seq = seq(sequence);
    o.ack = seq(ack);
    o.wnd = 60000;
    if (!text.empty()) o.payload.push_back(buffer::copy_of(text));
    return o;
}

// Sends `bytes` to the echo service, a kilobyte after the other, and reads them back.
struct visitor {
    duration connected_after{0};
    size_t echoed = 0;
    bool done = false;

    future<> visit(net::network& n, size_t bytes) {
        const std::string part(1000, 'v');
        reactor& here = reactor::current();
        const time_point began = here.now();
        net::stream s = co_await n.connect({net::ip_address(host_address), port});
        connected_after = here.now() - began;
        while (echoed < bytes) {
            co_await s.write(std::string_view(part));
            for (size_t got = 0; got < part.size();) {
                const size_t now = (co_await s.read()).size();
                got += now;
                echoed += now;
            }
        }
        co_await s.close();
        done = true;
    }
};

// A raw peer, and an echo service on a host of ours.
struct siege {
    explicit siege(uint64_t seed = 1, const tcp::native_settings& settings = {})
        : world(seed),
          wire(world.add_wire()),
          peer(wire.a(), peer_address, host_address),
          host(world, wire.b(), "10.0.0.2/24", settings) {
        host.run([&](net::network& n) {
            listener = n.listen({.port = port});
            background(serve(listener));
        });
        exchange();
    }

    // Lets the host work off what was sent, and returns what it answered.
    std::vector<raw_peer::received> exchange() {
        std::vector<raw_peer::received> all;
        for (int quiet = 0; quiet < 3; ++quiet) {
            world.run_for(std::chrono::microseconds(10));
            for (auto& r : peer.receive()) {
                quiet = 0;
                all.push_back(std::move(r));
            }
        }
        return all;
    }

    // A handshake; returns the host's ISS.
    uint32_t open(uint16_t from) {
        peer.send(bare(flags::syn, 1000, 0), from, port);
        for (const auto& r : exchange()) {
            if (r.to_port != from || !r.segment.flags.has(flags::syn)) continue;
            peer.send(bare(flags::ack, 1001, r.segment.seq.value() + 1), from, port);
            exchange();
            return r.segment.seq.value();
        }
        BOOST_FAIL("no SYN-ACK");
        return 0;
    }

    // Whether "ping", the peer's first text, comes back.
    bool answers(uint16_t from, uint32_t iss, uint32_t sequence = 1001) {
        peer.send(bare(flags::ack | flags::psh, sequence, iss + 1, "ping"), from, port);
        for (const auto& r : exchange())
            if (r.to_port == from && r.segment.payload.view() == "ping") return true;
        return false;
    }

    const tcp::stats& counters() const { return host.network->counters(); }

    // Ends everything; what is left then is a leak.
    void check_nothing_is_left() {
        host.run([&](tcp::native_network& n) {
            listener.close();
            n.abort_connections();
        });
        for (int minutes = 0; minutes < 10; ++minutes) {
            world.run_for(std::chrono::minutes(1));
            peer.receive();
        }
        host.run([&](tcp::native_network& n) {
            BOOST_TEST(n.usage().total() == 0u);
            BOOST_TEST(n.interface().packets_held() == 0u);
            BOOST_TEST(background_count() == 0u);
        });
        BOOST_TEST(wire.buffers_in_use(net::wire_end::b) == 0u);
    }

    net::world world;
    net::wire& wire;
    raw_peer peer;
    net::listener listener;
    sim_host host;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(a_raw_peer_is_served) {
    siege s;
    const uint32_t iss = s.open(5000);
    BOOST_TEST(s.answers(5000, iss));
    s.check_nothing_is_left();
}

// RFC 4987 §3.4: without cookies, too, a flood of SYNs takes bounded memory, and honest peers get through.
BOOST_AUTO_TEST_CASE(a_syn_flood_is_bounded_and_honest_peers_get_through) {
    tcp::native_settings settings;
    settings.syn_cookies = tcp::cookie_policy::off;
    siege s(1, settings);
    millrace::random rng(1);
    for (int i = 0; i < 100'000; ++i) {
        const net::ipv4_address from(uint32_t(0x0a000000 + 3 + rng.below(250)));
        s.peer.send(bare(flags::syn, uint32_t(rng.next()), 0), from, uint16_t(1024 + rng.below(60000)), port);
        if (i % 32 == 31) {
            s.world.run_for(std::chrono::microseconds(1));
            s.peer.receive();
        }
        if (i % 10'000 == 0) BOOST_TEST(s.host.network->usage().half_open <= 1024u);
    }
    BOOST_TEST(s.counters().half_open_evicted > 0u);
    const uint32_t iss = s.open(5000);
    BOOST_TEST(s.answers(5000, iss));
    s.check_nothing_is_left();
    BOOST_TEST(s.counters().half_open_evicted + s.counters().half_open_expired > 90'000u);
}

// RFC 4987 §3.6: while a flood from everywhere goes on, who is there connects within a round trip and
// transfers with all options, who was there before goes on, and afterwards all is as it was.
BOOST_AUTO_TEST_CASE(a_syn_flood_of_spoofed_sources_is_not_noticed_by_who_is_there) {
    constexpr size_t bytes = 300'000;
    net::world world(1);
    net::wire_setup setup;
    setup.a_to_b.delay = setup.b_to_a.delay = std::chrono::milliseconds(1);
    net::wire& wire = world.add_wire(setup);
    net::interface_config routed;  // the flood comes from far away
    routed.gateway = net::ip_address(peer_address);
    sim_host server(world, wire.b(), "10.0.0.2/24", {}, routed);
    net::listener listener;
    server.run([&](net::network& n) {
        listener = n.listen({.port = port});
        background(serve(listener));
    });
    raw_peer flooder(wire.a(), peer_address, host_address);
    world.run_for(std::chrono::milliseconds(2));
    flooder.receive();  // the server's announcement; all that comes later is the client's
    sim_host client(world, wire.a(), "10.0.0.1/24", {});
    visitor before, during;
    client.run([&](net::network& n) { background(before.visit(n, bytes)); });
    world.run_until([&] { return before.echoed > 0; });

    millrace::random rng(1);
    bool begun = false;
    for (int i = 0; !(during.done && before.done); ++i) {
        BOOST_REQUIRE(i < 20'000);
        for (int n = 0; n < 10; ++n) {
            const net::ipv4_address from(uint32_t(0x50000000 + rng.below(0x10000000)));
            flooder.send(bare(flags::syn, uint32_t(rng.next()), 0), from, uint16_t(1024 + rng.below(60000)),
                         port);
        }
        world.run_for(std::chrono::microseconds(100));
        if (begun || server.network->counters().syn_cookies_sent < 1000) continue;
        begun = true;
        client.run([&](net::network& n) { background(during.visit(n, bytes)); });
    }
    BOOST_TEST((during.connected_after < std::chrono::microseconds(2300)));
    BOOST_TEST(before.echoed == bytes);
    BOOST_TEST(during.echoed == bytes);
    const tcp::stats& counters = server.network->counters();
    BOOST_TEST(counters.syn_cookies_accepted == 1u);
    BOOST_TEST(counters.half_open_evicted == 0u);
    BOOST_TEST(server.network->usage().half_open == 1024u);
    BOOST_TEST(client.network->counters().retransmissions == 0u);
    world.run_for(std::chrono::minutes(5));
    BOOST_TEST(server.network->usage().half_open == 0u);
    server.run([&](net::network&) { listener.close(); });
    world.run_for(std::chrono::minutes(1));
    BOOST_TEST(server.network->usage().total() == 0u);
}

// RFC 5961 §3.2, §7: a RST in the window but not at its edge is challenged, so many a second; others are
// ignored.
BOOST_AUTO_TEST_CASE(a_flood_of_resets_in_and_out_of_window_does_not_end_a_connection) {
    siege s;
    const uint32_t iss = s.open(5000);
    millrace::random rng(1);
    uint64_t challenges = 0;
    for (int i = 0; i < 50'000; ++i) {
        const auto where = uint32_t(rng.next());
        const uint32_t in_window = 1002 + where % 60'000;
        s.peer.send(bare(flags::rst, i % 2 ? in_window : where | 0x80000000, 0), 5000, port);
        if (i % 32 == 31) {
            s.world.run_for(std::chrono::microseconds(1));
            challenges += s.peer.receive().size();
        }
    }
    BOOST_TEST(challenges <= most_answers);
    BOOST_TEST(s.answers(5000, iss));
    s.peer.send(bare(flags::rst, 1005, 0), 5000, port);  // at its edge: valid
    s.exchange();
    BOOST_TEST(s.host.network->usage().connections == 0u);
    s.check_nothing_is_left();
}

// RFC 5961 §4.2.
BOOST_AUTO_TEST_CASE(a_flood_of_syns_on_a_connection_does_not_end_it) {
    siege s;
    const uint32_t iss = s.open(5000);
    millrace::random rng(1);
    uint64_t challenges = 0;
    for (int i = 0; i < 50'000; ++i) {
        s.peer.send(bare(flags::syn, uint32_t(rng.next()), 0), 5000, port);
        if (i % 32 == 31) {
            s.world.run_for(std::chrono::microseconds(1));
            challenges += s.peer.receive().size();
        }
    }
    BOOST_TEST(challenges <= most_answers);
    BOOST_TEST(s.answers(5000, iss));
    s.check_nothing_is_left();
}

// RFC 9293 §3.10.7.1; so many a second.
BOOST_AUTO_TEST_CASE(segments_for_nobody_are_reset_within_a_limit) {
    siege s;
    uint64_t resets = 0;
    for (int i = 0; i < 20'000; ++i) {
        s.peer.send(bare(flags::ack, 1, 4242), uint16_t(1024 + i % 50'000), 9999);
        if (i % 32 == 31) {
            s.world.run_for(std::chrono::microseconds(1));
            for (const auto& r : s.peer.receive()) {
                BOOST_REQUIRE(r.segment.flags.has(flags::rst));
                BOOST_REQUIRE(r.segment.seq == seq(4242));
                ++resets;
            }
        }
    }
    BOOST_TEST(resets > 0u);
    BOOST_TEST(resets <= most_answers);
    BOOST_TEST(s.counters().reset_limited > 10'000u);
    s.check_nothing_is_left();
}

// Segments by the ten thousand and more, valid ones changed at random places, most with a good checksum.
BOOST_AUTO_TEST_CASE(mutated_segments_do_no_harm) {
    constexpr int segments = effort(30'000, 100'000, 1'000'000);
    siege s;
    millrace::random rng(1);
    std::vector<uint32_t> iss(16);
    const auto port_of = [](size_t i) { return uint16_t(5000 + i); };
    for (size_t i = 0; i < iss.size(); ++i) iss[i] = s.open(port_of(i));

    const auto valid = [&](size_t i) {
        static constexpr flags kinds[] = {
            flags::ack, flags::ack | flags::psh, flags::ack | flags::fin, flags::syn,
            flags::rst, flags::syn | flags::ack, flags::ack | flags::urg};
        const uint32_t near = uint32_t(rng.below(3) ? rng.below(4000) : rng.next());
        outgoing o = bare(kinds[rng.below(rng.chance(0.9) ? 3 : std::size(kinds))], 1001 + near,
                          iss[i] + 1 + uint32_t(rng.below(3) ? 0 : rng.below(5000)),
                          std::string(rng.chance(0.5) ? rng.below(1200) : 0, 'm'));
        if (rng.chance(0.3))
            o.options.timestamps = tcp::timestamp_option{uint32_t(rng.next()), uint32_t(rng.next())};
        if (rng.chance(0.3))
            o.options.sack.push_back({seq(iss[i] + uint32_t(rng.below(9000))), seq(iss[i] + 5000)});
        if (rng.chance(0.1)) o.options.mss = uint16_t(rng.next());
        if (rng.chance(0.1)) o.options.window_scale = uint8_t(rng.next());
        o.wnd = uint16_t(rng.next());
        return o;
    };
    for (int n = 0; n < segments; ++n) {
        const size_t i = rng.below(iss.size());
        std::string bytes = raw_peer::bytes_of(valid(i), port_of(i), port);
        for (uint64_t changes = rng.below(4); changes > 0; --changes)
            bytes[rng.below(bytes.size())] = char(rng.next());
        if (rng.chance(0.02)) bytes.resize(rng.below(bytes.size()));
        s.peer.send_bytes(std::move(bytes), peer_address, rng.chance(0.95));
        if (n % 32 == 31) {
            s.world.run_for(std::chrono::microseconds(20));
            s.peer.receive();
        }
        // Those that were ended by it begin anew.
        if (n % 5000 == 4999) {
            const size_t victim = rng.below(iss.size());
            s.peer.send(bare(flags::syn, uint32_t(rng.next()), 0), port_of(victim), port);
            BOOST_REQUIRE(s.host.network->usage().connections <= 2000u);
        }
    }
    s.exchange();
    // Most of them came as far as a connection or were refused with a reason.
    BOOST_TEST(s.counters().segments_in > uint64_t(segments) * 9 / 10);
    const uint32_t honest = s.open(4000);
    BOOST_TEST(s.answers(4000, honest));
    s.check_nothing_is_left();
}

BOOST_AUTO_TEST_SUITE_END()
