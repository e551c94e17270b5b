// Devices of DPDK: virtual ones that need no hardware, and real NICs.
#pragma once

#include "net/device.hh"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::net {

// A device that cannot be opened as asked: one sentence saying what, where, and what would be right.
class device_error : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

struct dpdk_options {
    // What to open:
    //   tap:NAME                     makes a TAP interface; the kernel is the other end
    //   af_packet:IF  af_xdp:IF      an interface of the kernel's
    //   memif:server|client[,SOCKET][,id=N][,KEY=VALUE...]
    //                                shared memory to another process; SOCKET is a path, or @NAME (abstract)
    //   virtio_user:PATH[,KEY=VALUE...]    a vhost-user socket, or /dev/vhost-net
    //   ring                         a loop: what is sent comes back
    //   null                         swallows what is sent
    //   pcap:IN.pcap,OUT.pcap        replays one file, records into the other; either may be empty
    //   dpdk:PCI-ADDRESS[,...]       a NIC
    //   dpdk:DEVARGS                 anything else that DPDK knows, in its own words: dpdk:net_tap0,iface=x
    std::string device;
    unsigned queues = 1;               // one per shard
    bool fewer_queues = false;         // if the device has not so many: take what it has, instead of failing
    uint16_t mtu = 1500;               // bytes of the IP packet
    std::optional<mac_address> mac;    // instead of the device's own
    unsigned buffers = 8192;           // of each queue
    unsigned descriptors = 512;        // of each ring, rounded to what the device can do
    bool checksum_offload = true;      // use what the device has of it
    bool segmentation_offload = true;  // and that, which takes checksum offload (TSO)

    // Of the process: only the first device opened sets them.
    unsigned memory_mib = 256;
    bool hugepages = false;
    std::vector<std::string> eal_arguments;  // more for DPDK's own start, as it wants them
};

// Throws device_error, or std::system_error where the operating system refused. Any thread, one at a time;
// the queues may then be driven by other threads, each by one.
std::unique_ptr<device> open_dpdk_device(const dpdk_options& options);

// True if `name` begins with a kind that open_dpdk_device() knows.
bool is_dpdk_device(std::string_view name) noexcept;

// Two devices of one process joined by DPDK rings in memory, for tests and measurements. `options.device` is
// ignored.
struct dpdk_pair {
    std::unique_ptr<device> a;
    std::unique_ptr<device> b;
};
dpdk_pair open_dpdk_ring_pair(const dpdk_options& options);

}  // namespace millrace::net
