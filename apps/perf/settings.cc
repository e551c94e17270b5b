#include "apps/perf/settings.hh"

#include "core/config.hh"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace millrace::perf {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 7> names = {"rr", "crr",      "read",    "write",
                                                   "rw", "resp-get", "resp-set"};

// Of values that a connection sends at once.
constexpr uint64_t longest_batch = 16u << 20;

void declare_load(config_schema& schema, settings& s) {
    schema.section("Measurement");
    schema.text("workload", s.workload_name, "what the client does")
        .one_of({"rr", "crr", "read", "write", "rw", "resp-get", "resp-set"});
    schema.number("connections", s.connections, "connections at once, of all shards together")
        .range(1, 1u << 20);
    schema.bytes("message", s.message, "bytes of a request and of its answer, or of one write")
        .range(1, 16u << 20);
    schema.number("keys", s.keys, "resp: different keys, chosen at random").range(1, 1u << 30);
    schema.bytes("value", s.value, "resp: bytes of a key's value").range(1, 1u << 20);
    schema.number("pipeline", s.pipeline, "resp: requests that a connection sends at once").range(1, 1024);
    schema.number("mix", s.mix, "resp-get: GETs among 100 requests; the others are SETs").range(0, 100);
    schema.toggle("preload", s.preload, "resp-get: SET every key before measuring");
    schema
        .number("rate", s.rate,
                "requests per second of all connections together, due at fixed times; 0: each "
                "follows its answer")
        .range(0, 1'000'000'000);
}

void declare_run(config_schema& schema, settings& s) {
    schema.number("requests", s.requests,
                  "measure exactly so many, however long it takes; 0: go by the duration");
    schema.time("duration", s.run_time, "how long to measure").range(1ms, 24h);
    schema.time("warm-up", s.warm_up, "how long to run before measuring").range(0s, 1h);
    schema.time("connect-timeout", s.connect_timeout, "how long to wait for the server to accept")
        .range(1ms, 1h);
    schema.time("grace", s.grace, "how long to wait for the last answers").range(1ms, 1h);
    schema.toggle("progress", s.progress,
                  "a line each second on standard error, also where that is no terminal");
    schema.toggle("json", s.json, "print the results as JSON");
    schema.toggle("check", s.check,
                  "compare every byte received with what was sent; --check=no saves the time");
}

// Whether it was typed: a file may hold what this run has no use for.
bool typed(const config_schema& schema, std::string_view key) {
    const auto& all = schema.settings();
    return std::any_of(all.begin(), all.end(),
                       [key](const auto& s) { return s.key == key && s.origin.starts_with("--"); });
}

void refuse(const config_schema& schema, std::initializer_list<std::string_view> keys, std::string_view why) {
    for (std::string_view key : keys)
        if (typed(schema, key)) throw config_error(fmt::format("{}: {}", schema.at(key), why));
}

void check_server(const config_schema& schema) {
    refuse(schema,
           {"workload", "server", "connections", "message", "keys", "value", "pipeline", "mix", "preload",
            "rate", "requests", "duration", "warm-up", "connect-timeout", "grace", "progress", "json",
            "server-pid"},
           "this is for the client: a server serves every workload, as its clients ask");
}

void check_workload(const config_schema& schema, const settings& s) {
    const std::string no_effect = fmt::format("has no effect on {}", s.workload_name);
    if (!s.is_resp())
        refuse(schema, {"keys", "value", "pipeline"}, no_effect + ": it is for resp-get and resp-set");
    if (s.what != workload::resp_get) refuse(schema, {"mix", "preload"}, no_effect + ": it is for resp-get");
    if (s.is_resp()) refuse(schema, {"message"}, no_effect + ": --value says how long a key's value is");
    if (s.is_stream() && s.is_open_loop())
        refuse(schema, {"rate"}, no_effect + ": a stream has no requests; it goes as fast as it can");
    if (s.is_stream() && s.is_counted())
        refuse(schema, {"requests"},
               no_effect + ": a stream has no requests; --duration says how long it lasts");
    if (s.is_resp() && s.pipeline * s.value > longest_batch)
        throw config_error(fmt::format("{}: {} values of {} bytes at once are more than {}; take fewer",
                                       schema.at("pipeline"), s.pipeline, s.value,
                                       format_bytes(longest_batch)));
    if (s.is_counted())
        refuse(schema, {"duration", "warm-up"}, "with --requests everything counts until all are answered");
}

void check_place(const config_schema& schema, settings& s) {
    if (s.server_text.empty())
        throw config_error("--server is missing: where to connect, such as 10.0.0.1:7");
    auto parsed = net::endpoint::parse(s.server_text);
    if (!parsed || parsed->port == 0)
        throw config_error(
            fmt::format("{}: '{}' is no address with a port, such as 10.0.0.1:7 or [fd00::1]:7",
                        schema.at("server"), s.server_text));
    s.server = *parsed;
}

}  // namespace

std::string_view name_of(workload w) noexcept {
    return names[size_t(w)];
}

void declare(config_schema& schema, settings& s, bool self) {
    schema.section("Role");
    schema.toggle("self", s.self, "be both ends in one thread over a link in memory; no device, no server");
    if (!self) {
        schema.text("mode", s.mode, "what to be; the word alone does too")
            .one_of({"client", "server"})
            .positional();
        schema.text("server", s.server_text, "where the client finds the server").placeholder("ADDRESS:PORT");
        schema.number("server-pid", s.server_pid, "a process whose CPU time is told per request; 0: none")
            .placeholder("PID");
    }
    declare_load(schema, s);
    declare_run(schema, s);
    schema.rule([&schema, &s, self] {
        for (size_t i = 0; i < names.size(); ++i)
            if (s.workload_name == names[i]) s.what = workload(i);
        if (s.self && !self)
            throw config_error(schema.at("self") +
                               ": goes on the command line, as --self, and with no device");
        if (s.is_server()) return check_server(schema);
        if (!self)
            refuse(schema, {"listen", "bind"}, "this is for `millrace-perf server`: a client serves no port");
        check_workload(schema, s);
        if (!self) check_place(schema, s);
    });
}

void check_shares(const settings& s, unsigned shards) {
    if (s.is_server()) return;
    const auto too_few = [shards](uint64_t n, std::string_view key) {
        if (n < shards)
            throw config_error(fmt::format("--{}: {} for {} shards; each needs one", key, n, shards));
    };
    too_few(s.connections, "connections");
    if (s.is_resp()) too_few(s.keys, "keys");
    if (s.is_counted()) too_few(s.requests, "requests");
}

}  // namespace millrace::perf
