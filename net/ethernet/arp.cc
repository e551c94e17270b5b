#include "net/ethernet/arp.hh"

#include "net/ethernet/header.hh"

namespace millrace::net {

namespace {

constexpr uint16_t hardware_ethernet = 1;

}  // namespace

std::optional<arp_message> arp_message::parse(std::span<const uint8_t> in) noexcept {
    if (in.size() < bytes) return std::nullopt;
    const uint8_t* p = in.data();
    if (read16(p) != hardware_ethernet || read16(p + 2) != uint16_t(ethertype::ipv4) || p[4] != 6 ||
        p[5] != 4)
        return std::nullopt;
    uint16_t op = read16(p + 6);
    if (op != uint16_t(operation::request) && op != uint16_t(operation::reply)) return std::nullopt;
    return arp_message{operation(op), mac_address::read(p + 8), ipv4_address::read(p + 14),
                       mac_address::read(p + 18), ipv4_address::read(p + 24)};
}

void arp_message::emit(uint8_t* out) const noexcept {
    write16(out, hardware_ethernet);
    write16(out + 2, uint16_t(ethertype::ipv4));
    out[4] = 6;
    out[5] = 4;
    write16(out + 6, uint16_t(what));
    sender_mac.write(out + 8);
    sender.write(out + 14);
    target_mac.write(out + 18);
    target.write(out + 24);
}

}  // namespace millrace::net
