// What a user writes after --net, "KIND:REST", in DPDK's terms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::net {

enum class device_kind : uint8_t { tap, af_packet, af_xdp, memif, virtio_user, ring, null, pcap, bus };

struct device_spec {
    device_kind kind = device_kind::null;
    std::string text;       // as the user wrote it, for messages
    std::string driver;     // of a virtual device: "net_tap"; empty for `bus`
    std::string arguments;  // devargs behind the device's name; of `bus`, the devargs as a whole
    std::string place;      // the interface, socket or input file that must be there
    std::string output;     // pcap: the file recorded into
    bool memif_server = false;
    bool abstract_socket = false;

    // A virtual device of DPDK's, whichever way it was named: it reads our memory as we do.
    bool is_virtual() const noexcept { return kind != device_kind::bus || arguments.starts_with("net_"); }
    // Lies on a PCI bus, so that DPDK must look there.
    bool is_pci() const noexcept { return !is_virtual(); }
};

struct spec_wishes {
    unsigned queues = 1;
    uint32_t frame_bytes = 1518;
};

// Throws device_error with what would be right.
device_spec parse_device_spec(std::string_view text, const spec_wishes& wishes);

}  // namespace millrace::net
