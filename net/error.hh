// The errors of net and tcp, as std::error_code in the category "millrace.net"; each equals the std::errc of
// its meaning.
#pragma once

#include <system_error>

namespace millrace::net {

enum class errc {
    connection_refused = 1,  // the peer has nobody listening there (RST to a SYN, ICMP port unreachable)
    connection_reset,        // the peer reset the connection
    connection_aborted,      // we did, or it ended before it was accepted
    timed_out,               // the peer did not answer in time
    host_unreachable,        // ICMP, or no answer to ARP
    network_unreachable,     // ICMP, or no route
    address_in_use,
    address_not_available,  // not an address of this interface, or no free port
    not_connected,
    message_too_long,
    no_buffer_space,
    closed,  // the socket was closed here
    invalid_address,
    not_supported,
};

const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

}  // namespace millrace::net

template <>
struct std::is_error_code_enum<millrace::net::errc> : std::true_type {};
