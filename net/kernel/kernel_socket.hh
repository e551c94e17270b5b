// kernel_socket: a socket watched by its shard and known to its network; what connections, listeners and
// datagram sockets have in common.
#pragma once

#include "core/fd_watch.hh"
#include "core/run_queue.hh"
#include "net/endpoint.hh"
#include "net/kernel/socket_handle.hh"

#include <cstddef>
#include <cstdint>
#include <sys/types.h>

namespace millrace::net {

class kernel_network;

class kernel_socket : public fd_watch {
 public:
    virtual ~kernel_socket();

    bool is_open() const noexcept { return bool(handle_); }

 protected:
    kernel_socket(kernel_network& network, socket_handle handle);

    // The network wants to end: what takes in new work closes.
    virtual void on_network_stop() noexcept {}
    // All connections are to be reset.
    virtual void on_network_abort() noexcept {}
    // The network goes: everything that waits fails.
    virtual void on_network_gone() noexcept = 0;
    void close_handle() noexcept;
    void reset_handle() noexcept;
    // A system call that moved so many bytes, or failed: half a microsecond and more, where a step is
    // nanoseconds.
    static void charge_call(ssize_t moved) noexcept {
        charge_steps(64 + (moved > 0 ? uint32_t(moved) / 64 : 0));
    }

    kernel_network* network_;  // as long as the socket is open
    socket_handle handle_;

 private:
    friend class kernel_network;
    void leave() noexcept;

    size_t place_ = 0;  // in the network's list
};

}  // namespace millrace::net
