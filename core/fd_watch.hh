// fd_watch: being told when one of the kernel's descriptors becomes ready. core/io.hh has the same as
// futures.
#pragma once

#include <cstdint>

namespace millrace {

class epoll;

// What has become possible on a descriptor since it was last told.
struct readiness {
    bool readable = false;
    bool writable = false;
    bool finished = false;  // the other end has finished: what is readable ends
    bool failed = false;    // an error is pending, or both directions have ended
};

// How soon a busy shard hears of a descriptor. A sleeping one always wakes up.
enum class attention : uint8_t {
    every_turn,  // a system call in each turn as long as such a descriptor exists: for sockets that carry the
                 // load
    occasionally,  // within some 20 us: for signals and the like
};

// Told once each time a descriptor becomes ready (edge-triggered): whoever hears of it goes on until EAGAIN
// before the next edge can be relied on. Does not own the descriptor.
class fd_watch {
 public:
    fd_watch() noexcept = default;
    fd_watch(const fd_watch&) = delete;
    fd_watch& operator=(const fd_watch&) = delete;

    // Watches on the current reactor; if ready now, on_ready() comes with the next look. Throws
    // std::system_error.
    void watch(int fd, attention a);
    // Before the descriptor is closed. on_ready() is not called any more.
    void unwatch() noexcept;
    bool watching() const noexcept { return epoll_ != nullptr; }

 protected:
    virtual ~fd_watch() { unwatch(); }
    // Outside of any task, in the turn's poll. May unwatch or destroy this or any other watch.
    virtual void on_ready(readiness r) noexcept = 0;

 private:
    friend class epoll;
    epoll* epoll_ = nullptr;
    int fd_ = -1;
    attention attention_ = attention::occasionally;
};

}  // namespace millrace
