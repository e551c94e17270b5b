// A wire that silently drops what is larger than it carries, below two of our stacks whose devices know
// nothing of that: RFC 4821, with ICMP silent.
#include "core/background.hh"
#include "core/coroutine.hh"
#include "tests/support/sim_hosts.hh"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <system_error>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

constexpr uint16_t port = 7;

future<> take(net::stream s, uint64_t expected) {
    for (uint64_t bytes = 0; bytes < expected;) {
        const buffer b = co_await s.read();
        if (b.empty()) co_return;
        bytes += b.size();
    }
    co_await s.write(std::string_view("all here"));
    co_await s.close();
}

// Until its only connection is over or aborted.
future<> serve(net::network& network, uint64_t expected) {
    net::listener l = network.listen({.port = port});
    try {
        auto s = co_await l.accept();
        if (s) co_await take(std::move(*s), expected);
    } catch (const std::system_error&) {
    }
}

future<> upload(net::network& network, net::endpoint to, std::string& answer, uint64_t bytes) {
    const std::string block(64 * 1024, 'x');
    try {
        net::stream s = co_await network.connect(to);
        for (uint64_t sent = 0; sent < bytes; sent += block.size()) co_await s.write(std::string_view(block));
        answer = (co_await s.read()).to_string();
        co_await s.close();
    } catch (const std::system_error&) {
    }
}

// Of a transfer of 16 MiB at 100 Mbit/s over a wire that carries IP packets of `carried` bytes.
struct outcome {
    std::string answer;
    duration took{0};
    net::wire_counters wire;
    tcp::stats client;
};

outcome transfer(uint16_t carried, tcp::mtu_probing_mode mode, duration limit = 5min) {
    constexpr uint64_t bytes = 16 << 20;
    net::wire_setup setup;
    setup.a_to_b.mtu = carried;
    for (auto* o : {&setup.a_to_b, &setup.b_to_a}) {
        o->delay = 5ms;
        o->rate_bps = 100'000'000;
    }
    tcp::native_settings settings;
    settings.tcp.path_mtu_probing = mode;
    two_hosts hosts(1, setup, settings);
    outcome o;
    hosts.b.run([&](net::network& n) { background(serve(n, bytes)); });
    hosts.a.run([&](net::network& n) { background(upload(n, {hosts.b.address, port}, o.answer, bytes)); });
    const time_point begin = hosts.world.now();
    hosts.world.run_until([&] { return !o.answer.empty(); }, limit);
    o.took = hosts.world.now() - begin;
    o.wire = hosts.wire.counters(net::wire_end::a);
    hosts.world.run_for(1s);
    hosts.a.run([&](net::network&) { hosts.a.network->abort_connections(); });
    hosts.b.run([&](net::network&) { hosts.b.network->abort_connections(); });
    hosts.world.run_for(2min);
    o.client = hosts.a.network->counters();
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

// RFC 4821 §7.7, §7.3.
BOOST_AUTO_TEST_CASE(a_transfer_over_a_black_hole_completes) {
    const outcome o = transfer(1400, tcp::mtu_probing_mode::black_hole);
    BOOST_TEST(o.answer == "all here");
    BOOST_TEST(o.client.black_holes == 1u);
    BOOST_TEST(o.client.size_probes > o.client.size_probes_lost);
    BOOST_TEST(o.wire.too_long > 10u);  // the first window and its repetitions, and probes
    BOOST_TEST(o.wire.too_long < 100u);
    // 16 MiB take 1.5 s at that rate with segments of 1348 bytes; the black hole costs as much again.
    BOOST_TEST((o.took < 5s), "it took " << o.took / 1ms << " ms");
}

BOOST_AUTO_TEST_CASE(without_it_nothing_arrives) {
    const outcome o = transfer(1400, tcp::mtu_probing_mode::off, 2min);
    BOOST_TEST(o.answer.empty());
    BOOST_TEST(o.client.black_holes == 0u);
}

BOOST_AUTO_TEST_CASE(who_always_searches_never_falls_in) {
    const outcome o = transfer(1400, tcp::mtu_probing_mode::always);
    BOOST_TEST(o.answer == "all here");
    BOOST_TEST(o.client.black_holes == 0u);
    BOOST_TEST(o.client.size_probes > 3u);
    BOOST_TEST(o.wire.too_long == o.client.size_probes_lost);
    BOOST_TEST((o.took < 2500ms), "it took " << o.took / 1ms << " ms");
}

BOOST_AUTO_TEST_CASE(a_wire_that_carries_all_sees_no_probe) {
    const outcome o = transfer(1500, tcp::mtu_probing_mode::black_hole);
    BOOST_TEST(o.answer == "all here");
    BOOST_TEST(o.client.size_probes == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
