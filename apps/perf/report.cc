#include "apps/perf/report.hh"

#include "core/units.hh"

#include <fmt/format.h>

#include <iterator>

namespace millrace::perf {

namespace {

// Less than this part of the rate asked for is a miss; the rest is chance at the ends.
constexpr double reached = 0.99;

double seconds(duration d) {
    return std::chrono::duration<double>(d).count();
}
double microseconds(duration d) {
    return std::chrono::duration<double, std::micro>(d).count();
}
double per_second(uint64_t n, duration d) {
    return d <= duration::zero() ? 0 : double(n) / seconds(d);
}
double per_request(duration d, uint64_t requests) {
    return requests == 0 ? 0 : microseconds(d) / double(requests);
}

constexpr struct {
    const char* name;
    const char* key;
    double percent;
} percentiles[] = {{"p50", "p50", 50},
                   {"p90", "p90", 90},
                   {"p99", "p99", 99},
                   {"p99.9", "p999", 99.9},
                   {"p99.99", "p9999", 99.99}};

using text = fmt::memory_buffer;

template <typename... A>
void add(text& out, fmt::format_string<A...> format, A&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<A>(args)...);
}

// A JSON string, with its quotes.
std::string quoted(std::string_view raw) {
    std::string out = "\"";
    for (char c : raw) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < ' ')
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", unsigned(c));
        else
            out += c;
    }
    return out + '"';
}

// What a request is, and how they are asked: "64B messages".
std::string shape_of(const settings& s) {
    if (!s.is_resp()) return fmt::format("{} messages", format_bytes(s.message));
    std::string out = fmt::format("{} values of {} keys", format_bytes(s.value), s.keys);
    if (s.pipeline > 1) out += fmt::format(", {} at a time", s.pipeline);
    if (s.what == workload::resp_get && s.mix < 100) out += fmt::format(", {} % GET", s.mix);
    return out;
}

void add_cpu(text& out, const measurement& all) {
    add(out, "  CPU here {:.2f} s", seconds(all.cpu));
    if (all.requests > 0) add(out, ", {:.3f} us for a request", per_request(all.cpu, all.requests));
    if (all.server_cpu) {
        add(out, "; server {:.2f} s", seconds(*all.server_cpu));
        if (all.requests > 0)
            add(out, ", {:.3f} us for a request", per_request(*all.server_cpu, all.requests));
        if (*all.server_cpu > all.measured * 97 / 100)
            add(out, " (it was busy or looked on all the time: its own busy cycles tell more)");
    }
    add(out, "\n");
}

void add_latency(text& out, const measurement& all, const settings& s) {
    add(out, "  latency in us{}: min {:.1f}, mean {:.1f}", s.is_open_loop() ? ", from when it was due" : "",
        microseconds(all.latency.min()), microseconds(all.latency.mean()));
    for (const auto& p : percentiles)
        add(out, ", {} {:.1f}", p.name, microseconds(all.latency.percentile(p.percent)));
    add(out, ", max {:.1f}\n", microseconds(all.latency.max()));
}

// The figures as members of a JSON object, without its braces.
void add_figures(text& out, const measurement& m) {
    add(out, R"("connected":{},"seconds":{:.6f},"partial":{},"error":{},)", m.connected, seconds(m.measured),
        m.partial, quoted(m.error));
    add(out, R"("requests":{},"requests_per_second":{:.1f},"late":{},)", m.requests,
        per_second(m.requests, m.measured), m.late);
    add(out, R"("sent_bytes":{},"received_bytes":{},)", m.sent, m.received);
    add(out, R"("sent_gbit_per_second":{:.6f},"received_gbit_per_second":{:.6f},)",
        per_second(m.sent, m.measured) * 8e-9, per_second(m.received, m.measured) * 8e-9);
    add(out, R"("cpu_seconds":{:.6f},"cpu_us_per_request":{:.4f},)", seconds(m.cpu),
        per_request(m.cpu, m.requests));
    if (m.server_cpu)
        add(out, R"("server_cpu_seconds":{:.6f},"server_cpu_us_per_request":{:.4f},)", seconds(*m.server_cpu),
            per_request(*m.server_cpu, m.requests));
    add(out, R"("latency_us":{{"min":{:.3f},"mean":{:.3f},)", microseconds(m.latency.min()),
        microseconds(m.latency.mean()));
    for (const auto& p : percentiles)
        add(out, R"("{}":{:.3f},)", p.key, microseconds(m.latency.percentile(p.percent)));
    add(out, R"("max":{:.3f}}})", microseconds(m.latency.max()));
}

