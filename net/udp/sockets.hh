// The UDP sockets of a shard's interface, and who gets which datagram (RFC 768, RFC 1122 §4.1).
#pragma once

#include "net/ip_datagram.hh"
#include "net/ipv4/output.hh"
#include "net/memory_budget.hh"
#include "net/udp/socket.hh"

#include <array>
#include <memory>

namespace millrace::net {

class udp_sockets {
 public:
    // `now` is the interface's idea of the time, whenever it is looked at. Dynamic ports are those of shard
    // `self`.
    udp_sockets(const udp_settings& settings, const routes& r, output& out, memory_budget& memory,
                const time_point& now, random& rng, drop_counters& drops);
    // Sockets still open are closed.
    ~udp_sockets();
    udp_sockets(const udp_sockets&) = delete;
    udp_sockets& operator=(const udp_sockets&) = delete;

    // The dynamic ports given out are of this shard only.
    void set_shard(unsigned self, unsigned shards) noexcept;

    // Throws std::system_error.
    std::unique_ptr<datagram_backend> open(endpoint local);

    // Gives a checked datagram, which begins with its UDP header, to its socket. False if there is none.
    bool deliver(const ip_datagram& d, const udp_header& h) noexcept;
    // True if it was about something that one of the sockets sent.
    bool on_icmp_error(const icmp_error& e) noexcept;

    size_t size() const noexcept { return count_; }
    // Datagrams that wait to be received.
    size_t waiting() const noexcept;

 private:
    friend class udp_socket;

    static constexpr size_t buckets = 256;
    static size_t bucket_of(uint16_t port) noexcept { return port % buckets; }
    udp_socket* find(const ip_address& local, uint16_t port) const noexcept;
    bool in_use(const endpoint& local) const noexcept;
    uint16_t free_port(const ip_address& local) noexcept;
    void remove(udp_socket& s) noexcept;

    udp_settings settings_;
    const routes& routes_;
    output& out_;
    memory_budget& memory_;
    const time_point& now_;
    random& rng_;
    drop_counters& drops_;
    unsigned self_ = 0;
    unsigned shards_ = 1;
    std::array<udp_socket*, buckets> sockets_{};  // chained by port
    size_t count_ = 0;
};

}  // namespace millrace::net
