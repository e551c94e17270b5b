// The reviewed tables of goodput: paths, flows and times of each, and their text. millrace-sim-goodput
// computes them; tests/sim/*.md holds what they were.
#pragma once

#include "tests/support/sim_goodput.hh"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace millrace::test {

// A row for each algorithm and round trip, a column for what is done to the path.
struct goodput_table {
    struct column {
        std::string head;
        std::function<void(bottleneck&)> change;
    };
    struct row {
        duration rtt;
        duration time;  // that a flow has
    };

    uint64_t rate_bps = 100'000'000;
    std::vector<row> rows{};
    std::vector<column> columns{};
    std::vector<net::congestion_algorithm> algorithms{};
    uint32_t mark_packets = 0;
    bool accurate = false;
    bool pacing = false;

    std::string head() const;
    std::string row_text(net::congestion_algorithm a, const row& r) const;
    static std::string row_head(net::congestion_algorithm a, const row& r);
    // What stands in one cell of it.
    std::string cell(net::congestion_algorithm a, const row& r, const column& c) const;
};
goodput_table::column lost(double percent);

// A table that is kept in tests/sim/.
struct kept_table {
    std::string name;                      // its file is NAME.md there
    goodput_table goodput{};               // if it is one of these
    std::function<std::string()> other{};  // else
    // Computed; the rows of other algorithms than `only`, if that is given, are taken from the file.
    std::string text(std::optional<net::congestion_algorithm> only = {}) const;
};
std::vector<kept_table> kept_tables();
std::string path_of(const kept_table& t);

}  // namespace millrace::test
