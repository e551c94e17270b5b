// Receive side scaling: the Toeplitz hash of a flow's addresses and ports, and the table from hash to queue
// or shard. After Microsoft's "RSS hashing types"; the same as NICs compute it.
#pragma once

#include "net/address.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::net {

inline constexpr size_t rss_key_bytes = 40;
using rss_key = std::array<uint8_t, rss_key_bytes>;

// The key of Microsoft's specification, which NICs have by default.
extern const rss_key rss_microsoft_key;
// Both directions of a flow hash to the same value (Woo and Park, "Scalable TCP session monitoring with
// symmetric receive-side scaling", 2012). Not what this stack uses: easier to attack.
extern const rss_key rss_symmetric_key;

// A key, prepared: hashing is a table look-up per byte.
class toeplitz {
 public:
    // Bytes that can be hashed: IPv6 addresses and ports.
    static constexpr size_t max_bytes = 36;

    explicit toeplitz(const rss_key& key) noexcept;

    // Of at most max_bytes.
    uint32_t operator()(std::span<const uint8_t> bytes) const noexcept {
        uint32_t h = 0;
        for (size_t i = 0; i < bytes.size(); ++i) h ^= table_[i][bytes[i]];
        return h;
    }
    // The same of (source address, destination address, source port, destination port) in network order, but
    // from numbers in host order.
    uint32_t operator()(uint32_t source, uint32_t destination, uint16_t source_port,
                        uint16_t destination_port) const noexcept {
        return of_addresses(source, destination) ^ of_ports(source_port, destination_port);
    }
    // It is the XOR of these two.
    uint32_t of_addresses(uint32_t source, uint32_t destination) const noexcept {
        return table_[0][source >> 24] ^ table_[1][source >> 16 & 255] ^ table_[2][source >> 8 & 255] ^
               table_[3][source & 255] ^ table_[4][destination >> 24] ^ table_[5][destination >> 16 & 255] ^
               table_[6][destination >> 8 & 255] ^ table_[7][destination & 255];
    }
    uint32_t of_ports(uint16_t source_port, uint16_t destination_port) const noexcept {
        return table_[8][source_port >> 8] ^ table_[9][source_port & 255] ^
               table_[10][destination_port >> 8] ^ table_[11][destination_port & 255];
    }

 private:
    std::array<std::array<uint32_t, 256>, max_bytes> table_;
};

// With the Microsoft key; made before main().
const toeplitz& flow_toeplitz() noexcept;

// The hash of a datagram as its receiver sees it: the source is the remote end.
uint32_t flow_hash(const ip_address& source, const ip_address& destination, uint16_t source_port,
                   uint16_t destination_port) noexcept;
inline uint32_t flow_hash(ipv4_address source, ipv4_address destination, uint16_t source_port,
                          uint16_t destination_port) noexcept {
    return flow_toeplitz()(source.value(), destination.value(), source_port, destination_port);
}

// Which of `owners` queues or shards a hash belongs to: the redirection table that NICs start with, 128
// entries dealt out in turn.
constexpr unsigned rss_owner(uint32_t hash, unsigned owners) noexcept {
    return (hash & 127) % owners;
}

}  // namespace millrace::net
