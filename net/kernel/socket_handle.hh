// socket_handle: owns one of the kernel's sockets; and the kernel's words for addresses and errors.
#pragma once

#include "net/congestion.hh"
#include "net/endpoint.hh"
#include "net/keepalive.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace millrace::net {

// The net::errc of an errno where there is one, else the system's own code.
std::error_code error_of(int error_number) noexcept;

// An endpoint as the kernel takes it.
class socket_address {
 public:
    // To be filled in by the kernel.
    socket_address() noexcept : length_(sizeof storage_) {}
    // `family`: AF_INET, or AF_INET6, which reaches IPv4 by mapped addresses (RFC 3493 §3.7).
    socket_address(const endpoint& e, int family) noexcept;

    endpoint to_endpoint() const noexcept;

    sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage_); }
    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
    socklen_t length() const noexcept { return length_; }
    socklen_t* length_place() noexcept { return &length_; }

 private:
    sockaddr_storage storage_{};
    socklen_t length_;
};

class socket_handle {
 public:
    socket_handle() noexcept = default;
    explicit socket_handle(int fd) noexcept : fd_(fd) {}
    // Non-blocking. Throws std::system_error.
    static socket_handle open(int family, int type);
    // For this address: the unspecified one of IPv6 serves both families, where the kernel has both.
    static socket_handle open_for(const ip_address& local, int type, int& family);

    socket_handle(socket_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    socket_handle& operator=(socket_handle&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~socket_handle() { close(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    void close() noexcept;
    // Closes so that the peer gets a reset.
    void reset() noexcept;

    void set(int level, int option, int value) noexcept {
        ::setsockopt(fd_, level, option, &value, sizeof value);
    }
    // A kernel without that algorithm, or that keeps it to itself, goes on with its own.
    void set(congestion_algorithm a) noexcept {
        const std::string_view name = to_string(a);
        ::setsockopt(fd_, IPPROTO_TCP, TCP_CONGESTION, name.data(), socklen_t(name.size()));
    }
    void set(const keepalive_settings& k) noexcept;
    void set_user_timeout(duration d) noexcept;
    // Throws std::system_error.
    void bind(const endpoint& local, int family);
    endpoint local() const noexcept;
    // The error that waits at the socket, which is told once.
    std::error_code pending_error() noexcept;

 private:
    int fd_ = -1;
};

}  // namespace millrace::net
