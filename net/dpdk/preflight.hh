// Asks the operating system, before DPDK does, for what a device needs: its own answers say too little.
#pragma once

#include "net/dpdk/device_spec.hh"

#include <utility>

namespace millrace::net {

// A file descriptor, or none; closed with its owner.
class descriptor {
 public:
    explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&&) = delete;
    ~descriptor();
    int get() const noexcept { return fd_; }
    bool valid() const noexcept { return fd_ >= 0; }

 private:
    int fd_;
};

// Throws device_error or std::system_error with one sentence if the device cannot be had here. What is
// returned keeps the TAP interface that was made to see whether it can be: let it go once DPDK has the
// device, or whoever waits for the interface sees it come and go. Nobody reads what comes to it until then.
[[nodiscard]] descriptor check_device_present(const device_spec& spec, unsigned queues);

}  // namespace millrace::net
