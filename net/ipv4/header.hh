// The IPv4 header (RFC 791 §3.1), parsed and emitted.
#pragma once

#include "net/address.hh"
#include "net/drop_reason.hh"
#include "net/packet.hh"
#include "net/path.hh"

#include <cstdint>
#include <span>

namespace millrace::net {

// Without options when emitted; with options checked and skipped when parsed.
struct ipv4_header {
    static constexpr size_t bytes = 20;

    ipv4_address source;
    ipv4_address destination;
    uint16_t total_bytes = bytes;  // header and payload
    uint16_t id = 0;
    uint16_t fragment_offset = 0;  // bytes; a multiple of 8
    bool dont_fragment = false;
    bool more_fragments = false;
    uint8_t header_bytes = bytes;
    uint8_t ttl = 0;
    uint8_t protocol = 0;
    ecn congestion = ecn::not_capable;

    bool is_fragment() const noexcept { return more_fragments || fragment_offset != 0; }

    // What `in` begins with; `frame_bytes` is the length of the whole packet, of which `in` may be the first
    // part only. False and `why` if it is no valid header of a packet of that length. A checksum that the
    // device found good is not computed again.
    bool parse(std::span<const uint8_t> in, size_t frame_bytes, checksum_verdict verdict,
               drop_reason& why) noexcept;

    // 20 bytes, checksum included.
    void emit(uint8_t* out) const noexcept;
};

}  // namespace millrace::net
