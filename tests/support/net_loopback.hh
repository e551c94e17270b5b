// The machine's loopback for tests: a shard with kernel sockets, and whether there is an IPv4 or IPv6
// loopback.
#pragma once

#include "core/coroutine.hh"
#include "core/shard.hh"
#include "net/kernel_network.hh"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstring>
#include <functional>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace millrace::net {

inline const ip_address loopback4 = ipv4_address(127, 0, 0, 1);
inline const ip_address loopback6 = ipv6_address::loopback();

inline boost::test_tools::assertion_result can_bind(int family, const sockaddr* a, socklen_t length) {
    const int fd = ::socket(family, SOCK_STREAM, 0);
    const bool bound = fd >= 0 && ::bind(fd, a, length) == 0;
    boost::test_tools::assertion_result result(bound);
    if (!bound)
        result.message() << "there is no " << (family == AF_INET ? "IPv4" : "IPv6")
                         << " loopback here: " << std::strerror(errno);
    if (fd >= 0) ::close(fd);
    return result;
}

// Preconditions of tests: `* boost::unit_test::precondition(has_loopback4)`.
inline boost::test_tools::assertion_result has_loopback4(boost::unit_test::test_unit_id) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return can_bind(AF_INET, reinterpret_cast<const sockaddr*>(&a), sizeof a);
}
inline boost::test_tools::assertion_result has_loopback6(boost::unit_test::test_unit_id) {
    sockaddr_in6 a{};
    a.sin6_family = AF_INET6;
    a.sin6_addr = in6addr_loopback;
    return can_bind(AF_INET6, reinterpret_cast<const sockaddr*>(&a), sizeof a);
}

// Runs `main` on a shard of its own with the kernel's network, and ends both.
inline void with_kernel_network(const std::function<future<>(network&)>& main,
                                const kernel_network_options& options = {}) {
    shards group({.count = 1, .spin = std::chrono::microseconds(20)});
    group.run([&]() -> future<> {
        const auto network = make_kernel_network(options);
        future<> done = main(*network);
        co_await settled(done);
        co_await std::move(done);
        co_await network->stop();
    });
}

// What a future failed with; no error if it did not.
template <typename T>
future<std::error_code> error_of_future(future<T> f) {
    co_await settled(f);
    if (!f.failed()) {
        f.ignore_ready_future();
        co_return std::error_code();
    }
    try {
        std::rethrow_exception(f.get_exception());
    } catch (const std::system_error& e) {
        co_return e.code();
    }
}

// Both ends of a connection.
struct stream_pair {
    stream client;
    stream server;
};

inline future<stream_pair> connect_pair(network& n, listener& l, connect_options options = {}) {
    auto accepted = l.accept();
    stream client = co_await n.connect(l.local(), options);
    auto server = co_await std::move(accepted);
    co_return stream_pair{std::move(client), std::move(*server)};
}

// Reads to the end.
inline future<std::string> read_all(stream& s) {
    std::string all;
    while (true) {
        const buffer b = co_await s.read();
        if (b.empty()) co_return all;
        all += b.view();
    }
}

}  // namespace millrace::net
