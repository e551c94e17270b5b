// run_service: a whole process around a serve function: configuration, shards, each shard's network, signals,
// draining, exit code.
#pragma once

#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/future.hh"
#include "net/network.hh"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace millrace {
class abort_source;
class config_schema;
}  // namespace millrace

namespace millrace::tcp {

// What a service function can know of the process that it runs in; one per shard, alive until the shard ends.
class service_context {
 public:
    service_context(abort_source& stop, unsigned shard, unsigned shards, const net::listen_options& listening)
        : stop_(&stop), shard_(shard), shards_(shards), listening_(listening) {}

    // Asked to abort when the process shall end (SIGTERM, SIGINT). The network's listeners are closed by
    // then, so a loop over accept() ends by itself; this is for whatever else waits. One per shard.
    abort_source& stop() const noexcept { return *stop_; }
    unsigned shard() const noexcept { return shard_; }
    unsigned shards() const noexcept { return shards_; }
    // What --bind and --listen say: network.listen(context.listening()).
    const net::listen_options& listening() const noexcept { return listening_; }

 private:
    abort_source* stop_;
    unsigned shard_;
    unsigned shards_;
    net::listen_options listening_;
};

// A service in parts. Only `name` and `serve` must be given.
struct service {
    std::string name;   // of the program: "millrace-echo"
    std::string about;  // one line for --help
    uint16_t port = 0;  // the default of --listen; 0: the service has no such key
    // Adds the service's own keys to the schema, bound to variables that outlive run_service() and that no
    // shard writes.
    std::function<void(config_schema&)> declare = {};
    // Once, on shard 0, before `serve` runs anywhere: starts what the shards share, such as a sharded<>.
    std::function<future<>(service_context&)> start = {};
    // On every shard. The process ends when it has ended on all of them: with 0, or with 1 if one failed.
    std::function<future<>(net::network&, service_context&)> serve = {};
    // Once, on shard 0, after `serve` has ended on all shards and the connections are drained.
    std::function<future<>(service_context&)> stop = {};
};

// Returns the exit code of the process: 0 after a clean end (SIGTERM and SIGINT drain: listeners close, open
// connections get `drain-timeout` to finish), 1 if the service failed, 2 if the input was bad; then one
// sentence on stderr has said what, where and what would be right, and nothing was started. SIGUSR1 prints
// the metrics of all shards to stderr as Prometheus text.
int run_service(int argc, char** argv, service s);

// The short form: a serve function of the shard's network, and of the context if it wants that.
template <typename Serve>
int run_service(int argc, char** argv, std::string_view name, uint16_t port, Serve serve) {
    service s{.name = std::string(name), .about = "", .port = port};
    if constexpr (std::is_invocable_v<Serve&, net::network&, service_context&>)
        s.serve = std::move(serve);
    else
        s.serve = [serve = std::move(serve)](net::network& n, service_context&) mutable { return serve(n); };
    return run_service(argc, argv, std::move(s));
}

}  // namespace millrace::tcp
