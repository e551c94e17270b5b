// How much the stack delivers over paths that lose, and how flows share one: reviewed tables in
// tests/sim/goodput.md and tests/sim/fairness.md. millrace-sim-goodput computes others.
#include "tests/support/effort.hh"
#include "tests/support/sim_goodput.hh"
#include "tests/support/snapshot.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using net::congestion_algorithm;

namespace {

// Only the release build is fast enough for all of it; the others see that it runs.
constexpr bool whole = effort(false, false, true);

const std::vector all = {congestion_algorithm::reno, congestion_algorithm::cubic, congestion_algorithm::bbr};

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(goodput_over_loss_and_round_trip) {
    const goodput_table t{
        .rtts = {1ms, 10ms, 50ms, 200ms}, .losses = {0, 0.01, 0.1, 1, 3}, .algorithms = all};
    if (!whole) {
        const bottleneck b{.rtt = 10ms, .loss = 0.01};
        BOOST_TEST(run_flows(b, {congestion_algorithm::cubic}, 0s, 1s)[0] > 10.0);
        return;
    }
    std::string text = head_of(t);
    for (auto a : t.algorithms)
        for (duration rtt : t.rtts) text += row_of(t, a, rtt);
    const std::string wrong = compare_snapshot("tests/sim/goodput.md", text);
    BOOST_TEST(wrong.empty(), wrong);
}

// RFC 3168 §6.1.2, RFC 8257 §3.3: a queue that marks from 20 packets on, and loses none that would be marked.
BOOST_AUTO_TEST_CASE(goodput_over_marks_and_round_trip) {
    goodput_table t{.rtts = {1ms, 10ms, 50ms},
                    .losses = {0},
                    .algorithms = {congestion_algorithm::reno, congestion_algorithm::cubic,
                                   congestion_algorithm::dctcp, congestion_algorithm::bbr},
                    .mark_packets = 20};
    if (!whole) {
        for (const bool accurate : {false, true}) {
            const bottleneck b{.rtt = 1ms, .mark_packets = 20, .accurate = accurate};
            BOOST_TEST(run_flows(b, {congestion_algorithm::dctcp}, 0s, 1s)[0] > 80.0);
        }
        return;
    }
    for (const bool accurate : {false, true}) {  // RFC 9768
        t.accurate = accurate;
        std::string text = head_of(t);
        for (auto a : t.algorithms)
            for (duration rtt : t.rtts) text += row_of(t, a, rtt);
        const std::string wrong =
            compare_snapshot(accurate ? "tests/sim/goodput_counted.md" : "tests/sim/goodput_marked.md", text);
        BOOST_TEST(wrong.empty(), wrong);
    }
}

// RFC 9438 §5.1, §5.2: among themselves and beside Reno.
BOOST_AUTO_TEST_CASE(two_flows_share_a_bottleneck) {
    if (!whole) return;
    std::string text =
        "Mbit/s of two flows between 10 s and 40 s at 100 Mbit/s\n\n| flows | round trip | first | second |\n"
        "|---|---|---|---|\n";
    using pair = std::vector<congestion_algorithm>;
    for (const pair& flows : {pair{congestion_algorithm::cubic, congestion_algorithm::cubic},
                              pair{congestion_algorithm::cubic, congestion_algorithm::reno},
                              pair{congestion_algorithm::reno, congestion_algorithm::reno},
                              pair{congestion_algorithm::bbr, congestion_algorithm::bbr},
                              pair{congestion_algorithm::bbr, congestion_algorithm::cubic}}) {
        for (duration rtt : {10ms, 50ms}) {
            const auto rates = run_flows({.rtt = rtt}, flows, 10s, 40s);
            text += fmt::format("| {}, {} | {} ms | {:.1f} | {:.1f} |\n", net::to_string(flows[0]),
                                net::to_string(flows[1]), rtt / 1ms, rates[0], rates[1]);
        }
    }
    const std::string wrong = compare_snapshot("tests/sim/fairness.md", text);
    BOOST_TEST(wrong.empty(), wrong);
}

BOOST_AUTO_TEST_SUITE_END()
