#include "net/ethernet/address_guard.hh"

#include "core/log.hh"

namespace millrace::net {

namespace {

logger log("arp");

// RFC 5227 §1.1.
constexpr unsigned announce_num = 2;
constexpr duration announce_interval = std::chrono::seconds(2);

}  // namespace

address_guard::address_guard(std::vector<ipv4_address> addresses, const mac_address& own_mac,
                             duration defence_interval, transmit_queue& out, interface_counters& counters,
                             drop_counters& drops)
    : own_mac_(own_mac), defence_interval_(defence_interval), out_(out), counters_(counters), drops_(drops) {
    for (auto a : addresses) claims_.push_back({.address = a});
}

void address_guard::announce(time_point now) noexcept {
    announcements_left_ = announce_num;
    next_announcement_ = now;
    service(now);
}

void address_guard::service(time_point now) noexcept {
    if (now < next_announcement_) return;
    for (const auto& c : claims_) send_announcement(c.address);
    next_announcement_ = --announcements_left_ ? now + announce_interval : never;
}

void address_guard::send_announcement(ipv4_address address) noexcept {
    arp_message m{arp_message::operation::request, own_mac_, address, mac_address(), address};
    if (send_arp(out_, mac_address::broadcast(), m, drops_)) ++counters_.arp_requests_out;
}

bool address_guard::on_message(const arp_message& m, time_point now) noexcept {
    if (m.sender_mac == own_mac_) return false;
    for (auto& c : claims_) {
        if (c.address != m.sender) continue;
        ++counters_.address_conflicts;
        if (!c.ever_defended || now - c.defended >= defence_interval_) {
            log.warn("{} is also used by {}", m.sender, m.sender_mac);
            c.defended = now;
            c.ever_defended = true;
            send_announcement(c.address);
        }
        return true;
    }
    return false;
}

}  // namespace millrace::net
