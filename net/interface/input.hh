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

    // Takes frames as the device received them. The packets must stay where they are until
    // dispatch::hand_over().
    void on_burst(std::span<packet> frames, time_point now) noexcept;

 private:
    bool take_plain_segment(packet& p) noexcept;
    bool checksums_good(const packet& p, const uint8_t* ip, size_t total) const noexcept;
    bool knows_source(uint32_t source) noexcept;
    void on_any_frame(packet& p, time_point now) noexcept;
    void on_other_frame(packet& p, time_point now) noexcept;
    void on_arp(std::span<const uint8_t> in, time_point now) noexcept;
    void on_ipv4(packet& p, bool to_group, time_point now) noexcept;
    void on_fragment(const ipv4_header& h, packet& p, bool to_one_host, time_point now) noexcept;
    static constexpr uint64_t no_source = uint64_t(1) << 32;  // no 32-bit word
    void drop(drop_reason why) noexcept { drops_.count(why); }

    mac_address own_mac_;
    ip_address own_address_;  // the first one
    // For comparison, as they lie in memory.
    uint64_t own_mac_word_;
    uint32_t own_address_word_;
    // The source of the last segment, which was good; a burst often has several of one host.
    uint64_t last_source_word_ = no_source;
    uint32_t last_source_hash_ = 0;  // of it and our address
    const toeplitz& hash_ = flow_toeplitz();
    const routes& routes_;
    neighbours& neighbours_;
    address_guard& guard_;
    reassembly& reassembly_;
    dispatch& dispatch_;
    bool verifies_checksums_;
    transmit_queue& replies_;
    interface_counters& counters_;
    drop_counters& drops_;
};

}  // namespace millrace::net
