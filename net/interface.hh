// interface: one shard's part of one device, from frames to datagrams: Ethernet (RFC 894), ARP (RFC 826,
// 5227), IPv4 (RFC 791), ICMP (RFC 792) as RFC 1122 requires of hosts, and UDP sockets.
#pragma once

#include "core/poller.hh"
#include "core/result.hh"
#include "net/datagram.hh"
#include "net/device.hh"
#include "net/drop_reason.hh"
#include "net/ip_datagram.hh"
#include "net/path.hh"
#include "net/steering.hh"

#include <memory>
#include <optional>
#include <vector>

namespace millrace {
class random;
class metric_registry;
}  // namespace millrace

namespace millrace::net {

// A way to a network that is not on the link.
struct route {
    prefix destination;
    ip_address gateway;
};

// ARP, RFC 826 and RFC 1122 §2.3.2.
struct neighbour_settings {
    size_t entries = 1024;       // neighbours remembered
    size_t waiting_packets = 8;  // that wait for one neighbour's address; the oldest go first
    size_t all_waiting_packets = 256;
    unsigned requests = 3;  // before a neighbour counts as unreachable
    duration request_interval = std::chrono::seconds(1);
    duration reachable_time = std::chrono::seconds(60);    // then asked again when used (RFC 1122 §2.3.2.1)
    duration conflict_defence = std::chrono::seconds(10);  // DEFEND_INTERVAL, RFC 5227 §2.4
    bool announce = true;                                  // gratuitous ARP at the start (RFC 5227 §2.3)
};

// Fragments received, RFC 791 §3.2, RFC 1122 §3.3.2.
struct reassembly_settings {
    size_t datagrams = 64;       // incomplete at once; the oldest goes first
    size_t bytes = 1024 * 1024;  // held by all of them together
    size_t fragments = 64;       // of one datagram
    duration timeout = std::chrono::seconds(30);
};

// Of messages sent, RFC 1812 §4.3.2.8.
struct icmp_settings {
    uint32_t errors_per_second = 100;
    uint32_t echo_replies_per_second = 10'000;
};

struct udp_settings {
    size_t sockets = 1024;
    size_t receive_datagrams = 512;      // that wait in one socket, and
    size_t receive_bytes = 1024 * 1024;  // their bytes
};

struct interface_config {
    std::vector<prefix> addresses;  // with the prefix lengths of their networks
    std::optional<ip_address> gateway;
    std::vector<route> routes;
    uint16_t mtu = 0;                                       // 0: the device's
    uint8_t ttl = 64;                                       // RFC 1700
    bool verify_checksums = true;                           // of L4; off only where the link is memory
    uint16_t min_path_mtu = 552;                            // ICMP may not lower a path's MTU below this
    size_t path_mtus = 256;                                 // destinations with a lowered MTU remembered
    duration path_mtu_lifetime = std::chrono::minutes(10);  // RFC 1191 §6.3
    size_t transmit_queue = 1024;                           // packets that wait for the device
    neighbour_settings neighbours{};
    reassembly_settings reassembly{};
    icmp_settings icmp{};
    udp_settings udp{};
};

struct interface_counters {
    uint64_t packets_in = 0;
    uint64_t packets_out = 0;
    uint64_t tcp_in = 0;
    uint64_t udp_in = 0;
    uint64_t icmp_in = 0;
    uint64_t arp_in = 0;
    uint64_t arp_requests_out = 0;
    uint64_t arp_replies_out = 0;
    uint64_t address_conflicts = 0;
    uint64_t neighbour_changes = 0;  // a known address moved to another MAC
    uint64_t echo_replies = 0;
    uint64_t icmp_errors_in = 0;
    uint64_t icmp_errors_out = 0;
    uint64_t fragments_in = 0;
    uint64_t reassembled = 0;
    uint64_t fragments_out = 0;
    uint64_t path_mtu_lowered = 0;
    uint64_t steered_in = 0;
    uint64_t steered_out = 0;
};

// Owning shard only. Nothing that arrives from the wire throws, asserts or grows without a bound.
class interface final : public poller {
 public:
    static constexpr size_t burst_packets = 32;

    // What is passed in must outlive the interface. The clock is read once per poll. Throws std::system_error
    // (invalid_address, not_supported) for a configuration that cannot work.
    interface(device_queue& queue, const device_info& device, interface_config config, millrace::clock& clock,
              random& rng);
    ~interface() override;
    interface(const interface&) = delete;
    interface& operator=(const interface&) = delete;

    // The receiver of TCP; null detaches.
    void attach(l4_handler* tcp) noexcept;
    // The way to the other shards; without one, all flows are owned here.
    void attach(steering* others) noexcept;
    // What another shard's interface forwarded to this one; handled in the next poll.
    void accept(steered&& what) noexcept;
    // The metrics stay until the interface goes.
    void register_metrics(metric_registry& registry);

    // One burst in: ARP and ICMP are answered, UDP goes to its sockets, TCP to the handler. Also serves
    // deadlines.
    bool poll() noexcept override;
    // One burst out. What the device does not take stays, in order, for the next flush.
    void flush() noexcept override;
    int wakeup_fd() const noexcept override;
    bool prepare_sleep() noexcept override;
    void woke() noexcept override;
    duration max_sleep() const noexcept override;
    // When poll() has something to do though no packet arrives; `never` if nothing.
    time_point next_deadline() const noexcept;

    // An empty buffer for a packet that send() shall take: the L4 header and payload are appended,
    // `path::header_bytes` of headroom are kept free. Without storage when there is none.
    buffer allocate() noexcept;

    // An address of ours to talk to `destination` from: the one on its network, else the one on the
    // gateway's. network_unreachable without a route.
    result<ip_address> source_for(const ip_address& destination) const noexcept;
    // `source` must be an address of ours, or any: then source_for() chooses. Starts nothing on the wire.
    result<path> make_path(const ip_address& source, const ip_address& destination,
                           ip_protocol protocol) noexcept;

    // Sends an L4 packet: `p.head`, sole owner of its storage, begins with the L4 header, with at least
    // path::header_bytes of headroom; the rest may follow in `p.fragments`. The L4 checksum is filled in
    // here, in the device if it can; the field's present value does not matter. Nothing leaves before
    // flush(). Packets to a neighbour not yet known wait for it. False: dropped and counted. TCP packets
    // carry DF; a UDP packet over the path's MTU is fragmented, any other one refused.
    bool send(path& way, packet&& p, ecn mark = ecn::not_capable) noexcept;

    // A UDP socket; port 0: a free one of those whose answers come to this shard. Throws std::system_error:
    // address_in_use, address_not_available.
    datagram open_datagram(const endpoint& local);

    bool is_local(const ip_address& a) const noexcept;
    const std::vector<prefix>& addresses() const noexcept;
    // Whose flow this is among the shards: the one that a datagram with this hash is handed to.
    unsigned owner_of(uint32_t flow_hash) const noexcept;
    const device_info& device() const noexcept;
    const interface_counters& counters() const noexcept;
    const drop_counters& drops() const noexcept;
    // Buffers held here: in queues, reassembly and behind ARP requests. For tests that look for leaks.
    size_t packets_held() const noexcept;

 private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace millrace::net
