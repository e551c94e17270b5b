#include "net/ipv4/routes.hh"

#include "net/error.hh"

#include <algorithm>

namespace millrace::net {

namespace {

[[noreturn]] void refuse(errc e, const std::string& what) {
    throw std::system_error(make_error_code(e), what);
}

}  // namespace

routes::routes(const interface_config& config) {
    for (const auto& p : config.addresses) add_network(p);
    for (const auto& r : config.routes) add_route(r.destination, r.gateway);
    if (config.gateway) add_route(prefix(ipv4_address::any(), 0), *config.gateway);
    std::stable_sort(entries_.begin(), entries_.end(), [](const entry& a, const entry& b) {
        return a.destination.length() > b.destination.length();
    });
}

void routes::add_network(const prefix& p) {
    if (p.address().is_v6()) refuse(errc::not_supported, fmt::format("IPv6 address {}", p));
    ipv4_address a = p.address().v4();
    if (!a.is_host() || p.is_directed_broadcast(a) || (p.length() < 31 && p.network() == p.address()))
        refuse(errc::invalid_address, fmt::format("{} is not the address of one host", p));
    ipv4_address broadcast = ipv4_address::broadcast();
    if (p.length() < 31) {
        uint32_t host_bits = p.length() == 0 ? ~uint32_t(0) : ~uint32_t(0) >> p.length();
        broadcast = ipv4_address(a.value() | host_bits);
    }
    networks_.push_back({a, broadcast, p});
    entries_.push_back({p, std::nullopt, a});
}

void routes::add_route(const prefix& destination, const ip_address& gateway) {
    if (destination.address().is_v6() || gateway.is_v6())
        refuse(errc::not_supported, fmt::format("IPv6 route to {}", destination));
    for (const auto& n : networks_) {
        if (!n.range.contains(gateway) || n.address == gateway.v4() || n.broadcast == gateway.v4()) continue;
        entries_.push_back({destination, gateway.v4(), n.address});
        return;
    }
    refuse(errc::invalid_address,
           fmt::format("gateway {} is not a host on any network of the interface", gateway));
}

std::optional<next_hop> routes::lookup(ipv4_address destination) const noexcept {
    if (networks_.empty() || destination.is_any() || destination.is_loopback()) return std::nullopt;
    for (const auto& e : entries_)
        if (e.destination.contains(destination)) return next_hop{e.gateway.value_or(destination), e.source};
    if (destination.is_broadcast() || destination.is_multicast())
        return next_hop{destination, networks_.front().address};
    return std::nullopt;
}

bool routes::is_on_link(ipv4_address a) const noexcept {
    return std::any_of(networks_.begin(), networks_.end(),
                       [a](const network& n) { return n.range.contains(a); });
}

std::vector<ipv4_address> routes::addresses() const {
    std::vector<ipv4_address> all;
    for (const auto& n : networks_) all.push_back(n.address);
    return all;
}

}  // namespace millrace::net
