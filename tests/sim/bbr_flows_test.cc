// What draft-ietf-ccwg-bbr §1 promises, with our whole stack over simulated paths: of losses by chance, of
// deep and shallow queues, of policers, and of flows that share.
#include "tests/support/effort.hh"
#include "tests/support/sim_goodput.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using enum net::congestion_algorithm;

namespace {

constexpr double all_there_is = 95.6;  // Mbit/s of payload that 100 Mbit/s can carry

// Only the release build is fast enough for all of it; the others see that it runs.
constexpr duration longer = effort(0s, 0s, 10s);

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(bbr_fills_a_path_that_loses_by_chance_and_cubic_does_not) {
    const bottleneck b{.rtt = 50ms, .loss = 0.01};
    BOOST_TEST(run_flows(b, {bbr}, 2s, 4s + 2 * longer)[0] >= 0.9 * all_there_is);
    BOOST_TEST(run_flows(b, {cubic}, 2s, 4s + longer)[0] < 0.2 * all_there_is);
}

// Eight times as much as the path holds could wait.
BOOST_AUTO_TEST_CASE(bbr_keeps_a_deep_queue_short) {
    bottleneck b{.rtt = 20ms};
    const uint32_t product = queue_of(b);
    b.queue_packets = 8 * product;
    const flow_outcome o = watch_flows(b, {bbr}, 2s, 4s + longer);
    BOOST_TEST(o.mbps[0] >= 0.95 * all_there_is);
    BOOST_TEST(o.most_queued > 0u);
    BOOST_TEST(o.most_queued <= product);
    BOOST_TEST(o.dropped == 0.0);
}

BOOST_AUTO_TEST_CASE(two_flows_of_bbr_share) {
    if (longer == 0s) return;
    for (duration rtt : {10ms, 50ms}) {
        const auto mbps = run_flows({.rtt = rtt}, {bbr, bbr}, 10s, 40s);
        BOOST_TEST(mbps[0] / mbps[1] > 0.7);
        BOOST_TEST(mbps[0] / mbps[1] < 1.4);
        BOOST_TEST(mbps[0] + mbps[1] > 0.9 * all_there_is);
    }
}

// A tenth of the link is let through, and nothing is queued: each byte too many is lost.
BOOST_AUTO_TEST_CASE(bbr_finds_the_rate_of_a_policer) {
    const bottleneck b{.rtt = 20ms, .police_bps = 10'000'000};
    const flow_outcome o = watch_flows(b, {bbr}, 5s, 15s + longer);
    BOOST_TEST(o.mbps[0] >= 0.8 * all_there_is / 10);
    BOOST_TEST(o.dropped < 0.1);
}

// A tenth of what the path holds can wait.
BOOST_AUTO_TEST_CASE(bbr_uses_a_shallow_queue) {
    bottleneck b{.rtt = 50ms};
    b.queue_packets = queue_of(b) / 10;
    const flow_outcome o = watch_flows(b, {bbr}, 2s, 5s + longer);
    BOOST_TEST(o.mbps[0] >= 0.8 * all_there_is);
    BOOST_TEST(o.dropped < 0.03);
}

BOOST_AUTO_TEST_SUITE_END()
