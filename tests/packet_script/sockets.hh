// sockets: a script's system calls, played on our streams and listeners.
#pragma once

#include "net/network.hh"
#include "tests/packet_script/script.hh"
#include "tests/support/sim_hosts.hh"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace millrace::packet_script {

struct outcome {
    int64_t result = 0;
    std::string error{};  // EAGAIN, ..., with a result of -1
};

class sockets {
 public:
    // Of this host; connecting goes to `peer`.
    sockets(test::sim_host& host, net::endpoint peer) : host_(host), peer_(peer) {}

    // What calls still wait for is forgotten.
    ~sockets();
    sockets(const sockets&) = delete;
    sockets& operator=(const sockets&) = delete;

    // Goes on with a call: none if it waits, and is to be asked again when something may have happened.
    // Throws script_error for what is not understood.
    std::optional<outcome> go_on(const call_event& c, unsigned line);

 private:
    // Of one file descriptor.
    struct descriptor {
        bool waits = true;    // not O_NONBLOCK
        bool resets = false;  // SO_LINGER of 0 seconds
        uint16_t port = 8080;
        unsigned backlog = 1;
        bool fast_open = false;  // TCP_FASTOPEN of a listener
        net::stream_settings settings{};
        net::listener listener{};
        std::optional<future<std::optional<net::stream>>> accepting{};
        std::optional<future<net::stream>> connecting{};
        net::stream stream{};
        std::optional<future<buffer>> reading{};
        std::optional<future<>> writing{};
        buffer unread{};
        bool ended = false;  // the peer has finished, and everything was read
        std::string pending_error{};

        void forget_calls();
    };
    using answer = std::optional<outcome>;
    using call = answer (sockets::*)(const call_event&);

    answer socket(const call_event& c);
    answer bind(const call_event& c);
    answer listen(const call_event& c);
    answer accept(const call_event& c);
    answer connect(const call_event& c);
    answer sendto(const call_event& c);
    answer send_with_syn(const call_event& c);
    answer open_listener(descriptor& d);
    answer read(const call_event& c);
    answer write(const call_event& c);
    answer close(const call_event& c);
    answer shutdown(const call_event& c);
    answer fcntl(const call_event& c);
    answer setsockopt(const call_event& c);
    answer getsockopt(const call_event& c);

    descriptor& of(const call_event& c);
    int64_t number(const call_event& c, size_t i) const;
    std::string name(const call_event& c, size_t i) const;
    const argument& at(const call_event& c, size_t i) const;
    [[noreturn]] void lacks(const std::string& what) const;
    answer blocked(descriptor& d) const;

    test::sim_host& host_;
    net::endpoint peer_;
    std::map<int64_t, descriptor> descriptors_;
    unsigned line_ = 0;
};

}  // namespace millrace::packet_script
