// The Internet checksum (RFC 1071): ones' complement sums, kept unfolded in a word for as long as possible.
#pragma once

#include "net/address.hh"
#include "net/packet.hh"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace millrace::net {

// Sums here are of 16-bit words as they lie in memory on this little-endian machine, so they are byte-swapped
// against the RFC's and independent of order (RFC 1071 §2 (B)); fields are read and written without a swap.
// 32 bits hold the sum of 128 KiB with its carries, more than any packet.
static_assert(std::endian::native == std::endian::little);

// A sum of 16-bit words of any width, folded to 16 bits. Both halves added to each other leave their sum, its
// carry brought round, in the upper one.
constexpr uint16_t fold(uint64_t sum) noexcept {
    const auto half = uint32_t((sum + std::rotr(sum, 32)) >> 32);
    return uint16_t((half + std::rotr(half, 16)) >> 16);
}

// A sum and that of `size` bytes, an odd last one padded with zero: 64 bits wide, carries brought round.
uint64_t add_bytes(uint64_t sum, const void* data, size_t size) noexcept;
// The sum of `size` bytes; at most 17 bits wide.
uint32_t sum_bytes(const void* data, size_t size) noexcept;

inline uint32_t sum_bytes(std::span<const uint8_t> bytes) noexcept {
    return sum_bytes(bytes.data(), bytes.size());
}

// A partial sum for use at an odd offset (RFC 1071 §2 (B)).
constexpr uint32_t swapped_sum(uint32_t sum) noexcept {
    uint16_t s = fold(sum);
    return uint16_t(s << 8 | s >> 8);
}

// The sum of a number's bytes in network order.
constexpr uint32_t sum_of(uint16_t v) noexcept {
    return __builtin_bswap16(v);
}
constexpr uint32_t sum_of(uint32_t v) noexcept {
    uint32_t s = __builtin_bswap32(v);
    return (s & 0xffff) + (s >> 16);
}

// What to write into a checksum field, as it lies in memory.
constexpr uint16_t checksum_of(uint64_t sum) noexcept {
    return uint16_t(~fold(sum));
}

// A checksum after one of the words it covers changed (RFC 1624 eqn. 3: HC' = ~(~HC + ~m + m')). All as in
// memory.
constexpr uint16_t updated_checksum(uint16_t checksum, uint16_t old_word, uint16_t new_word) noexcept {
    return checksum_of(uint64_t(uint16_t(~checksum)) + uint16_t(~old_word) + new_word);
}

// The sum of an IPv4 pseudo header without its length (RFC 9293 §3.1, RFC 768).
inline uint32_t pseudo_header_sum(ipv4_address source, ipv4_address destination, uint8_t protocol) noexcept {
    return sum_of(source.value()) + sum_of(destination.value()) + sum_of(uint16_t(protocol));
}

// The sum of all bytes of a packet.
uint32_t sum_pieces(const packet& p) noexcept;
inline uint32_t sum_packet(const packet& p) noexcept {
    return p.fragments.empty() ? sum_bytes(p.head.data(), p.head.size()) : sum_pieces(p);
}

// The sum of an IPv4 header without options, checksum field included; 35 bits wide.
inline uint64_t sum_ipv4_header(const uint8_t* p) noexcept {
    uint64_t a, b;
    uint32_t c;
    std::memcpy(&a, p, 8);
    std::memcpy(&b, p + 8, 8);
    std::memcpy(&c, p + 16, 4);
    return (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32) + c;
}

}  // namespace millrace::net
