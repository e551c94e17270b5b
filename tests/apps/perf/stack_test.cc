// Both ends of millrace-perf over our own stack and a simulated wire: counts are exact, also over a bad one.
#include "apps/perf/client.hh"
#include "apps/perf/server.hh"
#include "core/background.hh"
#include "tests/support/sim_hosts.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr uint16_t port = 7878;

perf::measurement measure(const perf::settings& settings, const net::wire_setup& setup = {},
                          tcp::native_settings native = {}) {
    perf::settings s = settings;
    native.tcp.time_wait = 0s;  // or a fast crr runs out of ports
    test::two_hosts hosts(7, setup, native);
    s.server = {hosts.a.address, port};
    perf::pattern bytes(1 << 20);
    perf::served served;
    hosts.a.run([&](net::network& n) { background(perf::serve(n, {.port = port}, bytes, true, served)); });
    reactor::scope here(hosts.b.host);
    perf::client c(s, bytes, 0, 1);
    abort_source stop;
    future<> running = c.run(*hosts.b.network, stop);
    BOOST_TEST(hosts.world.run_until([&] { return running.available(); }, 1h));
    running.get();
    return c.outcome();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(perf_over_the_stack)

BOOST_AUTO_TEST_CASE(every_workload_runs_over_the_stack) {
    perf::settings s;
    s.connections = 5;
    s.run_time = 3ms;
    s.warm_up = 1ms;
    s.keys = 500;
    constexpr uint64_t rate = 10'000'000'000;  // without one a stream has no end of bytes in no time
    for (auto w : {perf::workload::rr, perf::workload::crr, perf::workload::read, perf::workload::write,
                   perf::workload::rw, perf::workload::resp_get, perf::workload::resp_set}) {
        s.what = w;
        s.message = s.is_stream() ? 32768 : 64;
        const perf::measurement r = measure(s, {.a_to_b = {.rate_bps = rate}, .b_to_a = {.rate_bps = rate}});
        BOOST_TEST_CONTEXT(name_of(w)) {
            BOOST_TEST(r.error == "");
            BOOST_TEST((r.measured == 3ms));
            BOOST_TEST(r.sent + r.received > 1000u);
        }
    }
}

BOOST_AUTO_TEST_CASE(counts_are_exact_over_a_wire_that_loses_and_repeats) {
    perf::settings s;
    s.connections = 10;
    s.requests = 200;
    s.keys = 100;
    s.pipeline = 4;
    s.grace = 1min;
    s.connect_timeout = 1min;  // a SYN may be lost more than once
    const net::wire_options bad{.delay = 100us, .loss = 0.02, .reorder = 0.02, .duplicate = 0.02};
    for (auto w : {perf::workload::rr, perf::workload::crr, perf::workload::resp_get}) {
        s.what = w;
        const perf::measurement r = measure(s, {.a_to_b = bad, .b_to_a = bad});
        BOOST_TEST_CONTEXT(name_of(w)) {
            BOOST_TEST(r.error == "");
            BOOST_TEST(r.requests == 200u);
            BOOST_TEST(r.connected == (w == perf::workload::crr ? 200u : 10u));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_thousand_connections_are_opened_some_at_a_time) {
    perf::settings s;
    s.connections = 1000;
    s.requests = 2000;
    const perf::measurement r = measure(s, {.a_to_b = {.delay = 50us}, .b_to_a = {.delay = 50us}});
    BOOST_TEST(r.error == "");
    BOOST_TEST(r.connected == 1000u);
    BOOST_TEST(r.requests == 2000u);
}

// Those still under way hold a port each, too.
BOOST_AUTO_TEST_CASE(without_a_free_port_it_tells_how_many_connections_there_are) {
    perf::settings s;
    s.connections = 200;
    s.requests = 2000;
    s.grace = 10ms;
    tcp::native_settings native;
    native.first_port = 40000;
    native.last_port = 40099;
    const perf::measurement r = measure(s, {.a_to_b = {.delay = 50us}, .b_to_a = {.delay = 50us}}, native);
    BOOST_TEST(r.error == "no local port is free any more for 10.0.0.1:7878 after 100 connections");
    BOOST_TEST(r.partial);
}

BOOST_AUTO_TEST_SUITE_END()
