// Readiness of the kernel's descriptors: sockets, pipes, signals, on the current reactor's epoll.
#pragma once

#include "core/fd_watch.hh"
#include "core/future.hh"
#include "core/promise.hh"

#include <optional>

namespace millrace {

// The same as futures, for code that waits on a descriptor of its own. Does not own the descriptor.
class pollable_fd final : private fd_watch {
 public:
    explicit pollable_fd(int fd, attention a = attention::occasionally) : fd_(fd) { watch(fd, a); }
    // Whoever waits fails with errc::aborted.
    ~pollable_fd();

    int fd() const noexcept { return fd_; }

    // Resolve when the descriptor has become readable or writable since the last call, or is so at the first:
    // try, and call this on EAGAIN. An error counts as both. One waiter each.
    future<> readable() { return in_.wait(); }
    future<> writable() { return out_.wait(); }

 private:
    struct direction {
        future<> wait();
        void on_ready();
        bool ready = false;
        std::optional<promise<>> waiter;
    };
    void on_ready(readiness r) noexcept override;

    int fd_;
    direction in_;
    direction out_;
};

}  // namespace millrace
