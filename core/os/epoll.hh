// epoll: which of a shard's descriptors are ready, and the place where the shard sleeps.
#pragma once

#include "core/fd_watch.hh"
#include "core/os/descriptor.hh"
#include "core/time.hh"

#include <array>
#include <cstddef>
#include <sys/epoll.h>

namespace millrace {

class epoll {
 public:
    // Throws std::system_error if the process has no descriptor left.
    epoll();
    epoll(const epoll&) = delete;
    epoll& operator=(const epoll&) = delete;
    // Nothing may be watched any more.
    ~epoll();

    void add(fd_watch& w, int fd);
    void remove(fd_watch& w, int fd) noexcept;
    // A descriptor that ends a sleep while it is readable and is otherwise not looked at.
    void add_wakeup(int fd);
    void remove_wakeup(int fd) noexcept;

    // Somebody watches a descriptor.
    bool watching() const noexcept { return watches_ > 0; }
    bool watching_every_turn() const noexcept { return every_turn_ > 0; }

    // Asks the kernel what is ready, sleeping up to `longest` for the first; negative: as long as it takes.
    void wait(duration longest) noexcept;
    // Tells those that wait() found. True if there were any.
    bool dispatch() noexcept;

 private:
    static constexpr size_t batch = 256;

    void control(int operation, int fd, uint32_t events, void* who);

    descriptor fd_;
    size_t watches_ = 0;
    size_t every_turn_ = 0;
    size_t found_ = 0;  // of events_, not told yet
    std::array<epoll_event, batch> events_;
};

}  // namespace millrace
