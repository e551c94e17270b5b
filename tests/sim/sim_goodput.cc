// millrace-sim-goodput: how much the stack delivers over simulated paths, as a table; and whether the tables
// that are kept are still what they were.
#include "core/app.hh"
#include "tests/support/sim_tables.hh"
#include "tests/support/snapshot.hh"

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

// Exit code 1 if it is another table than that in tests/sim/.
int compare(const test::kept_table& t, std::optional<net::congestion_algorithm> only) {
    const std::string text = t.text(only);
    fmt::print("{}", text);
    const std::string wrong = test::compare_snapshot(test::path_of(t), text);
    if (!wrong.empty()) fmt::print(stderr, "{}\n", wrong);
    return wrong.empty() ? 0 : 1;
}

int compare(const std::string& name, std::optional<net::congestion_algorithm> only) {
    std::string names;
    for (const test::kept_table& t : test::kept_tables()) {
        if (t.name == name) return compare(t, only);
        names += (names.empty() ? "" : ", ") + t.name;
    }
    fmt::print(stderr, "--compare: there is no table '{}', but {}\n", name, names);
    return 2;
}

int list() {
    for (const test::kept_table& t : test::kept_tables()) {
        fmt::print("{}", t.name);
        for (auto a : t.goodput.algorithms) fmt::print(" {}", net::to_string(a));
        fmt::print("\n");
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t mbps = 100;
    duration time = 60s;
    test::goodput_table t{.columns = {test::lost(0), test::lost(0.01), test::lost(0.1), test::lost(1),
                                      test::lost(3), test::lost(5)},
                          .algorithms = {net::congestion_algorithm::reno, net::congestion_algorithm::cubic,
                                         net::congestion_algorithm::bbr}};
    std::string algorithm, name;
    bool lists = false;
    config_schema schema(
        "millrace-sim-goodput",
        "A table of goodput over loss and round trip, in virtual time; or one of those that are "
        "kept, beside what it was.");
    schema.number("rate", mbps, "of the bottleneck, Mbit/s").range(1, 100'000);
    schema.time("time", time, "that each flow has").range(100ms, 1h);
    schema
        .number("mark", t.mark_packets,
                "packets waiting from which the bottleneck marks instead of waiting to drop; 0: never")
        .range(0, 1'000'000);
    schema.toggle("accurate", t.accurate, "marks are counted: --tcp-ecn accurate of the programs");
    schema.toggle("pacing", t.pacing, "as --tcp-pacing of the programs");
    schema.text("algorithm", algorithm, "only this one; default: reno, cubic and bbr").placeholder("NAME");
    schema
        .text("compare", name,
              "a table that is kept: computed, printed, and compared with its file in tests/sim/ (with "
              "MILLRACE_SNAPSHOTS=write in the environment: written there)")
        .placeholder("NAME");
    schema.toggle("list", lists,
                  "name the tables that are kept, each with the algorithms that --algorithm takes, and end");
    if (const auto code = start_program(schema, argc, argv)) return *code;
    if (lists) return list();
    t.rate_bps = mbps * 1'000'000;
    for (duration rtt : {duration(100us), duration(1ms), duration(10ms), duration(50ms), duration(200ms)})
        t.rows.push_back({rtt, time});
    if (!algorithm.empty()) {
        const auto a = net::parse_congestion_algorithm(algorithm);
        if (!a) {
            fmt::print(stderr, "--algorithm: '{}' is none that there is\n", algorithm);
            return 2;
        }
        t.algorithms = {*a};
    }
    if (!name.empty())
        return compare(name, algorithm.empty() ? std::nullopt : std::optional(t.algorithms[0]));
    fmt::print("{}", t.head());
    for (auto a : t.algorithms) {
        for (const auto& r : t.rows) {
            fmt::print("{}", t.row_text(a, r));
            std::fflush(stdout);
        }
    }
    return 0;
}
