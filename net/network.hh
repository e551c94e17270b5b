// network: what an application sees of the way out, one per shard: our own stack, kernel sockets or a
// simulation.
#pragma once

#include "net/datagram.hh"
#include "net/listener.hh"
#include "net/stream.hh"

#include <optional>
#include <string>
#include <string_view>

namespace millrace::net {

struct connect_options {
    std::optional<endpoint> local;  // default: chosen by the network; port 0: any free one
    stream_settings settings{};
    // What the application sends first. With fast open (RFC 7413) it goes with the SYN where the peer is
    // known to take that, else behind the handshake. Peers may see it twice in rare cases: only for what may
    // be repeated. Copied before connect() returns; at most as much as a write takes without waiting.
    std::string_view first_data{};
};

class network {
 public:
    virtual ~network() = default;

    // Throws std::system_error: address_in_use, address_not_available.
    virtual listener listen(listen_options options) = 0;
    // Resolves when the connection is established; fails with connection_refused, timed_out,
    // host_unreachable, ...
    virtual future<stream> connect(endpoint remote, connect_options options = {}) = 0;
    // Port 0: any free one. Throws std::system_error: address_in_use, address_not_available.
    virtual datagram open_datagram(endpoint local) = 0;
    // Closes listeners, lets open connections finish their closing, and resolves when nothing is left
    // running.
    virtual future<> stop() = 0;
    // Resets every connection. Listeners and datagram sockets stay as they are.
    virtual void abort_connections() noexcept = 0;
    // For the log: "kernel sockets", "tap:mr0 10.9.0.2/24".
    virtual std::string description() const = 0;
};

}  // namespace millrace::net
