// The Ethernet II header, 14 bytes (RFC 894).
#pragma once

#include "net/address.hh"

#include <cstdint>
#include <cstring>

namespace millrace::net {

inline constexpr size_t ethernet_header_bytes = 14;

enum class ethertype : uint16_t {
    ipv4 = 0x0800,
    arp = 0x0806,
    vlan = 0x8100,
    ipv6 = 0x86dd,
    service_vlan = 0x88a8
};

inline uint16_t read16(const uint8_t* from) noexcept {
    uint16_t v;
    std::memcpy(&v, from, 2);
    return __builtin_bswap16(v);
}
inline void write16(uint8_t* to, uint16_t value) noexcept {
    value = __builtin_bswap16(value);
    std::memcpy(to, &value, 2);
}

inline void write_ethernet_header(uint8_t* to, const mac_address& destination, const mac_address& source,
                                  ethertype type) noexcept {
    destination.write(to);
    source.write(to + 6);
    write16(to + 12, uint16_t(type));
}

// Where an IPv4 multicast group lives on the link (RFC 1112 §6.4).
inline mac_address multicast_mac(ipv4_address group) noexcept {
    uint32_t v = group.value();
    return mac_address({0x01, 0x00, 0x5e, uint8_t(v >> 16 & 0x7f), uint8_t(v >> 8), uint8_t(v)});
}

}  // namespace millrace::net
