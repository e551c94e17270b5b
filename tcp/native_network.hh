// native_network: our own TCP/IP as a network, one per shard, on one queue of a device.
#pragma once

#include "net/interface.hh"
#include "net/network.hh"
#include "tcp/settings.hh"
#include "tcp/state.hh"
#include "tcp/stats.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace millrace {
class reactor;
}
namespace millrace::net {
class steering_group;
}

namespace millrace::tcp {

class stack;

// When a SYN is answered by a cookie instead of a record. RFC 4987 §3.6.
enum class cookie_policy : uint8_t {
    off,        // never: the oldest record goes for a new one
    when_full,  // while the table of records is full
    always,
};

// What holds for all connections of a shard together.
struct native_settings {
    settings tcp{};
    uint32_t connections = 1'000'000;  // of a shard, those being closed included
    uint32_t half_open = 1024;         // that peers have begun
    // Beyond that: cookies instead of records, or without them the oldest record goes (RFC 4987 §3.4 §3.6).
    cookie_policy syn_cookies = cookie_policy::when_full;
    uint32_t syn_cookie_connections_per_second = 10'000;  // that cookies become at most
    // A handshake that completes while the listener's backlog is full: the peer's ACK is dropped, so that the
    // peer tries again; or answered by RST, so that it does not wait.
    bool reset_on_full_backlog = false;
    uint32_t time_wait = 65536;  // records of 64 bytes; more make the oldest go
    // RFC 7413. Of those in use before the peer has acknowledged our SYN-ACK, so many at once; more wait for
    // that.
    uint32_t fast_open_pending = 256;
    uint32_t fast_open_cookies = 1024;                        // of servers; 0: no SYN of ours brings data
    duration fast_open_key_lifetime = std::chrono::hours(1);  // a cookie of ours is good for one to two
    duration fast_open_retry = std::chrono::hours(1);  // where a SYN with data was not answered as it should
    bool gro = true;  // segments of one flow that come in one burst, one behind the other, are taken as one
    // Full segments that are sent at once are handed down as one, for the device to cut: at most 64, which is
    // what a connection may send in a turn.
    bool tso = true;
    uint32_t listeners = 1024;
    uint32_t resets_per_second = 1000;  // for segments of no connection
    uint16_t first_port = 32768;        // of connections from here (RFC 6056 §3.2)
    uint16_t last_port = 65535;
    // Receives and answers nothing, ARP and ping included, before the first listen(), connect(),
    // open_datagram() or start(): no peer is refused by a service that is about to listen.
    bool quiet_until_used = false;
    // Of sequence numbers, timestamps and ports; none: drawn from the reactor's randomness, as for
    // simulations.
    std::optional<std::array<uint64_t, 2>> secret{};
};

// What a shard holds at a moment, for tests that look for leaks, and for metrics.
struct native_usage {
    size_t connections = 0;  // in the table
    size_t sockets = 0;      // connections and what users still hold of closed ones
    size_t half_open = 0;
    size_t time_wait = 0;
    size_t listeners = 0;

    size_t total() const noexcept { return connections + sockets + half_open + time_wait + listeners; }
};

// Streams and listeners may outlive the network: they then fail. The reactor, the device and `others` must
// outlive it.
class native_network final : public net::network {
 public:
    // `reactor` becomes driver of the queue, and shares its flows with `others` if there are any: then it is
    // the current one. Throws std::system_error if the configuration cannot work.
    native_network(reactor& r, net::device& device, unsigned queue, net::interface_config config,
                   const native_settings& settings = {}, net::steering_group* others = nullptr);
    ~native_network() override;

    net::listener listen(net::listen_options options) override;
    future<net::stream> connect(net::endpoint remote, net::connect_options options = {}) override;
    net::datagram open_datagram(net::endpoint local) override;
    future<> stop() override;
    void abort_connections() noexcept override;
    std::string description() const override;

    // If it was quiet until now.
    void start();
    // Closes the listeners; connections live on.
    void stop_listening() noexcept;

    net::interface& interface() noexcept { return interface_; }
    const stats& counters() const noexcept;
    native_usage usage() const noexcept;
    // The connection with these two ends; none if there is none.
    std::optional<connection_info> connection(const net::endpoint& local,
                                              const net::endpoint& remote) const noexcept;

 private:
    reactor& reactor_;
    net::steering_group* others_;
    std::string name_;
    net::interface interface_;
    std::unique_ptr<stack> stack_;
    bool started_ = false;
};

}  // namespace millrace::tcp
