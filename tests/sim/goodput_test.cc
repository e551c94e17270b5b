// How much the stack delivers over simulated paths. The reviewed tables are tests/sim/*.md; all of them are
// computed by ./dev bench goodput, here those of their cells in which little is delivered.
#include "tests/support/effort.hh"
#include "tests/support/sim_tables.hh"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using net::congestion_algorithm;

namespace {

// Of one cell, so that each build computes as many of them as it can in some seconds.
constexpr double most_megabits = effort(20, 80, 400);

// What stands in the file: a line for each row, and its cells behind the names of row and round trip.
std::vector<std::vector<std::string>> cells_of(const kept_table& t) {
    std::ifstream in(std::string(MILLRACE_SOURCE_DIR) + "/" + path_of(t));
    std::vector<std::vector<std::string>> rows;
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::vector<std::string> cells;
        for (std::string c; std::getline(fields, c, '|');)
            cells.push_back(c.size() < 2 ? c : c.substr(1, c.size() - 2));
        if (cells.size() > 3 && line[1] != '-') rows.push_back({cells.begin() + 3, cells.end()});
    }
    if (!rows.empty()) rows.erase(rows.begin());  // the heads
    return rows;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(cells_of_the_kept_tables_are_what_they_were) {
    size_t computed = 0;
    for (const kept_table& t : kept_tables()) {
        if (t.other) continue;
        const goodput_table& g = t.goodput;
        const auto kept = cells_of(t);
        BOOST_TEST_REQUIRE(kept.size() == g.algorithms.size() * g.rows.size(), path_of(t));
        for (size_t i = 0; i < kept.size(); ++i) {
            const auto a = g.algorithms[i / g.rows.size()];
            const auto& row = g.rows[i % g.rows.size()];
            BOOST_TEST_REQUIRE(kept[i].size() == g.columns.size(), path_of(t));
            for (size_t k = 0; k < g.columns.size(); ++k) {
                const double seconds = std::chrono::duration<double>(row.time).count();
                if (std::strtod(kept[i][k].c_str(), nullptr) * seconds > most_megabits) continue;
                const std::string now = g.cell(a, row, g.columns[k]);
                BOOST_TEST(now == kept[i][k],
                           path_of(t) << ", " << net::to_string(a) << ", " << row.rtt / 100us << " x 0.1 ms, "
                                      << g.columns[k].head << ": was " << kept[i][k] << ", is " << now);
                ++computed;
            }
        }
    }
    BOOST_TEST(computed > 10u);
}

BOOST_AUTO_TEST_CASE(a_flow_uses_a_path_that_loses_one_packet_in_a_hundred) {
    const bottleneck b{.rtt = 10ms, .loss = 0.01};
    BOOST_TEST(run_flows(b, {congestion_algorithm::cubic}, 0s, 1s)[0] > 10.0);
}

// RFC 9406: as much as the path holds can wait. Slow start once lost several hundred packets here.
BOOST_AUTO_TEST_CASE(slow_start_ends_before_it_loses) {
    const flow_outcome o = watch_flows({.rtt = 50ms}, {congestion_algorithm::cubic}, 0s, 600ms);
    BOOST_TEST(o.dropped == 0.0);
    BOOST_TEST(o.mbps[0] > 40.0);
}

// RFC 3168 §6.1.2, RFC 8257 §3.3, RFC 9768: a queue that marks from 20 packets on.
BOOST_AUTO_TEST_CASE(a_flow_fills_a_path_that_marks) {
    for (const bool accurate : {false, true}) {
        const bottleneck b{.rtt = 1ms, .mark_packets = 20, .accurate = accurate};
        BOOST_TEST(run_flows(b, {congestion_algorithm::dctcp}, 0s, 1s)[0] > 80.0);
    }
}

BOOST_AUTO_TEST_SUITE_END()
