// stream: an open connection, over whichever network it came from. Used on one shard only.
#pragma once

#include "core/buffer.hh"
#include "core/future.hh"
#include "core/time.hh"
#include "net/congestion.hh"
#include "net/endpoint.hh"
#include "net/keepalive.hh"

#include <memory>
#include <optional>
#include <string_view>

namespace millrace::net {

// What an application asks of a connection; the protocol's own tunables are the network's.
struct stream_settings {
    bool no_delay =
        true;  // off: small writes wait for the acknowledgement of earlier ones (Nagle, RFC 9293 §3.7.4)
    // Default, of both: what it has, at first the network's.
    std::optional<size_t> send_watermark{};  // bytes unsent or unacknowledged from which write() makes its
                                             // caller wait; on kernel sockets beyond the kernel's own buffer
    std::optional<congestion_algorithm> congestion{};
    std::optional<keepalive_settings> keepalive{};
    // Data unacknowledged for so long fails the connection (RFC 9293 §3.9.1's user timeout); zero: only when
    // it has been sent again often enough.
    std::optional<duration> user_timeout{};
};

// A connection as a network implements it. Destroyed unclosed: what was written is still delivered and the
// connection closed in the background, unless received data was left unread: then it is reset (RFC 1122
// §4.2.2.13). At most one read and one write (or close) are outstanding at a time.
class stream_backend {
 public:
    virtual ~stream_backend() = default;
    virtual future<buffer> read() = 0;
    virtual future<> write(buffer data) = 0;
    virtual future<> write_copy(std::string_view data) = 0;
    virtual future<> shutdown_write() = 0;
    virtual future<> close() = 0;
    virtual void abort() noexcept = 0;
    virtual bool connected() const noexcept = 0;
    virtual endpoint local() const noexcept = 0;
    virtual endpoint remote() const noexcept = 0;
    virtual void set(const stream_settings& settings) noexcept = 0;
};

class stream {
 public:
    // Not a connection: may only be assigned to, compared and destroyed.
    stream() noexcept = default;
    explicit stream(std::unique_ptr<stream_backend> backend) noexcept : backend_(std::move(backend)) {}

    // The next bytes from the peer as soon as there are any, in the buffers that the device filled; empty at
    // the end. Fails when the connection was reset or lost.
    future<buffer> read() { return backend_->read(); }

    // Resolves when the data is accepted and less than the send watermark waits to be acknowledged; not when
    // it arrived. Fails when the connection is gone.
    future<> write(buffer data) { return backend_->write(std::move(data)); }
    // Copies; `data` may go as soon as this returns.
    future<> write(std::string_view data) { return backend_->write_copy(data); }

    // Half-close: after everything written, the peer reads the end. Reading goes on.
    future<> shutdown_write() { return backend_->shutdown_write(); }
    // Both ways: resolves when the peer has acknowledged everything written and our FIN, fails if that fails.
    future<> close() { return backend_->close(); }
    // Resets the connection at once; a pending read or write fails with connection_aborted.
    void abort() noexcept { backend_->abort(); }

    explicit operator bool() const noexcept { return backend_ != nullptr; }
    // Neither closed, failed nor reset: writing is possible.
    bool connected() const noexcept { return backend_ && backend_->connected(); }
    endpoint local() const noexcept { return backend_->local(); }
    endpoint remote() const noexcept { return backend_->remote(); }
    void set(const stream_settings& settings) noexcept { backend_->set(settings); }

 private:
    std::unique_ptr<stream_backend> backend_;
};

}  // namespace millrace::net
