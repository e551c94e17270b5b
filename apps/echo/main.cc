// millrace-echo: sends back what it receives.
#include "apps/echo/echo.hh"
#include "core/coroutine.hh"
#include "core/metrics.hh"
#include "core/reactor.hh"
#include "core/sharded.hh"
#include "tcp/service.hh"

using namespace millrace;

namespace {

// One per shard.
struct echo_shard {
    echo::counters counters;
    metric_group metrics{reactor::current().metrics(), "echo"};

    echo_shard() {
        metrics.counter("connections", "connections accepted", counters.connections)
            .counter("lost", "connections that were reset or timed out", counters.lost)
            .counter("bytes", "bytes sent back", counters.bytes);
    }
};

}  // namespace

int main(int argc, char** argv) {
    sharded<echo_shard> shards;
    return tcp::run_service(argc, argv,
                            {.name = "millrace-echo",
                             .about = "sends back what it receives",
                             .port = 7,
                             .start = [&](tcp::service_context&) { return shards.start(); },
                             .serve =
                                 [&](net::network& n, tcp::service_context& c) {
                                     return echo::serve(n, c.listening(), shards.local().counters);
                                 },
                             .stop = [&](tcp::service_context&) { return shards.stop(); }});
}
