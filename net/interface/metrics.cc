#include "net/interface/metrics.hh"

namespace millrace::net {

std::unique_ptr<metric_group> make_metrics(metric_registry& registry, const interface_counters& c,
                                           const drop_counters& drops, const device_counters& d,
                                           const memory_budget& memory) {
    auto group = std::make_unique<metric_group>(registry, "net");
    (*group)
        .counter("packets_in", "frames received from the device", c.packets_in)
        .counter("packets_out", "IP packets sent, or waiting for a neighbour", c.packets_out)
        .counter("tso_frames", "runs of TCP segments sent as one frame, which the device cuts", c.tso_frames)
        .counter("gso_runs", "runs of TCP segments cut here, as the device does not", c.gso_runs)
        .counter("tcp_in", "TCP segments received", c.tcp_in)
        .counter("udp_in", "UDP datagrams received", c.udp_in)
        .counter("icmp_in", "ICMP messages received", c.icmp_in)
        .counter("arp_in", "ARP messages received", c.arp_in)
        .counter("arp_requests_out", "ARP requests and announcements sent", c.arp_requests_out)
        .counter("arp_replies_out", "ARP replies sent", c.arp_replies_out)
        .counter("address_conflicts", "ARP messages that claim an address of ours", c.address_conflicts)
        .counter("neighbour_changes", "known neighbours that moved to another MAC address",
                 c.neighbour_changes)
        .counter("echo_replies", "ICMP echo requests answered", c.echo_replies)
        .counter("icmp_errors_in", "ICMP errors about packets of ours", c.icmp_errors_in)
        .counter("icmp_errors_out", "ICMP errors sent", c.icmp_errors_out)
        .counter("fragments_in", "IP fragments received", c.fragments_in)
        .counter("reassembled", "datagrams put together from fragments", c.reassembled)
        .counter("fragments_out", "IP fragments sent", c.fragments_out)
        .counter("path_mtu_lowered", "path MTUs lowered by ICMP", c.path_mtu_lowered)
        .counter("steered_in", "datagrams from other shards that received them", c.steered_in)
        .counter("copied_for_want_of_buffers", "frames copied as few of the device's buffers were left",
                 c.copied_for_want_of_buffers)
        .counter("steered_out", "datagrams handed to the shards that own their flows", c.steered_out)
        .counter("device_rx_packets", "device: frames received", d.rx_packets)
        .counter("device_rx_bytes", "device: bytes received", d.rx_bytes)
        .counter("device_rx_bursts", "device: bursts received that were not empty", d.rx_bursts)
        .counter("device_tx_packets", "device: frames sent", d.tx_packets)
        .counter("device_tx_bytes", "device: bytes sent", d.tx_bytes)
        .counter("device_tx_bursts", "device: bursts sent", d.tx_bursts)
        .counter("device_rx_dropped", "device: frames dropped by the device", d.rx_dropped)
        .counter("device_tx_refused", "device: frames dropped, as it cannot send such", d.tx_refused)
        .counter("device_tx_rejected", "device: frames for which the transmit queue had no room",
                 d.tx_rejected)
        .counter("device_no_buffers", "device: allocations for which the pool was empty", d.no_buffers);
    for (size_t i = 0; i < drop_reason_count; ++i) {
        auto reason = drop_reason(i);
        group->counter("dropped", "packets dropped, by reason", drops[reason],
                       {{"reason", std::string(name_of(reason))}});
    }
    group->gauge("memory_limit_bytes", "that packets and connections may hold together",
                 [&memory] { return double(memory.limit()); });
    for (size_t i = 0; i < memory_uses; ++i) {
        const auto use = memory_use(i);
        const std::string name(to_string(use));
        group->gauge("memory_bytes", "held, by use", [&memory, use] { return double(memory.used(use)); },
                     {{"use", name}});
        group->counter("memory_refused", "refused as there was too little memory left, by use",
                       memory.refused(use), {{"use", name}});
    }
    return group;
}

}  // namespace millrace::net
