// What the IP layer hands to the protocols above it: datagrams, a burst at a time, and ICMP errors.
#pragma once

#include "net/address.hh"
#include "net/packet.hh"
#include "net/path.hh"

#include <cstdint>
#include <span>

namespace millrace::net {

// A valid datagram for this host: lengths checked, whole (reassembled if it came in fragments), link padding
// cut off, TCP and UDP checksums verified.
struct ip_datagram {
    // data->head begins at the L4 header and holds all of it if the device did not split it; more bytes may
    // follow in data->fragments. The packet is the interface's: take the buffers out of it, or share() them,
    // during the call.
    packet* data = nullptr;
    ip_address source;
    ip_address destination;
    // net/rss.hh of source, destination and their ports: the same for every datagram of the flow in this
    // direction.
    uint32_t flow_hash = 0;
    ip_protocol protocol = ip_protocol::tcp;
    uint8_t ttl = 0;
    uint16_t id = 0;
    ecn congestion = ecn::not_capable;

    buffer& head() const noexcept { return data->head; }
    size_t size() const noexcept { return data->size(); }
};

// An ICMP error about a packet that this host sent (RFC 1122 §3.2.2), or the same found out here (no answer
// to ARP).
struct icmp_error {
    enum class kind : uint8_t {
        network_unreachable,
        host_unreachable,
        protocol_unreachable,
        port_unreachable,
        prohibited,            // by an administrator, RFC 1812 §5.2.7.1
        fragmentation_needed,  // see mtu
        time_exceeded,
        parameter_problem,
    };
    static constexpr size_t max_quoted = 64;

    kind what{};
    ip_protocol protocol = ip_protocol::tcp;
    // fragmentation_needed: the next hop's MTU, a guess from RFC 1191 §7.1's plateaus if the router did not
    // say.
    uint16_t mtu = 0;
    // Of the packet quoted: the source is an address of ours.
    ip_address source;
    ip_address destination;
    ip_address reporter;  // ours, if found out here
    // The quoted packet's bytes behind its IP header: 8 to max_quoted. Valid during the call.
    std::span<const uint8_t> quoted;
};

// A protocol above IP; for TCP, its stack.
class l4_handler {
 public:
    virtual ~l4_handler() = default;

    // All that one poll received for this protocol, in order of arrival; once per poll, so that a packet
    // costs no virtual call.
    virtual void on_burst(std::span<ip_datagram> burst) noexcept = 0;

    // True if the quoted bytes are of something really sent, such as a sequence number in flight (RFC 5927
    // §4.1). Only then is a path's MTU lowered, and the answer to an unmatched error is to count and forget
    // it.
    virtual bool on_icmp_error(const icmp_error& error) noexcept = 0;
};

}  // namespace millrace::net
