#include "net/kernel/socket_handle.hh"

#include "net/error.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>
#include <unistd.h>

namespace millrace::net {

std::error_code error_of(int error_number) noexcept {
    switch (error_number) {
        case ECONNREFUSED:
            return make_error_code(errc::connection_refused);
        case ECONNRESET:
        case EPIPE:
            return make_error_code(errc::connection_reset);
        case ECONNABORTED:
            return make_error_code(errc::connection_aborted);
        case ETIMEDOUT:
            return make_error_code(errc::timed_out);
        case EHOSTUNREACH:
        case EHOSTDOWN:
            return make_error_code(errc::host_unreachable);
        case ENETUNREACH:
        case ENETDOWN:
            return make_error_code(errc::network_unreachable);
        case EADDRINUSE:
            return make_error_code(errc::address_in_use);
        case EADDRNOTAVAIL:
            return make_error_code(errc::address_not_available);
        case ENOTCONN:
            return make_error_code(errc::not_connected);
        case EMSGSIZE:
            return make_error_code(errc::message_too_long);
        case ENOBUFS:
        case ENOMEM:
            return make_error_code(errc::no_buffer_space);
        case EAFNOSUPPORT:
            return make_error_code(errc::not_supported);
        default:
            return {error_number, std::system_category()};
    }
}

socket_address::socket_address(const endpoint& e, int family) noexcept {
    if (family == AF_INET) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(e.port);
        if (e.address.is_v4()) a.sin_addr.s_addr = htonl(e.address.v4().value());
        length_ = sizeof a;
        std::memcpy(&storage_, &a, sizeof a);
    } else {
        sockaddr_in6 a{};
        a.sin6_family = AF_INET6;
        a.sin6_port = htons(e.port);
        const auto bytes = e.address.v6().bytes();
        std::memcpy(&a.sin6_addr, bytes.data(), bytes.size());
        length_ = sizeof a;
        std::memcpy(&storage_, &a, sizeof a);
    }
}

endpoint socket_address::to_endpoint() const noexcept {
    if (storage_.ss_family == AF_INET) {
        sockaddr_in a;
        std::memcpy(&a, &storage_, sizeof a);
        return {ip_address(ipv4_address(ntohl(a.sin_addr.s_addr))), ntohs(a.sin_port)};
    }
    sockaddr_in6 a;
    std::memcpy(&a, &storage_, sizeof a);
    std::array<uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &a.sin6_addr, bytes.size());
    return {ip_address(ipv6_address(bytes)), ntohs(a.sin6_port)};
}

socket_handle socket_handle::open(int family, int type) {
    socket_handle s(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!s) throw std::system_error(error_of(errno), "socket");
    return s;
}

socket_handle socket_handle::open_for(const ip_address& local, int type, int& family) {
    family = local.is_v4() ? AF_INET : AF_INET6;
    const bool both = family == AF_INET6 && local.is_any();
    socket_handle s(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!s && both && errno == EAFNOSUPPORT) return open(family = AF_INET, type);
    if (!s) throw std::system_error(error_of(errno), "socket");
    if (family == AF_INET6) s.set(IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1);
    return s;
}

void socket_handle::close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void socket_handle::reset() noexcept {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
}

void socket_handle::bind(const endpoint& local, int family) {
    const socket_address a(local, family);
    if (::bind(fd_, a.get(), a.length()) < 0) throw std::system_error(error_of(errno), to_string(local));
}

endpoint socket_handle::local() const noexcept {
    socket_address a;
    if (::getsockname(fd_, a.get(), a.length_place()) < 0) return {};
    return a.to_endpoint();
}

std::error_code socket_handle::pending_error() noexcept {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return error_of(errno);
    return error ? error_of(error) : std::error_code();
}

void socket_handle::set(const keepalive_settings& k) noexcept {
    static constexpr int64_t most = 32767;  // seconds
    const auto seconds = [](duration d) {
        return int(std::clamp<int64_t>(std::chrono::ceil<std::chrono::seconds>(d).count(), 1, most));
    };
    set(SOL_SOCKET, SO_KEEPALIVE, k.on);
    if (!k.on) return;
    set(IPPROTO_TCP, TCP_KEEPIDLE, seconds(k.idle));
    set(IPPROTO_TCP, TCP_KEEPINTVL, seconds(k.interval));
    set(IPPROTO_TCP, TCP_KEEPCNT, int(std::clamp(k.probes, 1u, 127u)));
}

void socket_handle::set_user_timeout(duration d) noexcept {
    const int64_t ms = std::chrono::ceil<std::chrono::milliseconds>(d).count();
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, int(std::clamp<int64_t>(ms, 0, INT32_MAX)));
}

}  // namespace millrace::net
