// An interface's frames, received and sent past the kernel's IP (AF_PACKET). The kernel's own end of a veth
// pair or of a TAP device becomes one end of a wire.
#pragma once

#include "core/os/descriptor.hh"
#include "core/time.hh"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace millrace::interop {

// Whether it is there, and frames may be sent.
bool is_up(const std::string& interface) noexcept;

class raw_port {
 public:
    struct counters {
        uint64_t received = 0;
        uint64_t sent = 0;
        uint64_t refused = 0;     // by the interface: its queue was full
        uint64_t gone = 0;        // sent when the interface was down, or no more
        uint64_t missed = 0;      // came faster than they were received
        uint64_t unfinished = 0;  // without a checksum: offload is on at the sender's interface
    };

    // Throws std::system_error that names the interface. `longest` is of a frame; longer ones are received as
    // one byte more than that.
    raw_port(const std::string& interface, size_t longest);
    ~raw_port();
    raw_port(const raw_port&) = delete;
    raw_port& operator=(const raw_port&) = delete;

    // Readable when frames wait.
    int fd() const noexcept { return socket_.get(); }
    // Hands over a burst of frames that wait, each with the time when it came, in order; returns how many.
    // What comes unfinished is counted and not handed over: the other end could not but drop it.
    using taker = std::function<void(time_point, std::span<const std::byte>)>;
    size_t receive(clock& c, const taker& take);
    void send(std::span<const std::byte> bytes) noexcept;
    // As of now.
    const counters& count() noexcept;

 private:
    struct burst;

    std::string interface_;
    descriptor socket_;
    std::unique_ptr<burst> burst_;
    time_point last_ = time_point::min();
    counters counters_;
};

}  // namespace millrace::interop
