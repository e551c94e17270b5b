// What the user may set about the process, its network and its TCP; the keys of every service.
#pragma once

#include "core/config.hh"
#include "core/reactor.hh"
#include "net/dpdk_device.hh"
#include "net/interface_config.hh"
#include "tcp/native_network.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::tcp {

struct service_options {
    // The process.
    unsigned shards = 1;
    std::string cpus;
    std::string idle = "adaptive";
    duration spin = std::chrono::microseconds(50);
    std::string log = "info";
    duration drain_timeout = std::chrono::seconds(5);
    duration stall = std::chrono::milliseconds(20);
    bool costs = false;
    uint16_t listen = 0;
    std::string bind;

    // The network.
    std::string net = "kernel";
    std::vector<std::string> addresses;
    std::string gateway;
    std::vector<std::string> routes;
    std::string mac;
    uint64_t mtu = 1500;
    unsigned buffers = 8192;
    unsigned descriptors = 512;
    bool segmentation_offload = true;
    bool checksum_offload = true;
    bool verify_checksums = true;
    uint64_t memory = 256ull << 20;
    bool hugepages = false;
    std::vector<std::string> eal_arguments;

    // Our TCP.
    native_settings native;
    std::string syn_cookies = "on";
    std::string full_backlog = "drop";
    bool fast_open = false;
    std::string congestion{net::to_string(settings{}.congestion)};
    std::string ecn = "passive";
    std::string path_mtu_probing = "black-hole";
    uint64_t send_buffer = settings{}.send_buffer;
    uint64_t receive_buffer = settings{}.receive_buffer;
    uint64_t first_buffer = settings{}.first_buffer;
    uint64_t assured_buffer = settings{}.assured_buffer;
    uint64_t connection_memory = net::memory_budget::default_limit;

    bool uses_kernel() const noexcept { return net == "kernel"; }
};

// Adds every key, bound to `o`, and the rules between them. A service without a port has no `listen`.
void declare(config_schema& schema, service_options& o, bool has_port);

// What the texts say, after the schema has accepted them. Throw config_error.
std::vector<unsigned> cpus_of(const config_schema& schema, const service_options& o);
net::dpdk_options device_options_of(const config_schema& schema, const service_options& o);
net::interface_config interface_config_of(const config_schema& schema, const service_options& o);
native_settings native_settings_of(const service_options& o);
net::listen_options listen_options_of(const service_options& o);
idle_policy idle_policy_of(const service_options& o);

}  // namespace millrace::tcp
