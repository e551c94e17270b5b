// millrace-kv: a key-value server that speaks RESP2.
#include "apps/kv/server.hh"
#include "apps/kv/settings.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "core/sharded.hh"
#include "tcp/service.hh"

#include <functional>

using namespace millrace;

int main(int argc, char** argv) {
    kv::settings settings;
    sharded<kv::server> servers;
    auto start = [&](tcp::service_context&) {
        auto& rng = reactor::current().rng();
        return servers.start(settings, kv::hash_seed{rng.next(), rng.next()}, std::ref(servers));
    };
    return tcp::run_service(
        argc, argv,
        {.name = "millrace-kv",
         .about = "a key-value server that speaks RESP2, the protocol of Redis",
         .port = 6379,
         .declare = [&](config_schema& schema) { kv::declare(schema, settings); },
         .start = start,
         .serve = [&](net::network& n,
                      tcp::service_context& c) { return servers.local().serve(n, c.listening()); },
         .stop = [&](tcp::service_context&) { return servers.stop(); }});
}
