// Our claim to our IPv4 addresses on the link: announced at the start, defended when another host uses one
// (RFC 5227). They are not probed for first (§2.1.1): an operator gave them, and a restarted server must
// answer at once.
#pragma once

#include "core/time.hh"
#include "net/ethernet/neighbours.hh"

#include <vector>

namespace millrace::net {

class address_guard {
 public:
    address_guard(std::vector<ipv4_address> addresses, const mac_address& own_mac, duration defence_interval,
                  transmit_queue& out, interface_counters& counters, drop_counters& drops);

    // The first of ANNOUNCE_NUM announcements (RFC 5227 §2.3) leaves now, the others by service().
    void announce(time_point now) noexcept;

    // Is `m` another host's use of an address of ours? Then it is counted and logged, and the address
    // defended once in each interval: RFC 5227 §2.4 (b).
    bool on_message(const arp_message& m, time_point now) noexcept;

    void service(time_point now) noexcept;
    time_point next_deadline() const noexcept { return next_announcement_; }

 private:
    struct claim {
        ipv4_address address;
        time_point defended{};
        bool ever_defended = false;
    };
    void send_announcement(ipv4_address address) noexcept;

    std::vector<claim> claims_;
    mac_address own_mac_;
    duration defence_interval_;
    unsigned announcements_left_ = 0;
    time_point next_announcement_ = never;
    transmit_queue& out_;
    interface_counters& counters_;
    drop_counters& drops_;
};

}  // namespace millrace::net
