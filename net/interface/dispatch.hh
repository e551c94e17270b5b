// From valid datagrams to the protocols above IP: checksums verified, flows steered to their shards, TCP
// handed over a burst at a time.
#pragma once

#include "net/ipv4/icmp.hh"
#include "net/rss.hh"
#include "net/steering.hh"
#include "net/udp/sockets.hh"

#include <array>

namespace millrace::net {

class dispatch {
 public:
    // TCP datagrams held before they are handed over.
    static constexpr size_t most_held = 32;

    dispatch(bool verify_checksums, icmp& messages, output& out, udp_sockets& udp,
             interface_counters& counters, drop_counters& drops);

    void attach(l4_handler* tcp) noexcept { tcp_ = tcp; }
    void attach(steering* others) noexcept;

    // A place for a TCP datagram that saves a copy; good until the next call of anything here but take().
    ip_datagram& next() noexcept {
        if (full()) [[unlikely]]
            hand_over();
        return tcp_burst_[held_];
    }
    // Delivers what next() gave the place for, of which the checksum and the flow's hash are known.
    void take(ip_datagram& d) noexcept {
        if (is_of_another_shard(d)) [[unlikely]]
            return forward(owner_of(d.flow_hash), d);
        ++held_;
    }
    bool verifies_checksums() const noexcept { return verify_checksums_; }
    // A datagram from the wire. `to_one_host`: not to a broadcast or multicast address. What d.data points to
    // is emptied, or stays where it is until hand_over().
    void deliver(ip_datagram& d, bool to_one_host, time_point now) noexcept;
    // From another shard, which has checked it.
    void deliver_steered(ip_datagram& d, time_point now) noexcept;
    // To the owner of the flow that it is about.
    void deliver(const icmp_error& e, time_point now) noexcept;
    void deliver_steered(const icmp_error& e, time_point now) noexcept;
    // Gives TCP what was delivered since the last call.
    void hand_over() noexcept;
    bool full() const noexcept { return held_ == most_held; }

    unsigned owner_of(uint32_t flow_hash) const noexcept { return rss_owner(flow_hash, shards_); }
    bool is_shared() const noexcept { return shards_ > 1; }
    // To all other shards.
    void tell(const neighbour_news& news) noexcept;

 private:
    void deliver_tcp(ip_datagram& d) noexcept;
    bool is_of_another_shard(const ip_datagram& d) const noexcept {
        return shards_ > 1 && owner_of(d.flow_hash) != self_;
    }
    void deliver_udp(ip_datagram& d, bool to_one_host, time_point now) noexcept;
    void hold(const ip_datagram& d) noexcept {
        if (full()) [[unlikely]]
            hand_over();
        if (&d != &tcp_burst_[held_]) tcp_burst_[held_] = d;
        ++held_;
    }
    bool checksum_good(const ip_datagram& d, size_t size) const noexcept;
    unsigned udp_owner(uint16_t port, uint32_t hash) const noexcept {
        return port >= first_dynamic_port ? port % shards_ : owner_of(hash);
    }
    void forward(unsigned shard, steered&& what) noexcept;
    void forward(unsigned shard, ip_datagram& d) noexcept;

    bool verify_checksums_;
    unsigned self_ = 0;
    unsigned shards_ = 1;
    size_t held_ = 0;
    std::array<ip_datagram, most_held> tcp_burst_;
    l4_handler* tcp_ = nullptr;
    steering* others_ = nullptr;
    icmp& icmp_;
    output& out_;
    udp_sockets& udp_;
    interface_counters& counters_;
    drop_counters& drops_;
};

}  // namespace millrace::net
