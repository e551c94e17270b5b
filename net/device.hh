// The device interface: a port with queues, each driven by one shard.
#pragma once

#include "core/time.hh"
#include "net/address.hh"
#include "net/packet.hh"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace millrace::net {

struct device_info {
    std::string name;
    mac_address mac;
    uint16_t mtu = 1500;  // bytes of the IP packet
    unsigned queues = 1;  // pairs of a receive and a transmit queue
    bool spreads_flows =
        false;  // the device itself puts each flow on one queue by the RSS hash of net/rss.hh
    bool checks_received = false;  // verdicts on received checksums can be had
    bool fills_ip_checksum = false;
    bool fills_tcp_checksum = false;
    bool fills_udp_checksum = false;
    // TSO: bytes of data in the longest TCP packet that it cuts into segments, 0 if it cuts none, and of the
    // longest segment with its IP header. Who cuts fills the checksums of IP and TCP, too.
    uint32_t cuts_bytes = 0;
    uint32_t piece_bytes = 0;
};

struct device_counters {
    uint64_t rx_packets = 0, rx_bytes = 0, rx_bursts = 0;
    uint64_t tx_packets = 0, tx_bytes = 0, tx_bursts = 0;
    uint64_t rx_dropped = 0;   // by the device, before we saw them
    uint64_t tx_rejected = 0;  // the transmit queue was full: the caller keeps or drops them
    uint64_t tx_refused = 0;   // dropped: the device cannot send such a frame
    uint64_t no_buffers = 0;   // allocate() found the pool empty
};

// One receive and one transmit queue. Owning shard only; nothing here blocks or throws.
class device_queue {
 public:
    virtual ~device_queue() = default;

    // Fills `out` from the front with frames received, in order; returns how many (0: none waiting).
    virtual size_t receive(std::span<packet> out) noexcept = 0;

    // Takes packets from the front; returns how many. Those are left empty; the others are untouched, to be
    // sent again or dropped by the caller.
    virtual size_t transmit(std::span<packet> packets) noexcept = 0;

    // An empty buffer to build a frame in: at least 128 bytes of headroom and the device's MTU of tailroom.
    // Without storage when the pool is empty.
    virtual buffer allocate() noexcept = 0;

    // Gives the packets, whose heads have no storage, one such buffer each, from the front; returns how many
    // got one. A device that gains nothing by giving several at once gives one.
    virtual size_t prepare(std::span<packet> packets) noexcept {
        packets.front().head = allocate();
        return packets.front().head.storage() ? 1 : 0;
    }

    // Under a quarter of the pool is left: who keeps what was received copies it now and gives the device's
    // buffer back, so that frames still come in and go out.
    virtual bool scarce() const noexcept { return false; }

    // Idle: a descriptor that becomes readable when frames arrive after arm_wakeup(); -1 if the device has
    // none and must be polled by a timer.
    virtual int wakeup_fd() const noexcept { return -1; }
    // Before sleeping: asks for a wake-up. False if frames are already waiting.
    virtual bool arm_wakeup() noexcept { return true; }
    virtual void disarm_wakeup() noexcept {}

    // It has refused to cut a run that its info let it have: it shall be given no more.
    bool refuses_runs() const noexcept { return refuses_runs_; }
    const device_counters& counters() const noexcept { return counters_; }

 protected:
    device_counters counters_;
    bool refuses_runs_ = false;
};

class device {
 public:
    virtual ~device() = default;
    virtual const device_info& info() const noexcept = 0;
    // Queue i < info().queues. Lives as long as the device.
    virtual device_queue& queue(unsigned i) noexcept = 0;
};

}  // namespace millrace::net
