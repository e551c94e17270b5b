// millrace-perf: measures requests per second, latency and throughput, from one end to the other.
#include "apps/perf/bare_link_program.hh"
#include "apps/perf/client.hh"
#include "apps/perf/cpu_time.hh"
#include "apps/perf/progress.hh"
#include "apps/perf/report.hh"
#include "apps/perf/self.hh"
#include "apps/perf/server.hh"
#include "core/app.hh"
#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/shard.hh"
#include "core/sharded.hh"
#include "tcp/service.hh"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string_view>
#include <sys/resource.h>

using namespace millrace;

namespace {

// The server's clients choose the length of messages, up to this one.
constexpr size_t longest_message = 16u << 20;

logger log("perf");

// One per shard.
struct perf_shard {
    explicit perf_shard(const perf::settings& settings)
        : bytes(settings.is_server() ? longest_message : std::max(settings.message, settings.value)),
          client(settings, bytes, this_shard(), shard_count()) {}

    perf::pattern bytes;
    perf::client client;
    perf::served served;
};

// Says what was measured; the exit code for it.
exit_code report(const perf::settings& settings, const std::vector<perf::measurement>& of_shards) {
    const perf::measurement all = perf::sum_of(of_shards);
    std::fputs((settings.json ? to_json(of_shards, settings) : to_text(of_shards, settings)).c_str(), stdout);
    std::fflush(stdout);
    if (all.error.empty()) return exit_code::success;
    fmt::print(stderr, "millrace-perf: {}\n", all.error);
    return all.unusable ? exit_code::bad_input : exit_code::failed;
}

// As many descriptors as the system lets us have without asking.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int argc, char** argv) {
    perf::settings settings;
    sharded<perf_shard> shards;
    exit_code outcome = exit_code::success;
    auto start = [&](tcp::service_context& c) {
        perf::check_shares(settings, c.shards());
        if (settings.server_pid != 0 && !perf::process_cpu_time(settings.server_pid))
            throw config_error(fmt::format("--server-pid: there is no process {}", settings.server_pid));
        return shards.start(std::cref(settings));
    };
    auto serve = [&](net::network& n, tcp::service_context& c) -> future<> {
        perf_shard& here = shards.local();
        if (settings.is_server())
            return perf::serve(n, c.listening(), here.bytes, settings.check, here.served);
        if (c.shard() != 0) return here.client.run(n, c.stop());
        const auto look = [&shards] { return shards.map([](perf_shard& s) { return s.client.outcome(); }); };
        return perf::with_progress(settings, look, here.client.run(n, c.stop()));
    };
    auto tell = [&]() -> future<> {
        if (!settings.is_server())
            return shards.map([](perf_shard& s) { return s.client.outcome(); })
                .then([&](const std::vector<perf::measurement>& all) { outcome = report(settings, all); });
        return shards.map([](perf_shard& s) { return farewell(s.served, perf::thread_cpu_time()); })
            .then([](const std::vector<std::string>& all) {
                for (const std::string& text : all) log.info("{}", text);
            });
    };
    auto stop = [&](tcp::service_context&) { return tell().then([&] { return shards.stop(); }); };
    const int code =
        tcp::run_service(argc, argv,
                         {.name = "millrace-perf",
                          .about = "measures requests per second, latency and throughput over a network;\n"
                                   "see also millrace-perf --self --help and millrace-perf bare-link --help",
                          .port = 7878,
                          .declare = [&](config_schema& schema) { perf::declare(schema, settings); },
                          .start = start,
                          .serve = serve,
                          .stop = stop});
    return code == int(exit_code::success) ? int(outcome) : code;
}

}  // namespace

int main(int argc, char** argv) {
    raise_descriptor_limit();
    if (argc > 1 && std::string_view(argv[1]) == "bare-link") return perf::run_bare_link(argc - 1, argv + 1);
    if (perf::asks_for_self(argc, argv)) return perf::run_self(argc, argv);
    return run(argc, argv);
}
