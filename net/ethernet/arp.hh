// ARP messages for IPv4 over Ethernet (RFC 826).
#pragma once

#include "net/address.hh"

#include <cstdint>
#include <optional>
#include <span>

namespace millrace::net {

struct arp_message {
    static constexpr size_t bytes = 28;
    enum class operation : uint16_t { request = 1, reply = 2 };

    operation what = operation::request;
    mac_address sender_mac;
    ipv4_address sender;
    mac_address target_mac;
    ipv4_address target;

    // A question whether anybody has the address, by one who does not use it yet (RFC 5227 §1.1).
    bool is_probe() const noexcept { return what == operation::request && sender.is_any(); }

    // Behind the Ethernet header; bytes behind the message are padding. Nothing if it is none that we
    // understand.
    static std::optional<arp_message> parse(std::span<const uint8_t> in) noexcept;
    void emit(uint8_t* out) const noexcept;
};

}  // namespace millrace::net
