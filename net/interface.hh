// interface: one shard's part of one device, from frames to datagrams: Ethernet (RFC 894), ARP (RFC 826,
// 5227), IPv4 (RFC 791), ICMP (RFC 792) as RFC 1122 requires of hosts, and UDP sockets.
#pragma once

#include "core/poller.hh"
#include "core/result.hh"
#include "net/datagram.hh"
#include "net/device.hh"
#include "net/drop_reason.hh"
#include "net/interface_config.hh"
#include "net/ip_datagram.hh"
#include "net/path.hh"
#include "net/segment_run.hh"
#include "net/steering.hh"

#include <memory>
#include <vector>

namespace millrace {
class metric_registry;
class random;
class reactor;
}  // namespace millrace

namespace millrace::net {

// Owning shard only. Nothing that arrives from the wire throws, asserts or grows without a bound.
class interface final : public poller {
 public:
    static constexpr size_t burst_packets = 32;

    // On a reactor: its time, its randomness, its timers; whoever makes the interface adds it to the pollers.
    // What is passed in must outlive the interface. Throws std::system_error (invalid_address, not_supported)
    // for a configuration that cannot work.
    interface(device_queue& queue, const device_info& device, interface_config config, reactor& reactor);
    // Without a reactor: the clock is read once per poll, and the caller polls when next_deadline() has come.
    interface(device_queue& queue, const device_info& device, interface_config config, millrace::clock& clock,
              random& rng);
    ~interface();
    interface(const interface&) = delete;
    interface& operator=(const interface&) = delete;

    // The receiver of TCP; null detaches.
    void attach(l4_handler* tcp) noexcept;
    // The way to the other shards; without one, all flows are owned here.
    void attach(steering* others) noexcept;
    // What another shard's interface forwarded to this one; handled in the next poll.
    void accept(steered&& what) noexcept;
    // The metrics stay until the interface goes, which `registry` must outlive.
    void register_metrics(metric_registry& registry);

    // One burst in: ARP and ICMP are answered, UDP goes to its sockets, TCP to the handler. Also serves
    // deadlines.
    bool poll() noexcept override;
    // One burst out. What the device does not take stays, in order, for the next flush.
    void flush() noexcept override;
    // Packets that send() still has room for before the device takes some; each segment of a run is one.
    size_t transmit_room() const noexcept;
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

    // What goes this way seems not to arrive: whether the next hop is still where it was is asked anew (RFC
    // 1122 §2.3.2.1 (4)), once in a while at most.
    void doubt(const path& way) noexcept;
    // Sends an L4 packet: `p.head`, sole owner of its storage, begins with the L4 header, with at least
    // path::header_bytes of headroom; the rest may follow in `p.fragments`. The L4 checksum is filled in
    // here, in the device if it can; the field's present value does not matter. Nothing leaves before
    // flush(). Packets to a neighbour not yet known wait for it. False: dropped and counted. TCP packets
    // carry DF; a UDP packet over the path's MTU is fragmented, any other one refused.
    bool send(path& way, packet&& p, ecn mark = ecn::not_capable) noexcept;
    // The same without moving a packet: draft() is the place of the next one in the queue, its head an empty
    // buffer as of allocate(), and send_draft() sends what was built there. Null if there is no buffer or no
    // room, counted. Nothing else may be called here in between; what is not sent is not to be kept.
    packet* draft() noexcept;
    bool send_draft(packet& draft, path& way, ecn mark = ecn::not_capable) noexcept;
    // Segments as one, which the device cuts if it can (TSO), or else the interface; as of send() for each.
    // Returns how many were sent.
    size_t send_run(path& way, const segment_run& run, ecn mark = ecn::not_capable) noexcept;
    // Bytes of data that a run may have here.
    size_t longest_run() const noexcept;

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
    // Of this shard, for all that holds packets or what came out of them.
    memory_budget& memory() noexcept;
    // Buffers held here: in queues, reassembly and behind ARP requests. For tests that look for leaks.
    size_t packets_held() const noexcept;

 private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace millrace::net
