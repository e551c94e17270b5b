// The table of what the shards' cycles went into.
#include "tcp/service/cost_table.hh"

#include "core/reactor.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace millrace;

namespace {

metric_sample sample(std::string name, double value, std::string work = {}) {
    metric_sample s;
    s.name = std::move(name);
    s.value = value;
    if (!work.empty()) s.labels.emplace_back("work", std::move(work));
    return s;
}

// The first line of `text` that begins with `begin`, its runs of blanks made one.
std::string line_of(const std::string& text, std::string_view begin) {
    size_t at = 0;
    while (at < text.size()) {
        const size_t end = text.find('\n', at);
        std::string line;
        for (char c : text.substr(at, end - at))
            if (c != ' ' || line.empty() || line.back() != ' ') line += c;
        if (line.starts_with(begin)) return line;
        at = end + 1;
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tcp_cost_table)

BOOST_AUTO_TEST_CASE(shards_are_added_up_and_divided_by_packets_and_segments) {
    const std::vector<metric_sample> metrics = {
        sample("cost_cycles", 100, "device_in"), sample("cost_cycles", 300, "device_in"),
        sample("cost_cycles", 600, "tasks"),     sample("cost_cycles", 700, "idle"),
        sample("cost_cycles", 300, "sleep"),     sample("cost_cycles_per_second", 2.5e9),
        sample("cost_cycles_per_second", 2.5e9), sample("net_device_rx_packets", 10),
        sample("net_device_rx_packets", 30),     sample("net_device_rx_bursts", 4),
        sample("net_device_rx_bytes", 4000),     sample("net_device_tx_packets", 20),
        sample("tcp_segments_in", 20),           sample("reactor_stalls", 2),
    };
    const std::string table = tcp::cost_table(metrics);
    BOOST_TEST(line_of(table, "device_in") == "device_in 400 40.0% 10.0 20.0");
    BOOST_TEST(line_of(table, "tasks") == "tasks 600 60.0% 15.0 30.0");
    BOOST_TEST(line_of(table, "tcp_out") == "tcp_out 0 0.0% 0.0 0.0");
    BOOST_TEST(line_of(table, "all work") == "all work 1000 100.0% 25.0 50.0");
    BOOST_TEST(line_of(table, "of the time") ==
               "of the time: 50.0% work, 35.0% looking on, 15.0% asleep; 2500 MHz");
    BOOST_TEST(line_of(table, "40 packets") ==
               "40 packets in, 10.0 a burst, 100.0 bytes each; 0.5 out per packet in");
    BOOST_TEST(line_of(table, "0 tasks").ends_with(" 2 stalls"));
    BOOST_TEST(line_of(table, "idle") == "");
}

BOOST_AUTO_TEST_CASE(what_was_never_counted_is_divided_by_nothing) {
    BOOST_TEST(line_of(tcp::cost_table({}), "device_in") == "device_in 0 - - -");
}

BOOST_AUTO_TEST_CASE(lines_may_be_comments) {
    const std::string table = tcp::cost_table({}, "# ");
    BOOST_TEST(table.starts_with("# work"));
    BOOST_TEST(table.find("\n# device_in") != std::string::npos);
    BOOST_TEST(table.ends_with("stalls\n"));
}

// So that a metric that is renamed does not leave the table empty.
BOOST_AUTO_TEST_CASE(a_shard_fills_the_table) {
    reactor r;
    for (int i = 0; i < 100; ++i) r.turn();
    const std::string table = tcp::cost_table(r.metrics().snapshot());
    BOOST_TEST(line_of(table, "of the time").find(" 100.0% looking on") != std::string::npos);
    BOOST_TEST(line_of(table, "of the time").find("; 0 MHz") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
