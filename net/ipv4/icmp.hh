// ICMP (RFC 792) as RFC 1122 §3.2.2 asks of a host: echo requests are answered, errors sent and understood.
#pragma once

#include "net/ip_datagram.hh"
#include "net/ipv4/output.hh"
#include "net/ipv4/rate_limit.hh"

#include <optional>

namespace millrace::net {

class icmp {
 public:
    // The error messages that we send: type in the upper byte, code in the lower.
    enum class complaint : uint16_t {
        protocol_unreachable = 0x0302,
        port_unreachable = 0x0303,
        reassembly_time_exceeded = 0x0b01,
    };

    icmp(const interface_config& config, const routes& r, output& out, interface_counters& counters,
         drop_counters& drops);

    // A message to us. `to_one_host`: not to a broadcast or multicast address. The error that it reports
    // about a packet of ours, for the flow's owner, if it is one; it views `d`.
    std::optional<icmp_error> on_message(ip_datagram& d, bool to_one_host, time_point now) noexcept;

    // Tells the sender of `d` that it cannot be delivered, within the rate; the quoted header is `d`'s
    // without options (RFC 1812 §4.3.2.3). The caller knows that `d` was sent to one host, from one, and is
    // no ICMP error (RFC 1122 §3.2.2).
    void complain(complaint about, const ip_datagram& d, time_point now) noexcept;

 private:
    void answer_echo(ip_datagram& d, time_point now) noexcept;
    std::optional<icmp_error> parse_error(const ip_datagram& d) noexcept;
    std::optional<icmp_error> refuse(drop_reason why) noexcept {
        drops_.count(why);
        return std::nullopt;
    }

    uint16_t min_path_mtu_;
    rate_limit echo_replies_;
    rate_limit errors_;
    const routes& routes_;
    output& out_;
    interface_counters& counters_;
    drop_counters& drops_;
};

}  // namespace millrace::net
