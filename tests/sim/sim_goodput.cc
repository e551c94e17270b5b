// millrace-sim-goodput: how much the stack delivers over simulated paths, as a table.
#include "tests/support/sim_goodput.hh"

#include "core/app.hh"

#include <fmt/format.h>

#include <cstdio>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

int main(int argc, char** argv) {
    uint64_t mbps = 100;
    test::goodput_table t{.time = 60s,
                          .rtts = {100us, 1ms, 10ms, 50ms, 200ms},
                          .losses = {0, 0.01, 0.1, 1, 3, 5},
                          .algorithms = {net::congestion_algorithm::reno, net::congestion_algorithm::cubic,
                                         net::congestion_algorithm::bbr}};
    std::string algorithm;
    config_schema schema("millrace-sim-goodput",
                         "A table of goodput over loss and round trip, in virtual time.");
    schema.number("rate", mbps, "of the bottleneck, Mbit/s").range(1, 100'000);
    schema.time("time", t.time, "that each flow has").range(1s, 1h);
    schema
        .number("mark", t.mark_packets,
                "packets waiting from which the bottleneck marks instead of waiting to drop; 0: never")
        .range(0, 1'000'000);
    schema.toggle("accurate", t.accurate, "marks are counted: --tcp-ecn accurate of the programs");
    schema.toggle("pacing", t.pacing, "as --tcp-pacing of the programs");
    schema.text("algorithm", algorithm, "only this one; default: reno, cubic and bbr").placeholder("NAME");
    if (const auto code = start_program(schema, argc, argv)) return *code;
    t.rate_bps = mbps * 1'000'000;
    if (!algorithm.empty()) {
        const auto a = net::parse_congestion_algorithm(algorithm);
        if (!a) {
            fmt::print(stderr, "--algorithm: '{}' is none that there is\n", algorithm);
            return 2;
        }
        t.algorithms = {*a};
    }
    fmt::print("{}", test::head_of(t));
    for (auto a : t.algorithms) {
        for (duration rtt : t.rtts) {
            fmt::print("{}", test::row_of(t, a, rtt));
            std::fflush(stdout);
        }
    }
    return 0;
}
