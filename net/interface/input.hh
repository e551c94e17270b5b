// From frames to datagrams: what is not for us or not valid is dropped here, ARP is answered, fragments wait
// for each other.
#pragma once

#include "net/ethernet/address_guard.hh"
#include "net/interface/dispatch.hh"
#include "net/ipv4/reassembly.hh"

namespace millrace::net {

class input {
 public:
    input(const mac_address& own_mac, const routes& r, neighbours& n, address_guard& guard,
          reassembly& fragments, dispatch& out, transmit_queue& replies, interface_counters& counters,
          drop_counters& drops);

    // Takes a frame as the device received it. Its packet must stay where it is until dispatch::hand_over().
    void on_frame(packet& p, time_point now) noexcept;

 private:
    bool on_plain_frame(packet& p, time_point now) noexcept;
    void on_any_frame(packet& p, time_point now) noexcept;
    void on_other_frame(packet& p, time_point now) noexcept;
    void on_arp(std::span<const uint8_t> in, time_point now) noexcept;
    void on_ipv4(packet& p, bool to_group, time_point now) noexcept;
    void on_fragment(const ipv4_header& h, packet& p, bool to_one_host, time_point now) noexcept;
    void drop(drop_reason why) noexcept { drops_.count(why); }

    mac_address own_mac_;
    ipv4_address own_address_;  // the first one
    uint64_t own_mac_word_;     // as it lies in memory
    const routes& routes_;
    neighbours& neighbours_;
    address_guard& guard_;
    reassembly& reassembly_;
    dispatch& dispatch_;
    transmit_queue& replies_;
    interface_counters& counters_;
    drop_counters& drops_;
};

}  // namespace millrace::net
