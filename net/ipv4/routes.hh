// Which addresses are ours, and by whom a packet leaves (RFC 1122 §3.3.1).
#pragma once

#include "net/interface_config.hh"

#include <optional>
#include <system_error>
#include <vector>

namespace millrace::net {

struct next_hop {
    ipv4_address host;    // on the link; the destination itself, or a gateway
    ipv4_address source;  // our address on that network
};

class routes {
 public:
    // Throws std::system_error for addresses that no host can have, or gateways on no network of ours.
    explicit routes(const interface_config& config);

    // The longest matching prefix; networks of ours are routes too. Broadcast and multicast leave by the
    // first network.
    std::optional<next_hop> lookup(ipv4_address destination) const noexcept;

    bool is_local(ipv4_address a) const noexcept {
        for (const auto& n : networks_)
            if (n.address == a) return true;
        return false;
    }
    // To all hosts of the link: limited or directed broadcast.
    bool is_broadcast(ipv4_address a) const noexcept {
        if (a.is_broadcast()) return true;
        for (const auto& n : networks_)
            if (n.broadcast == a) return true;
        return false;
    }
    // May stand as the source of a packet from outside (RFC 1122 §3.2.1.3): one host, and not us.
    bool is_foreign_host(ipv4_address a) const noexcept {
        if (!a.is_host()) return false;
        for (const auto& n : networks_)
            if (n.address == a || n.broadcast == a) return false;
        return true;
    }
    // A host on one of our networks.
    bool is_on_link(ipv4_address a) const noexcept;
    std::vector<ipv4_address> addresses() const;

 private:
    struct network {
        ipv4_address address;
        ipv4_address broadcast;  // 255.255.255.255 if it has none of its own
        prefix range;
    };
    struct entry {
        prefix destination;
        std::optional<ipv4_address> gateway;
        ipv4_address source;
    };
    void add_network(const prefix& p);
    void add_route(const prefix& destination, const ip_address& gateway);

    std::vector<network> networks_;
    std::vector<entry> entries_;  // longest prefix first
};

}  // namespace millrace::net
