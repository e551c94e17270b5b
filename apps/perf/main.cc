// millrace-perf: measures requests per second, latency and throughput, from one end to the other.
#include "apps/perf/client.hh"
#include "apps/perf/server.hh"
#include "core/app.hh"
#include "core/coroutine.hh"
#include "core/shard.hh"
#include "core/sharded.hh"
#include "tcp/service.hh"

#include <cstdio>
#include <functional>
#include <memory>

using namespace millrace;

namespace {

// The server's clients choose the length of messages, up to this one.
constexpr size_t longest_message = 16u << 20;

// One per shard.
struct perf_shard {
    explicit perf_shard(const perf::settings& settings)
        : bytes(settings.is_server() ? longest_message : settings.message),
          client(settings, bytes, this_shard(), shard_count()) {}

    perf::pattern bytes;
    perf::client client;
};

// Says what was measured; false if something went wrong.
bool report(const perf::settings& settings, const std::vector<perf::measurement>& of_shards) {
    perf::measurement all;
    for (const auto& r : of_shards) all.merge(r);
    if (settings.json)
        std::fputs(to_json(all, settings, unsigned(of_shards.size())).c_str(), stdout);
    else if (all.measured > duration::zero())
        std::fputs(to_text(all, settings, unsigned(of_shards.size())).c_str(), stdout);
    std::fflush(stdout);
    if (!all.error.empty()) fmt::print(stderr, "millrace-perf: {}\n", all.error);
    return all.error.empty();
}

}  // namespace

int main(int argc, char** argv) {
    perf::settings settings;
    sharded<perf_shard> shards;
    bool succeeded = true;
    auto serve = [&](net::network& n, tcp::service_context& c) {
        perf_shard& here = shards.local();
        return settings.is_server() ? perf::serve(n, c.listening(), here.bytes, settings.check)
                                    : here.client.run(n, c.stop());
    };
    auto stop = [&](tcp::service_context&) {
        return shards.map([](perf_shard& s) { return s.client.outcome(); })
            .then([&](std::vector<perf::measurement> all) {
                if (!settings.is_server()) succeeded = report(settings, all);
                return shards.stop();
            });
    };
    int code =
        tcp::run_service(argc, argv,
                         {.name = "millrace-perf",
                          .about = "measures requests per second, latency and throughput over a network",
                          .port = 7878,
                          .declare = [&](config_schema& schema) { perf::declare(schema, settings); },
                          .start = [&](tcp::service_context&) { return shards.start(std::cref(settings)); },
                          .serve = serve,
                          .stop = stop});
    return code == int(exit_code::success) && !succeeded ? int(exit_code::failed) : code;
}
