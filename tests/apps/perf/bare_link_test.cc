// A generator and a reflector over the link in memory: no frame is lost, and none allocated after the first
// ones.
#include "apps/perf/bare_link.hh"

#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tests/support/allocations.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::perf;
using namespace std::chrono_literals;

namespace {

struct bare {
    reactor loop;
    reactor::scope here{loop};
    net::link_pair link = net::make_link();
    reflector mirror{*link.b};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(perf_bare_link, bare)

BOOST_AUTO_TEST_CASE(frames_go_round_and_round) {
    generator g(*link.a, 100, 50, false);
    g.refill();
    BOOST_TEST(g.on_their_way() == 50u);
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(mirror.turn());
        BOOST_TEST(g.turn());
    }
    BOOST_TEST(g.figures().received == 5000u);
    BOOST_TEST(g.figures().received_bytes == 500'000u);
    BOOST_TEST(g.figures().sent == 5050u);
    BOOST_TEST(g.figures().lost == 0u);
    BOOST_TEST(mirror.figures().received == 5000u);
    BOOST_TEST(mirror.figures().sent == 5000u);
    BOOST_TEST(mirror.figures().busy_cycles > 0u);
    BOOST_TEST(g.on_their_way() == 50u);
    BOOST_TEST(mirror.turn());
    BOOST_TEST(!mirror.turn());
}

BOOST_AUTO_TEST_CASE(what_was_lost_is_replaced) {
    generator g(*link.a, 60, 8, false);
    g.refill();
    std::array<net::packet, 64> taken;
    BOOST_TEST(link.b->queue(0).receive(taken) == 8u);
    BOOST_TEST(!g.turn());
    g.refill();
    BOOST_TEST(g.figures().lost == 8u);
    BOOST_TEST(mirror.turn());
    BOOST_TEST(g.turn());
    BOOST_TEST(g.figures().received == 8u);
}

// More frames on their way than the window would flatter the device.
BOOST_AUTO_TEST_CASE(what_comes_back_late_is_dropped) {
    generator g(*link.a, 60, 8, false);
    g.refill();
    g.refill();
    BOOST_TEST(mirror.turn());
    for (int i = 0; i < 10; ++i) {
        g.turn();
        mirror.turn();
    }
    BOOST_TEST(g.on_their_way() == 8u);
    BOOST_TEST(g.figures().late == 8u);
    BOOST_TEST(g.figures().received == 80u);
}

BOOST_AUTO_TEST_CASE(one_way_frames_are_swallowed) {
    generator g(*link.a, 1514, 1, true);
    for (int i = 0; i < 100; ++i) {
        BOOST_TEST(g.turn());
        mirror.turn();
    }
    BOOST_TEST(g.figures().sent == 6400u);
    BOOST_TEST(mirror.figures().received == 6400u);
    BOOST_TEST(mirror.figures().received_bytes == 6400u * 1514u);
    BOOST_TEST(mirror.figures().sent == 0u);
    BOOST_TEST(mirror.figures().foreign == 0u);
}

BOOST_AUTO_TEST_CASE(frames_that_the_device_refuses_cost_those_that_it_takes_nothing) {
    generator g(*link.a, 60, 1, true);
    while (g.turn()) {
    }
    const uint64_t sent = g.figures().sent, cycles = g.figures().busy_cycles;
    const uint64_t in_use = link.a->queue(0).counters().no_buffers;
    for (int i = 0; i < 1000; ++i) BOOST_TEST(!g.turn());
    BOOST_TEST(g.figures().sent == sent);
    BOOST_TEST(g.figures().busy_cycles == cycles);
    BOOST_TEST(g.figures().rejected >= 1000u);
    BOOST_TEST(link.a->queue(0).counters().no_buffers == in_use);
    mirror.turn();
    BOOST_TEST(g.turn());
    BOOST_TEST(g.figures().sent == sent + 64);
    BOOST_TEST(mirror.figures().foreign == 0u);
}

BOOST_AUTO_TEST_CASE(frames_of_others_are_counted_and_dropped) {
    net::packet p;
    p.head = link.a->queue(0).allocate();
    for (size_t i = 0; i < 60; ++i) *p.head.append(1) = char(i);
    BOOST_TEST(link.a->queue(0).transmit({&p, 1}) == 1u);
    BOOST_TEST(mirror.turn());
    BOOST_TEST(mirror.figures().foreign == 1u);
    BOOST_TEST(mirror.figures().sent == 0u);
}

BOOST_AUTO_TEST_CASE(figures_are_told) {
    bare_figures f;
    BOOST_TEST(to_text(f, false, 64, 50) == "");
    f.measured = 2s;
    f.received = f.sent = 1000;
    f.received_bytes = f.sent_bytes = 64'000;
    f.busy_cycles = 300'000;
    BOOST_TEST(to_text(f, false, 64, 50) ==
               "bare link, frames of 64 bytes, 50 on their way, 2.00 s\n"
               "  500 round trips/s, 0.000 Gbit/s, 300 busy cycles a frame\n"
               "  0 rejected, 0 lost, 0 late, 0 foreign\n");
    BOOST_TEST(
        to_json(f, true, 64, 50)
            .starts_with(
                R"({"workload":"bare-link-bulk","frame":64,"window":50,"seconds":2.000000,"frames_per_second":500.0,)"));
}

BOOST_AUTO_TEST_CASE(figures_of_a_run_that_broke_off_are_marked) {
    bare_figures f;
    f.measured = 2s;
    BOOST_TEST(to_json(f, false, 64, 50)
                   .ends_with(R"("partial":false,"error":""})"
                              "\n"));
    BOOST_TEST(to_json(f, false, 64, 50, "the other end is silent")
                   .ends_with(R"("partial":true,"error":"the other end is silent"})"
                              "\n"));
}

BOOST_AUTO_TEST_SUITE_END()
