// listener: a port that waits for connections. Every shard that listens on a port gets its share of them.
#pragma once

#include "net/stream.hh"

#include <optional>

namespace millrace::net {

struct listen_options {
    ip_address address{};     // default: every address
    uint16_t port = 0;        // 0: any free one, see listener::local()
    unsigned backlog = 1024;  // connections complete but not yet accepted
    stream_settings settings{};
    // RFC 7413: connections may be accepted, with what the peer has sent, as soon as its SYN comes with a
    // good cookie. Only for services where a request that comes twice does no harm.
    bool fast_open = false;
};

// A listener as a network implements it. Destroyed: closed.
class listener_backend {
 public:
    virtual ~listener_backend() = default;
    virtual future<std::optional<stream>> accept() = 0;
    virtual void close() noexcept = 0;
    virtual endpoint local() const noexcept = 0;
};

class listener {
 public:
    listener() noexcept = default;
    explicit listener(std::unique_ptr<listener_backend> backend) noexcept : backend_(std::move(backend)) {}

    // The next connection; nullopt once the listener is closed. One accept at a time.
    future<std::optional<stream>> accept() { return backend_->accept(); }
    // Refuses new connections and resolves a waiting accept() with nullopt. Connections not yet accepted are
    // reset.
    void close() noexcept { backend_->close(); }
    endpoint local() const noexcept { return backend_->local(); }
    explicit operator bool() const noexcept { return backend_ != nullptr; }

 private:
    std::unique_ptr<listener_backend> backend_;
};

}  // namespace millrace::net
