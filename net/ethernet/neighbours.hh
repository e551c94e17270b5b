// The hosts on the link: who has which MAC address (RFC 826), asked for when needed, with the packets that
// wait for the answer (RFC 1122 §2.3.2.2).
#pragma once

#include "core/time.hh"
#include "net/ethernet/arp.hh"
#include "net/ethernet/transmit_queue.hh"
#include "net/interface_config.hh"
#include "net/memory_budget.hh"

#include <vector>

namespace millrace::net {

// A cache of sets of eight: an address may only stand in its own set, where it replaces the one confirmed
// longest ago. So the table is bounded, never rehashed, and a flood of addresses displaces only those that
// share its sets.
class neighbours {
 public:
    // `generation` is counted up whenever an answer given by resolve() became wrong before its time.
    neighbours(const neighbour_settings& settings, const mac_address& own_mac, uint64_t hash_seed,
               transmit_queue& out, memory_budget& memory, uint32_t& generation, interface_counters& counters,
               drop_counters& drops);

    struct answer {
        bool known = false;
        mac_address mac;
        time_point fresh_until{};  // ask again after this
    };
    // The MAC address of a host on the link. If it is not known, asks for it, from `own`, our address on its
    // network; if it was confirmed too long ago, answers and asks the host itself (RFC 1122 §2.3.2.1 (2)).
    answer resolve(ipv4_address host, ipv4_address own, time_point now) noexcept;
    // Keeps a frame, complete but for its destination MAC, until resolve() for `host`, which said "not
    // known", has its answer. False: dropped and counted.
    bool wait_for(ipv4_address host, packet&& frame) noexcept;

    // What is sent to `host` seems not to arrive (RFC 1122 §2.3.2.1 (4)): everybody is asked who it is, while
    // the address known is still used. At most once in a while, whoever complains.
    void doubt(ipv4_address host, ipv4_address own, time_point now) noexcept;

    // `host` was heard to have this address. It is remembered if it was known or asked for before, or if
    // `add`, that is if it spoke to us (RFC 826, "Packet Reception").
    void learn(ipv4_address host, const mac_address& mac, bool add, time_point now) noexcept;

    // Repeats requests, gives up on those never answered.
    void service(time_point now) noexcept;
    // When service() has something to do.
    time_point next_deadline() const noexcept { return next_deadline_; }
    // The frames whose neighbour was given up since the last call.
    std::vector<packet> take_unreachable() noexcept { return std::exchange(unreachable_, {}); }

    size_t waiting() const noexcept { return waiting_; }
    // Neighbours remembered or asked for.
    size_t size() const noexcept;

 private:
    enum class state : uint8_t { free, asked, known, confirming };
    struct entry {
        ipv4_address host;
        ipv4_address own;
        mac_address mac;
        state what = state::free;
        uint8_t requests = 0;
        bool doubted = false;         // confirming: by asking everybody
        time_point confirmed{};       // known, confirming
        time_point deadline = never;  // asked, confirming: of the next request
        std::vector<packet> waiting;
    };
    static constexpr size_t ways = 8;
    // What one packet that waits is reckoned with: a device's buffer.
    static constexpr size_t packet_bytes = 2048;

    entry* set_of(ipv4_address host) noexcept;
    entry* find(ipv4_address host) noexcept;
    entry* add(ipv4_address host) noexcept;
    void ask(entry& e, time_point now) noexcept;
    void give_up(entry& e) noexcept;
    void find_next_deadline() noexcept;
    void release_waiting(entry& e) noexcept;
    void set_waiting(size_t packets) noexcept;

    neighbour_settings settings_;
    mac_address own_mac_;
    uint64_t hash_seed_;
    std::vector<entry> entries_;
    size_t waiting_ = 0;
    time_point next_deadline_ = never;
    time_point next_log_{};
    std::vector<packet> unreachable_;
    transmit_queue& out_;
    memory_budget& memory_;
    uint32_t& generation_;
    interface_counters& counters_;
    drop_counters& drops_;
};

// Queues an ARP message for the link. False: no buffer or no room.
bool send_arp(transmit_queue& out, const mac_address& to, const arp_message& message,
              drop_counters& drops) noexcept;

}  // namespace millrace::net
