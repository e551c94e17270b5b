#include "apps/perf/measurement.hh"

#include "core/units.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace millrace::perf {

void measurement::merge(const measurement& other) {
    requests += other.requests;
    sent += other.sent;
    received += other.received;
    measured = std::max(measured, other.measured);
    latency.merge(other.latency);
    connected += other.connected;
    partial |= other.partial;
    if (error.empty()) error = other.error;
}

namespace {

double seconds(duration d) {
    return std::chrono::duration<double>(d).count();
}
double microseconds(duration d) {
    return std::chrono::duration<double, std::micro>(d).count();
}
double per_second(uint64_t n, duration d) {
    return d <= duration::zero() ? 0 : double(n) / seconds(d);
}

constexpr struct {
    const char* name;
    double percent;
} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p999", 99.9}};

// A JSON string's inside.
std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < ' ')
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", unsigned(c));
        else
            out += c;
    }
    return out;
}

bool counts_requests(workload w) {
    return w == workload::rr || w == workload::crr;
}

}  // namespace

std::string to_text(const measurement& r, const settings& s, unsigned shards) {
    std::string out =
        fmt::format("{} with {} connection{}, {} messages, {} shard{}, {:.2f} s{}\n", name_of(s.what),
                    s.connections, s.connections == 1 ? "" : "s", format_bytes(s.message), shards,
                    shards == 1 ? "" : "s", seconds(r.measured), r.partial ? " (partial)" : "");
    auto to = std::back_inserter(out);
    if (counts_requests(s.what)) {
        fmt::format_to(to, "  {:.0f} requests/s, {} in all\n", per_second(r.requests, r.measured),
                       r.requests);
        fmt::format_to(to, "  latency in us: min {:.1f}, mean {:.1f}", microseconds(r.latency.min()),
                       microseconds(r.latency.mean()));
        for (const auto& p : percentiles)
            fmt::format_to(to, ", {} {:.1f}", p.name, microseconds(r.latency.percentile(p.percent)));
        fmt::format_to(to, ", max {:.1f}\n", microseconds(r.latency.max()));
    }
    fmt::format_to(to, "  sent {:.3f} Gbit/s, received {:.3f} Gbit/s\n",
                   per_second(r.sent, r.measured) * 8e-9, per_second(r.received, r.measured) * 8e-9);
    return out;
}

std::string to_json(const measurement& r, const settings& s, unsigned shards) {
    std::string out;
    auto to = std::back_inserter(out);
    fmt::format_to(
        to, R"({{"workload":"{}","server":"{}","connections":{},"connected":{},"message":{},"shards":{},)",
        name_of(s.what), escaped(s.server_text), s.connections, r.connected, s.message, shards);
    fmt::format_to(to, R"("seconds":{:.6f},"partial":{},"error":"{}",)", seconds(r.measured), r.partial,
                   escaped(r.error));
    fmt::format_to(to, R"("requests":{},"requests_per_second":{:.1f},"sent_bytes":{},"received_bytes":{},)",
                   r.requests, per_second(r.requests, r.measured), r.sent, r.received);
    fmt::format_to(to, R"("sent_gbit_per_second":{:.6f},"received_gbit_per_second":{:.6f},)",
                   per_second(r.sent, r.measured) * 8e-9, per_second(r.received, r.measured) * 8e-9);
    fmt::format_to(to, R"("latency_us":{{"min":{:.3f},"mean":{:.3f},)", microseconds(r.latency.min()),
                   microseconds(r.latency.mean()));
    for (const auto& p : percentiles)
        fmt::format_to(to, R"("{}":{:.3f},)", p.name, microseconds(r.latency.percentile(p.percent)));
    fmt::format_to(to, "\"max\":{:.3f}}}}}\n", microseconds(r.latency.max()));
    return out;
}

}  // namespace millrace::perf