void add_settings(text& out, const settings& s) {
    add(out, R"("settings":{{"connections":{},"message":{},"keys":{},"value":{},"pipeline":{},"mix":{},)",
        s.connections, s.message, s.keys, s.value, s.pipeline, s.gets());
    add(out,
        R"("rate":{},"requests":{},"duration_seconds":{:.6f},"warm_up_seconds":{:.6f},"check":{},"self":{},"virtual_time":{}}})",
        s.rate, s.requests, seconds(s.run_time), seconds(s.warm_up), s.check, s.self, s.virtual_time);
}

}  // namespace

measurement sum_of(const std::vector<measurement>& of_shards) {
    measurement all;
    for (const auto& m : of_shards) all.merge(m);
    return all;
}

bool missed_rate(const measurement& all, const settings& s) noexcept {
    return s.is_open_loop() && !s.is_counted() && all.measured > duration::zero() &&
           per_second(all.requests, all.measured) < reached * double(s.rate);
}

std::string to_text(const std::vector<measurement>& of_shards, const settings& s) {
    const measurement all = sum_of(of_shards);
    if (all.measured <= duration::zero()) return {};
    text out;
    add(out, "{}{} with {} connection{}, {}, {} shard{}, {:.2f} s{}\n", all.partial ? "PARTIAL: " : "",
        name_of(s.what), s.connections, s.connections == 1 ? "" : "s", shape_of(s), of_shards.size(),
        of_shards.size() == 1 ? "" : "s", seconds(all.measured),
        s.virtual_time ? " of virtual time, a microsecond for each turn: rates and latencies count turns"
                       : "");
    if (!s.is_stream()) {
        add(out, "  {:.0f} requests/s, {} in all\n", per_second(all.requests, all.measured), all.requests);
        if (missed_rate(all, s))
            add(out, "  the rate of {}/s was NOT reached; {} requests were late at the end\n", s.rate,
                all.late);
        add_latency(out, all, s);
    }
    add(out, "  sent {:.3f} Gbit/s, received {:.3f} Gbit/s\n", per_second(all.sent, all.measured) * 8e-9,
        per_second(all.received, all.measured) * 8e-9);
    add_cpu(out, all);
    return fmt::to_string(out);
}

// The sum comes last.
std::string to_json(const std::vector<measurement>& of_shards, const settings& s) {
    const measurement all = sum_of(of_shards);
    text out;
    add(out, R"({{"workload":{},"server":{},"connections":{},"message":{},"shards":{},)",
        quoted(name_of(s.what)), quoted(s.server_text), s.connections, s.message, of_shards.size());
    add_settings(out, s);
    add(out, R"(,"per_shard":[)");
    for (size_t i = 0; i < of_shards.size(); ++i) {
        add(out, "{}{{", i == 0 ? "" : ",");
        add_figures(out, of_shards[i]);
        add(out, "}}");
    }
    add(out, "],");
    if (s.is_open_loop()) add(out, R"("rate_reached":{},)", !missed_rate(all, s));
    add_figures(out, all);
    add(out, "}}\n");
    return fmt::to_string(out);
}

std::string progress_line(const measurement& now, const measurement& before, duration since,
                          const settings& s) {
    switch (now.at) {
        case phase::connecting:
            return fmt::format("connecting: {} of {}", now.connected, s.connections);
        case phase::preloading:
            return fmt::format("storing {} keys", s.keys);
        case phase::warming_up:
            return "warming up";
        case phase::ending:
            return "waiting for the last answers";
        case phase::measuring:
            break;
    }
    if (s.is_stream())
        return fmt::format("sent {:.3f} Gbit/s, received {:.3f} Gbit/s",
                           per_second(now.sent - before.sent, since) * 8e-9,
                           per_second(now.received - before.received, since) * 8e-9);
    const histogram latency = now.latency.since(before.latency);
    return fmt::format("{:.0f} requests/s, p50 {:.1f} us, p99 {:.1f} us, max {:.1f} us",
                       per_second(now.requests - before.requests, since),
                       microseconds(latency.percentile(50)), microseconds(latency.percentile(99)),
                       microseconds(latency.max()));
}

}  // namespace millrace::perf
