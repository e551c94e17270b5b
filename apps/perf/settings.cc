#include "apps/perf/settings.hh"

#include "core/config.hh"

#include <array>

namespace millrace::perf {

namespace {
constexpr std::array<std::string_view, 5> names = {"rr", "crr", "read", "write", "rw"};
}

std::string_view name_of(workload w) noexcept {
    return names[size_t(w)];
}

void declare(config_schema& schema, settings& s) {
    using namespace std::chrono_literals;
    schema.section("Measurement");
    schema.text("mode", s.mode, "what to be").one_of({"client", "server"}).positional();
    schema.text("workload", s.workload_name, "what the client does")
        .one_of({"rr", "crr", "read", "write", "rw"});
    schema.text("server", s.server_text, "where the server is").placeholder("ADDRESS:PORT");
    schema.number("connections", s.connections, "connections at once, of all shards together")
        .range(1, 1u << 20);
    schema.bytes("message", s.message, "bytes of a request and of its answer, or of one write")
        .range(1, 16u << 20);
    schema.time("duration", s.run_time, "how long to measure").range(1ms, 24h);
    schema.time("warm-up", s.warm_up, "how long to run before measuring").range(0s, 1h);
    schema.time("connect-timeout", s.connect_timeout, "how long to wait for the server to accept")
        .range(1ms, 1h);
    schema.time("grace", s.grace, "how long to wait for the last answers").range(1ms, 1h);
    schema.toggle("json", s.json, "print the results as JSON");
    schema.toggle("check", s.check,
                  "compare every byte received with what was sent; --check=no saves the time");
    schema.rule([&schema, &s] {
        for (size_t i = 0; i < names.size(); ++i)
            if (s.workload_name == names[i]) s.what = workload(i);
        if (s.is_server()) return;
        if (s.server_text.empty())
            throw config_error("--server is missing: where to connect, such as 10.0.0.1:7");
        auto parsed = net::endpoint::parse(s.server_text);
        if (!parsed || parsed->port == 0)
            throw config_error(
                fmt::format("{}: '{}' is no address with a port, such as 10.0.0.1:7 or [fd00::1]:7",
                            schema.at("server"), s.server_text));
        s.server = *parsed;
    });
}

}  // namespace millrace::perf
