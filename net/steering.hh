// Steering between the shards of one device: packets whose flow another shard owns, and news that all shards
// need.
#pragma once

#include "net/ip_datagram.hh"

#include <variant>

namespace millrace::net {

// An ARP entry that one shard learned.
struct neighbour_news {
    ipv4_address address;
    mac_address mac;
};

// A datagram for its owner, with its bytes.
struct steered_datagram {
    ip_datagram datagram;  // its `data` is set by the receiving interface
    packet data;
};

// An ICMP error for the owner of the flow that it is about.
struct steered_error {
    icmp_error error;  // its `quoted` is set by the receiving interface
    std::array<uint8_t, icmp_error::max_quoted> quoted;
};

using steered = std::variant<steered_datagram, steered_error, neighbour_news>;

// The way to the other shards' interfaces of the same device. What arrives there goes to interface::accept().
class steering {
 public:
    virtual ~steering() = default;
    // Shards of the device, and which of them this is.
    virtual unsigned shards() const noexcept = 0;
    virtual unsigned self() const noexcept = 0;
    // In order for each pair of shards. False: no room now, and `what` is dropped by the caller.
    virtual bool forward(unsigned shard, steered&& what) noexcept = 0;
};

}  // namespace millrace::net
