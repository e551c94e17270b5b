// port_claims: which ports this process already holds. SO_REUSEPORT, by which the shards share a port,
// would let another process of the same user share it unnoticed, and two starts of one service would split
// its clients. So the first socket of this process binds without it, which fails if anybody else has the
// port, and sets it then.
//
// The port belongs to the whole process and so does this table: the one thing that shards share here, with a
// lock, taken only when a listener opens or closes.
#pragma once

#include "net/endpoint.hh"
#include "net/kernel/socket_handle.hh"

namespace millrace::net {

// A place of a listener or a datagram socket, held until destroyed.
class port_claim {
 public:
    enum class protocol : uint8_t { tcp, udp };

    port_claim() noexcept = default;
    // Binds the socket. Throws std::system_error: address_in_use, address_not_available.
    port_claim(socket_handle& s, protocol p, const endpoint& local, int family);
    port_claim(port_claim&& other) noexcept
        : protocol_(other.protocol_), place_(other.place_), held_(std::exchange(other.held_, false)) {}
    port_claim& operator=(port_claim&& other) noexcept {
        std::swap(protocol_, other.protocol_);
        std::swap(place_, other.place_);
        std::swap(held_, other.held_);
        return *this;
    }
    ~port_claim();

 private:
    protocol protocol_ = protocol::tcp;
    endpoint place_;
    bool held_ = false;
};

}  // namespace millrace::net
