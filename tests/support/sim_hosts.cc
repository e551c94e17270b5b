#include "tests/support/sim_hosts.hh"

#include <fmt/format.h>

namespace millrace::test {
namespace {

net::interface_config with_address(net::interface_config config, const net::prefix& p) {
    config.addresses = {p};
    return config;
}

std::string leftovers_of(const char* name, sim_host& h) {
    std::string text;
    const tcp::native_usage u = h.network->usage();
    if (u.total() > 0)
        text += fmt::format("{}: {} connections, {} sockets, {} half-open, {} in TIME-WAIT, {} listeners; ",
                            name, u.connections, u.sockets, u.half_open, u.time_wait, u.listeners);
    if (const size_t n = h.host.timers()) text += fmt::format("{}: {} timers; ", name, n);
    if (const size_t n = h.network->interface().packets_held())
        text += fmt::format("{}: {} packets; ", name, n);
    for (const auto use : {net::memory_use::unacknowledged, net::memory_use::unread,
                           net::memory_use::fragments, net::memory_use::unresolved})
        if (const uint64_t n = h.network->interface().memory().used(use))
            text += fmt::format("{}: {} bytes of {}; ", name, n, net::to_string(use));
    reactor::scope here(h.host);
    if (const size_t n = background_count()) text += fmt::format("{}: {} background tasks; ", name, n);
    return text;
}

}  // namespace

sim_host::sim_host(net::world& w, net::device& d, const char* cidr, const tcp::native_settings& settings,
                   net::interface_config config)
    : host(w.add_reactor()) {
    const net::prefix p = net::prefix::parse(cidr).value();
    address = p.address();
    reactor::scope here(host);
    network = std::make_unique<tcp::native_network>(host, d, 0, with_address(std::move(config), p), settings);
}

sim_host::~sim_host() {
    reactor::scope here(host);
    network.reset();
}

two_hosts::two_hosts(uint64_t seed, const net::wire_setup& setup, const tcp::native_settings& settings,
                     const net::interface_config& config)
    : world(seed),
      wire(world.add_wire(setup)),
      a(world, wire.a(), "10.0.0.1/24", settings, config),
      b(world, wire.b(), "10.0.0.2/24", settings, config) {}

std::string two_hosts::leftovers() {
    std::string text = leftovers_of("a", a) + leftovers_of("b", b);
    for (auto [end, name] : {std::pair(net::wire_end::a, "a"), std::pair(net::wire_end::b, "b")})
        if (const size_t n = wire.buffers_in_use(end)) text += fmt::format("{}: {} buffers; ", name, n);
    if (const size_t n = wire.in_flight()) text += fmt::format("{} frames on the wire; ", n);
    return text;
}

}  // namespace millrace::test
