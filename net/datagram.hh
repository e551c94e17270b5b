// datagram: a UDP socket, over whichever network it came from. Used on one shard only.
#pragma once

#include "core/buffer.hh"
#include "core/future.hh"
#include "net/endpoint.hh"

#include <memory>

namespace millrace::net {

struct received_datagram {
    buffer data;  // empty: a datagram without payload, which UDP allows
    endpoint from;
};

// A UDP socket as a network implements it. Destroyed: closed.
class datagram_backend {
 public:
    virtual ~datagram_backend() = default;
    virtual future<received_datagram> receive() = 0;
    virtual future<> send(endpoint to, buffer data) = 0;
    virtual void close() noexcept = 0;
    virtual endpoint local() const noexcept = 0;
};

class datagram {
 public:
    datagram() noexcept = default;
    explicit datagram(std::unique_ptr<datagram_backend> backend) noexcept : backend_(std::move(backend)) {}

    // The next datagram. Fails with errc::closed after close(), with connection_refused and the like when an
    // ICMP error for an earlier send arrived (RFC 1122 §4.1.3.3); such an error is told once. One receive at
    // a time.
    future<received_datagram> receive() { return backend_->receive(); }
    // Resolves when the datagram was handed down; whether it arrives, UDP does not say. Fails with
    // message_too_long, network_unreachable or no_buffer_space.
    future<> send(endpoint to, buffer data) { return backend_->send(to, std::move(data)); }
    void close() noexcept { backend_->close(); }
    endpoint local() const noexcept { return backend_->local(); }
    explicit operator bool() const noexcept { return backend_ != nullptr; }

 private:
    std::unique_ptr<datagram_backend> backend_;
};

}  // namespace millrace::net
