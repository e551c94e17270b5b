// endpoint: an address and a port, one end of a connection or the place of a socket.
#pragma once

#include "net/address.hh"

namespace millrace::net {

struct endpoint {
    ip_address address;
    uint16_t port = 0;

    // "10.0.0.1:80" or "[::1]:80".
    static result<endpoint> parse(std::string_view text) noexcept;

    constexpr auto operator<=>(const endpoint&) const noexcept = default;
};

std::string to_string(const endpoint& e);

}  // namespace millrace::net

template <>
struct std::hash<millrace::net::endpoint> {
    size_t operator()(const millrace::net::endpoint& e) const noexcept {
        return hash_value(e.address) * 31 + e.port;
    }
};

template <>
struct fmt::formatter<millrace::net::endpoint> : millrace_text_formatter<millrace::net::endpoint> {};
