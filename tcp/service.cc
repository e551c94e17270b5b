#include "tcp/service.hh"

#include "core/app.hh"
#include "core/failure.hh"
#include "core/shard.hh"
#include "net/dpdk_device.hh"
#include "tcp/service/options.hh"
#include "tcp/service/process.hh"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <system_error>

namespace millrace::tcp {
namespace {

uint64_t random_word() {
    std::random_device source;
    return uint64_t(source()) << 32 | source();
}

shards_options shards_of(const config_schema& schema, const service_options& o) {
    shards_options s{.count = o.shards, .cpus = cpus_of(schema, o)};
    s.seed = random_word();
    s.idle = idle_policy_of(o);
    s.spin = o.spin;
    s.stall = o.stall;
    return s;
}

// The sentence for a failure that the user's input or surroundings caused; empty for all others.
std::string refusal_for(const std::exception_ptr& failure, const config_schema& schema,
                        const service_options& o, bool has_port) {
    try {
        std::rethrow_exception(failure);
    } catch (const config_error& e) {
        return e.what();
    } catch (const std::system_error& e) {
        if (!has_port) return {};
        if (e.code() == std::errc::address_in_use)
            return fmt::format("{}: port {} is in use already; choose another one", schema.at("listen"),
                               o.listen);
        if (e.code() == std::errc::permission_denied || e.code() == std::errc::operation_not_permitted)
            return fmt::format("{}: port {} is not allowed to this user; from 1024 on they are",
                               schema.at("listen"), o.listen);
        if (e.code() == std::errc::address_not_available)
            return fmt::format("{}: {} is no address of this network", schema.at("bind"), o.bind);
    } catch (...) {
    }
    return {};
}

std::unique_ptr<net::device> open_device(const config_schema& schema, const service_options& o) {
    if (o.uses_kernel()) return nullptr;
    std::unique_ptr<net::device> device;
    try {
        device = net::open_dpdk_device(device_options_of(schema, o));
    } catch (const std::exception& e) {
        throw config_error(schema.at("net") + ": " + e.what());
    }
    if (device->info().queues < o.shards)
        throw config_error(fmt::format("{}: {} has {} queues for {} shards; at most {} go with it",
                                       schema.at("shards"), o.net, device->info().queues, o.shards,
                                       device->info().queues));
    return device;
}

}  // namespace

int run_service(int argc, char** argv, service s) {
    service_options o;
    o.listen = s.port;
    const bool has_port = s.port != 0;
    config_schema schema(s.name, s.about);
    declare(schema, o, has_port);
    if (s.declare) {
        schema.section("Service");
        s.declare(schema);
    }
    if (const auto code = start_program(schema, argc, argv)) return *code;
    try {
        const auto config = o.uses_kernel() ? net::interface_config{} : interface_config_of(schema, o);
        signal_source signals({SIGTERM, SIGINT, SIGUSR1});
        const auto device = open_device(schema, o);
        shards all(shards_of(schema, o));
        process p(s, o, config, device.get(), signals, {random_word(), random_word()});
        all.run([&p] { return p.run(); });
        return int(exit_code::success);
    } catch (...) {
        const auto failure = std::current_exception();
        const std::string sentence = refusal_for(failure, schema, o, has_port);
        if (!sentence.empty()) return refuse_to_start(schema, sentence);
        fmt::print(stderr, "{}: {}\n", s.name, describe(failure));
        return int(exit_code::failed);
    }
}

}  // namespace millrace::tcp
