// The UDP header (RFC 768).
#pragma once

#include "net/ethernet/header.hh"

#include <cstdint>

namespace millrace::net {

struct udp_header {
    static constexpr size_t bytes = 8;

    uint16_t source_port = 0;
    uint16_t destination_port = 0;
    uint16_t length = bytes;  // header and payload
    uint16_t checksum = 0;    // as it lies in memory; 0: none

    // Of `bytes` bytes at least.
    static udp_header read(const uint8_t* p) noexcept {
        udp_header h{read16(p), read16(p + 2), read16(p + 4), 0};
        std::memcpy(&h.checksum, p + 6, 2);
        return h;
    }
    void write(uint8_t* p) const noexcept {
        write16(p, source_port);
        write16(p + 2, destination_port);
        write16(p + 4, length);
        std::memcpy(p + 6, &checksum, 2);
    }
};

// Ports from here on belong to the shard port % shards, so that answers come to who asked (RFC 6335 §6:
// dynamic ports); below, a port's datagrams are spread over the shards by flow.
inline constexpr uint16_t first_dynamic_port = 49152;

}  // namespace millrace::net
