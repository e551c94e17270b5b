// Two hosts with our whole stack at the ends of one simulated wire.
#pragma once

#include "core/background.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"

#include <memory>
#include <string>

namespace millrace::test {

struct sim_host {
    sim_host(net::world& w, net::device& d, const char* cidr, const tcp::native_settings& settings,
             net::interface_config config = {});
    ~sim_host();

    // Runs `f(network)` as code of this host.
    template <typename F>
    auto run(F&& f) {
        reactor::scope here(host);
        return f(*network);
    }

    reactor& host;
    net::ip_address address;
    std::unique_ptr<tcp::native_network> network;
};

struct two_hosts {
    explicit two_hosts(uint64_t seed, const net::wire_setup& setup = {},
                       const tcp::native_settings& settings = {}, const net::interface_config& config = {});

    // What is left when everything should be over: an empty text if nothing.
    std::string leftovers();

    net::world world;
    net::wire& wire;
    sim_host a;  // 10.0.0.1
    sim_host b;  // 10.0.0.2
};

}  // namespace millrace::test
