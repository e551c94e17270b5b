// path: a flow's remembered way to a peer: addresses, MTU, and the Ethernet and IPv4 headers ready to be
// copied.
#pragma once

#include "core/time.hh"
#include "net/address.hh"
#include "net/ecn.hh"

#include <array>
#include <cstdint>

namespace millrace::net {

// The protocols above IP that this host speaks (IANA protocol numbers).
enum class ip_protocol : uint8_t { icmp = 1, tcp = 6, udp = 17 };

// Made by interface::make_path() and brought up to date by interface::send(): whoever holds it looks up
// neither route nor neighbour per packet. Belongs to that interface's shard.
class path {
 public:
    static constexpr size_t header_bytes = 14 + 20;

    path() noexcept = default;

    const ip_address& source() const noexcept { return source_; }
    const ip_address& destination() const noexcept { return destination_; }
    ip_protocol protocol() const noexcept { return protocol_; }
    // Bytes of the largest IP packet that gets through unfragmented, as far as known.
    uint16_t mtu() const noexcept { return mtu_; }

 private:
    friend class output;

    ip_address source_;
    ip_address destination_;
    // Good for as long as the interface's generation is this one, and not beyond the time.
    uint32_t generation_ = 0;
    ipv4_address neighbour_;  // the next hop
    time_point fresh_until_{};
    // Sums of what never changes: the IP header with length, id and fragment fields zero, and the L4 pseudo
    // header without the length.
    uint32_t header_sum_ = 0;
    uint32_t pseudo_sum_ = 0;
    uint16_t mtu_ = 0;
    ip_protocol protocol_ = ip_protocol::tcp;
    bool resolved_ = false;  // the header has the neighbour's MAC address
    // Once a segment was sent, with its length, ECN field and checksum, which the next one may share.
    std::array<uint8_t, header_bytes> header_{};
};

}  // namespace millrace::net
