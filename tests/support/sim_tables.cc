#include "tests/support/sim_tables.hh"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <numeric>

namespace millrace::test {
namespace {

using namespace std::chrono_literals;
using enum net::congestion_algorithm;
using algorithm_list = std::vector<net::congestion_algorithm>;

const algorithm_list three = {reno, cubic, bbr};
const std::vector<double> losses = {0, 0.01, 0.1, 1, 3, 5};
constexpr uint64_t fast = 10'000'000'000;
constexpr uint32_t marks_from = 20;

double ms_of(duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}

double seconds_of(duration d) {
    return std::chrono::duration<double>(d).count();
}

std::vector<goodput_table::column> columns_of(const std::vector<double>& percents) {
    std::vector<goodput_table::column> columns;
    std::ranges::transform(percents, std::back_inserter(columns), lost);
    return columns;
}

std::vector<goodput_table::row> rows_of(const std::vector<duration>& rtts, duration time) {
    std::vector<goodput_table::row> rows;
    for (duration rtt : rtts) rows.push_back({rtt, time});
    return rows;
}

// What paths do besides losing by chance.
const std::vector<goodput_table::column> troubles = {
    {"nothing", [](bottleneck&) {}},
    {"1 % late by up to RTT/2", [](bottleneck& b) { b.late = 0.01, b.late_by = b.rtt / 2; }},
    {"10 % late by up to RTT/4", [](bottleneck& b) { b.late = 0.1, b.late_by = b.rtt / 4; }},
    {"10 lost in a row of 10,000", [](bottleneck& b) { b.burst = 1e-4, b.burst_length = 10; }},
    {"policed at a tenth", [](bottleneck& b) { b.police_bps = b.rate_bps / 10; }},
    {"policed at a half", [](bottleneck& b) { b.police_bps = b.rate_bps / 2; }},
    {"queue of BDP/10", [](bottleneck& b) { b.queue_packets = std::max(product_of(b) / 10, 1u); }},
    {"queue of 10", [](bottleneck& b) { b.queue_packets = 10; }},
};

goodput_table marked(bool accurate) {
    return {.rows = rows_of({1ms, 10ms, 50ms}, 10s),
            .columns = columns_of({0}),
            .algorithms = {reno, cubic, dctcp, bbr},
            .mark_packets = marks_from,
            .accurate = accurate};
}

// Jain's: 1 if all have the same, 1/n if one has all.
double fairness_of(const std::vector<double>& shares) {
    double sum = 0, squares = 0;
    for (double s : shares) sum += s, squares += s * s;
    return squares > 0 ? sum * sum / (double(shares.size()) * squares) : 1;
}

std::string names_of(const algorithm_list& flows) {
    if (std::ranges::all_of(flows, [&](auto a) { return a == flows[0]; }) && flows.size() > 2)
        return fmt::format("{} of {}", flows.size(), net::to_string(flows[0]));
    std::string text;
    for (auto a : flows) text += (text.empty() ? "" : ", ") + std::string(net::to_string(a));
    return text;
}

// RFC 9438 §5.1, §5.2: CUBIC among its own and beside Reno.
std::string fairness_row(const algorithm_list& flows, duration rtt) {
    const auto mbps = run_flows({.rtt = rtt}, flows, 10s, 40s);
    const auto [least, most] = std::ranges::minmax(mbps);
    std::string each;
    for (size_t i = 0; i < mbps.size() && i < 2; ++i) each += fmt::format(" {:.1f} |", mbps[i]);
    if (mbps.size() > 2) each = " | |";
    return fmt::format("| {} | {} ms |{} {:.1f} | {:.1f} | {:.1f} | {:.3f} |\n", names_of(flows), rtt / 1ms,
                       each, least, most, std::accumulate(mbps.begin(), mbps.end(), 0.0), fairness_of(mbps));
}

std::string fairness() {
    std::string text =
        "Mbit/s of flows begun together, between 10 s and 40 s at 100 Mbit/s\n\n| flows | round trip | first "
        "| second | "
        "least | most | all | Jain's index |\n|---|---|---|---|---|---|---|---|\n";
    for (const algorithm_list& flows :
         {algorithm_list{cubic, cubic}, algorithm_list{cubic, reno}, algorithm_list{reno, reno},
          algorithm_list{bbr, bbr}, algorithm_list{bbr, cubic}, algorithm_list(10, reno),
          algorithm_list(10, cubic), algorithm_list(10, bbr)})
        for (duration rtt : {10ms, 50ms}) text += fairness_row(flows, rtt);
    return text;
}

// Over the queue that is the rule, and over one that would hold up packets for four round trips.
std::string queue_delay() {
    std::string text =
        "Milliseconds that a packet waits at the bottleneck, between 2 s and 32 s at 100 Mbit/s, looked at "
        "each "
        "millisecond\n\n| algorithm | round trip | queue, BDP | median | 99th percentile | most | Mbit/s | "
        "dropped, % "
        "|\n|---|---|---|---|---|---|---|---|\n";
    for (auto a : three) {
        for (duration rtt : {10ms, 50ms}) {
            for (uint32_t products : {1, 4}) {
                bottleneck b{.rtt = rtt};
                b.queue_packets = products * product_of(b);
                const flow_outcome o = watch_flows(b, {a}, 2s, 32s);
                const double most = double(o.most_queued) * 1514 * 8e3 / double(b.rate_bps);
                text += fmt::format("| {} | {} ms | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.3f} |\n",
                                    net::to_string(a), rtt / 1ms, products, ms_of(o.median_wait),
                                    ms_of(o.long_wait), most, o.mbps[0], o.dropped * 100);
            }
        }
    }
    return text;
}

// The line of a file that begins so; empty if none does.
std::string line_of(const std::string& path, const std::string& begin) {
    std::ifstream in(std::string(MILLRACE_SOURCE_DIR) + "/" + path);
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(begin)) return line + "\n";
    return {};
}

}  // namespace

