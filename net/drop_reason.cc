#include "net/drop_reason.hh"

namespace millrace::net {

namespace {

struct description {
    std::string_view name;
    std::string_view help;
};

// No default: the compiler names a reason forgotten here.
description describe(drop_reason reason) noexcept {
    switch (reason) {
        case drop_reason::frame_truncated:
            return {"frame_truncated", "shorter than an Ethernet header"};
        case drop_reason::frame_not_for_us:
            return {"frame_not_for_us", "Ethernet destination not ours"};
        case drop_reason::frame_bad_source:
            return {"frame_bad_source", "Ethernet source is a group address"};
        case drop_reason::frame_tagged:
            return {"frame_tagged", "VLAN tag"};
        case drop_reason::ethertype_unknown:
            return {"ethertype_unknown", "neither IPv4 nor ARP"};
        case drop_reason::arp_malformed:
            return {"arp_malformed", "ARP too short or not for IPv4 over Ethernet"};
        case drop_reason::arp_bad_sender:
            return {"arp_bad_sender", "ARP sender not a host of this network"};
        case drop_reason::ip_truncated:
            return {"ip_truncated", "shorter than an IPv4 header"};
        case drop_reason::ip_bad_version:
            return {"ip_bad_version", "IP version not 4"};
        case drop_reason::ip_bad_header_length:
            return {"ip_bad_header_length", "IPv4 header length impossible"};
        case drop_reason::ip_bad_length:
            return {"ip_bad_length", "IPv4 total length impossible or frame shorter"};
        case drop_reason::ip_bad_checksum:
            return {"ip_bad_checksum", "IPv4 header checksum wrong"};
        case drop_reason::ip_bad_options:
            return {"ip_bad_options", "IPv4 options malformed or source route"};
        case drop_reason::ip_bad_source:
            return {"ip_bad_source", "IPv4 source not one host's address, or ours"};
        case drop_reason::ip_not_for_us:
            return {"ip_not_for_us", "IPv4 destination not ours"};
        case drop_reason::protocol_unknown:
            return {"protocol_unknown", "protocol above IP not spoken here"};
        case drop_reason::fragment_malformed:
            return {"fragment_malformed", "fragment of impossible length or place"};
        case drop_reason::fragment_overlap:
            return {"fragment_overlap", "fragments of datagrams that overlapped"};
        case drop_reason::fragment_ecn_mixed:
            return {"fragment_ecn_mixed", "marked CE among fragments that say the sender knows no ECN"};
        case drop_reason::fragment_limit:
            return {"fragment_limit", "fragments over the limits of reassembly"};
        case drop_reason::fragment_timeout:
            return {"fragment_timeout", "fragments of datagrams never completed"};
        case drop_reason::l4_truncated:
            return {"l4_truncated", "shorter than its protocol's header"};
        case drop_reason::l4_bad_checksum:
            return {"l4_bad_checksum", "TCP or UDP checksum wrong"};
        case drop_reason::tcp_not_attached:
            return {"tcp_not_attached", "TCP while no TCP stack is attached"};
        case drop_reason::not_to_one_host:
            return {"not_to_one_host", "TCP or echo request to a broadcast or multicast address"};
        case drop_reason::udp_bad_length:
            return {"udp_bad_length", "UDP length impossible"};
        case drop_reason::udp_no_socket:
            return {"udp_no_socket", "UDP port without a socket"};
        case drop_reason::udp_queue_full:
            return {"udp_queue_full", "UDP socket's receive queue full"};
        case drop_reason::icmp_malformed:
            return {"icmp_malformed", "ICMP message or its quoted packet too short"};
        case drop_reason::icmp_bad_checksum:
            return {"icmp_bad_checksum", "ICMP checksum wrong"};
        case drop_reason::icmp_type_unknown:
            return {"icmp_type_unknown", "ICMP type not handled"};
        case drop_reason::icmp_error_unmatched:
            return {"icmp_error_unmatched", "ICMP error about nothing that was sent"};
        case drop_reason::icmp_rate_limited:
            return {"icmp_rate_limited", "ICMP answers not sent for their rate"};
        case drop_reason::steering_full:
            return {"steering_full", "mailbox to the owning shard full"};
        case drop_reason::no_buffer:
            return {"no_buffer", "no buffer to build the packet in"};
        case drop_reason::no_route:
            return {"no_route", "to be sent to where no route leads"};
        case drop_reason::too_long:
            return {"too_long", "to be sent but longer than the path's MTU"};
        case drop_reason::transmit_queue_full:
            return {"transmit_queue_full", "device slower than what is sent"};
        case drop_reason::neighbour_queue_full:
            return {"neighbour_queue_full", "too many packets waiting for a neighbour's address"};
        case drop_reason::neighbour_unreachable:
            return {"neighbour_unreachable", "neighbour did not answer ARP"};
    }
    return {};
}

}  // namespace

std::string_view name_of(drop_reason reason) noexcept {
    return describe(reason).name;
}

std::string_view help_of(drop_reason reason) noexcept {
    return describe(reason).help;
}

}  // namespace millrace::net
