// A frame on its way in or out: its bytes in one or more buffers, and what the device knows or shall do about
// it.
#pragma once

#include "core/buffer.hh"
#include "net/buffer_list.hh"

#include <cstddef>
#include <cstdint>

namespace millrace::net {

// Payload to send, up to so many bytes, is copied behind the headers: cheaper than a second fragment for the
// device.
inline constexpr size_t copied_payload_bytes = 256;

// What a device says of a checksum of a received frame.
enum class checksum_verdict : uint8_t { unknown, good, bad };

struct packet {
    // The first bytes: of a frame received, all of it unless the device chained more; of one sent, the
    // headers and whatever payload was copied behind them.
    buffer head;
    // The bytes behind `head`, attached without a copy.
    buffer_list fragments;

    // Received: the device's flow hash, if it computed one.
    uint32_t flow_hash = 0;
    bool has_flow_hash = false;
    checksum_verdict ip_checksum = checksum_verdict::unknown;
    checksum_verdict l4_checksum = checksum_verdict::unknown;

    // To send: the device shall fill in these checksums; asked for only if its info says that it can. The L4
    // field then holds the pseudo header's sum, as devices want it.
    bool is_udp = false;  // which L4 checksum
    bool offload_ip_checksum = false;
    bool offload_l4_checksum = false;
    // To send: the device shall cut what is behind the headers into pieces of so many bytes, the last with
    // the rest, and send each behind headers of its own (TSO); asked for, together with both checksums, only
    // if its info says that it can. The pseudo header's sum then is without the length. 0: sent as it is.
    uint16_t segment_bytes = 0;
    // If anything of this is asked for.
    uint8_t l2_bytes = 0;
    uint8_t l3_bytes = 0;
    uint8_t l4_bytes = 0;

    void ask_nothing() noexcept {
        offload_ip_checksum = offload_l4_checksum = false;
        segment_bytes = 0;
    }

    size_t size() const noexcept {
        size_t n = head.size();
        if (!fragments.empty()) [[unlikely]]
            for (const auto& f : fragments) n += f.size();
        return n;
    }
};

// All bytes of a packet in one buffer; copied only if they are in several.
buffer join(packet&& p);

}  // namespace millrace::net
