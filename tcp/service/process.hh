// process: the life of a service's process, from its first shard's network to the last connection.
#pragma once

#include "core/abort.hh"
#include "core/app.hh"
#include "core/io.hh"
#include "core/metrics.hh"
#include "core/shard.hh"
#include "net/device.hh"
#include "net/network.hh"
#include "net/shard_steering.hh"
#include "tcp/service.hh"
#include "tcp/service/options.hh"

#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace millrace::tcp {

class process {
 public:
    // `device` is null for kernel sockets. `secret` is random, for initial sequence numbers and cookies. What
    // is passed in by reference outlives the process, but for the secret.
    process(service& s, const service_options& o, const net::interface_config& config, net::device* device,
            signal_source& signals, const std::array<uint64_t, 2>& secret);

    // On shard 0: starts the networks and the service, waits until the service has ended or a signal asks for
    // that, drains, and leaves nothing behind. Fails as the service did.
    future<> run();

 private:
    // What one shard has of it; made, used and destroyed there.
    struct part {
        part(unsigned shard, unsigned shards, const net::listen_options& where)
            : context(stop, shard, shards, where) {}

        std::unique_ptr<net::network> network;
        native_network* native = nullptr;  // the same, if it is ours
        abort_source stop;
        abort_source hurry;  // nobody waits for connections any more
        service_context context;
        std::optional<future<>> network_stopped;
    };

    template <typename F>
    future<> on_every_shard(F f);
    void make_part(unsigned shard);
    void begin_stop() noexcept;
    void stop_part(unsigned shard) noexcept;
    future<> serve_on(unsigned shard);
    future<> serve();
    future<> drain(part& p);
    void start_part(unsigned shard);
    void destroy_part(unsigned shard) noexcept;
    future<> watch_signals();
    future<> on_signal(int signal);
    void hurry_part(unsigned shard) noexcept;
    future<std::vector<metric_sample>> metrics_of_all();
    future<> print_metrics();
    future<> print_costs();

    service& service_;
    const service_options& options_;
    const net::interface_config& config_;
    net::device* device_;
    signal_source& signals_;
    native_settings native_;
    net::steering_group steering_;
    std::vector<std::unique_ptr<part>> parts_;
    std::optional<pollable_fd> signal_fd_;  // while signals are of interest
    bool stopping_ = false;
    std::exception_ptr failure_;
};

}  // namespace millrace::tcp