goodput_table::column lost(double percent) {
    return {fmt::format("loss {} %", percent), [percent](bottleneck& b) { b.loss = percent / 100; }};
}

std::string goodput_table::head() const {
    const bool same = std::ranges::all_of(rows, [&](const row& r) { return r.time == rows[0].time; });
    std::string time = fmt::format("{:g} s", seconds_of(rows[0].time));
    if (!same) {
        time.clear();
        for (const row& r : rows)
            time += fmt::format("{}{:g} s (round trip of {:g} ms)", time.empty() ? "" : ", ",
                                seconds_of(r.time), ms_of(r.rtt));
    }
    std::string text =
        fmt::format("Mbit/s in {} at {} Mbit/s\n\n| algorithm | round trip |", time, rate_bps / 1'000'000);
    for (const column& c : columns) text += fmt::format(" {} |", c.head);
    text += "\n|---|---|";
    for (size_t i = 0; i < columns.size(); ++i) text += "---|";
    return text + "\n";
}

std::string goodput_table::cell(net::congestion_algorithm a, const row& r, const column& c) const {
    bottleneck b{.rate_bps = rate_bps,
                 .rtt = r.rtt,
                 .mark_packets = mark_packets,
                 .accurate = accurate,
                 .pacing = pacing};
    c.change(b);
    return fmt::format("{:.1f}", run_flows(b, {a}, duration::zero(), r.time)[0]);
}

std::string goodput_table::row_head(net::congestion_algorithm a, const row& r) {
    return fmt::format("| {} | {:g} ms |", net::to_string(a), ms_of(r.rtt));
}

std::string goodput_table::row_text(net::congestion_algorithm a, const row& r) const {
    std::string text = row_head(a, r);
    for (const column& c : columns) text += fmt::format(" {} |", cell(a, r, c));
    return text + "\n";
}

std::string kept_table::text(std::optional<net::congestion_algorithm> only) const {
    if (other) return other();
    std::string text = goodput.head();
    for (auto a : goodput.algorithms)
        for (const auto& r : goodput.rows)
            text += only && a != *only ? line_of(path_of(*this), goodput_table::row_head(a, r))
                                       : goodput.row_text(a, r);
    return text;
}

std::string path_of(const kept_table& t) {
    return "tests/sim/" + t.name + ".md";
}

std::vector<kept_table> kept_tables() {
    return {
        {"goodput",
         {.rows = rows_of({100us, 1ms, 10ms, 50ms, 200ms}, 10s),
          .columns = columns_of(losses),
          .algorithms = three}},
        {"troubles", {.rows = rows_of({10ms, 50ms}, 10s), .columns = troubles, .algorithms = three}},
        {"goodput_marked", marked(false)},
        {"goodput_counted", marked(true)},  // RFC 9768
        {"fairness", {}, fairness},
        {"queue_delay", {}, queue_delay},
        {"goodput_10g",
         {.rate_bps = fast,
          .rows = {{100us, 200ms}, {10ms, 1s}, {50ms, 3s}, {200ms, 8s}},
          .columns = columns_of(losses),
          .algorithms = three}},
    };
}

}  // namespace millrace::test
