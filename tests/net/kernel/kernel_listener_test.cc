// Listening on the kernel's sockets.
#include "net/kernel/kernel_listener.hh"

#include "core/log.hh"
#include "core/metrics.hh"
#include "core/sleep.hh"
#include "net/error.hh"
#include "tests/support/net_loopback.hh"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <sys/resource.h>
#include <vector>

using namespace millrace;
using namespace millrace::net;
using boost::unit_test::precondition;

namespace {

std::error_code error_of_listening(network& n, const listen_options& options) {
    try {
        n.listen(options);
        return {};
    } catch (const std::system_error& e) {
        return e.code();
    }
}

// A listener that is somebody else's: made past the process's table of ports.
class foreign_listener {
 public:
    explicit foreign_listener(bool shares) : handle_(socket_handle::open(AF_INET, SOCK_STREAM)) {
        handle_.set(SOL_SOCKET, SO_REUSEPORT, shares);
        handle_.bind({loopback4, 0}, AF_INET);
        BOOST_REQUIRE(::listen(handle_.get(), 1) == 0);
    }
    uint16_t port() const { return handle_.local().port; }

 private:
    socket_handle handle_;
};

// As long as it lives, this process gets no more than `more` descriptors beside those that it has.
class descriptor_limit {
 public:
    explicit descriptor_limit(unsigned more) {
        BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        const socket_handle next_free = socket_handle::open(AF_INET, SOCK_STREAM);
        rlimit tight = before_;
        tight.rlim_cur = rlim_t(next_free.get()) + more;
        BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
    }
    ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
    rlimit before_{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(net_kernel_listener, *precondition(has_loopback4))

BOOST_AUTO_TEST_CASE(closing_ends_a_waiting_accept_and_all_later_ones) {
    with_kernel_network([](network& n) -> future<> {
        listener l = n.listen({.address = loopback4});
        auto waiting = l.accept();
        l.close();
        BOOST_TEST(!(co_await std::move(waiting)).has_value());
        BOOST_TEST(!(co_await l.accept()).has_value());
    });
}

BOOST_AUTO_TEST_CASE(stopping_the_network_closes_its_listeners_and_waits_for_its_streams) {
    with_kernel_network([](network&) -> future<> {
        auto other = make_kernel_network();
        listener l = other->listen({.address = loopback4});
        stream_pair p = co_await connect_pair(*other, l);
        auto waiting = l.accept();
        auto stopped = other->stop();
        BOOST_TEST(!(co_await std::move(waiting)).has_value());
        BOOST_TEST(!stopped.available());
        auto closed = p.client.close();
        co_await p.server.close();
        co_await std::move(closed);
        co_await std::move(stopped);
    });
}

BOOST_AUTO_TEST_CASE(a_network_that_goes_aborts_what_is_open) {
    with_kernel_network([](network&) -> future<> {
        auto other = make_kernel_network();
        listener l = other->listen({.address = loopback4});
        stream_pair p = co_await connect_pair(*other, l);
        auto reading = p.client.read();
        other.reset();
        BOOST_TEST((co_await error_of_future(std::move(reading)) == net::errc::connection_aborted));
        BOOST_TEST((co_await error_of_future(p.server.write("x")) == net::errc::connection_aborted));
    });
}

BOOST_AUTO_TEST_CASE(a_port_of_another_process_is_in_use_even_if_that_one_would_share) {
    with_kernel_network([](network& n) -> future<> {
        for (bool shares : {false, true}) {
            const foreign_listener other(shares);
            const listen_options same{.address = loopback4, .port = other.port()};
            BOOST_TEST((error_of_listening(n, same) == net::errc::address_in_use));
        }
        co_return;
    });
}

BOOST_AUTO_TEST_CASE(an_address_of_nobody_here_is_refused) {
    with_kernel_network([](network& n) -> future<> {
        const listen_options elsewhere{.address = ipv4_address(192, 0, 2, 1)};
        BOOST_TEST((error_of_listening(n, elsewhere) == net::errc::address_not_available));
        co_return;
    });
}

BOOST_AUTO_TEST_CASE(a_port_is_free_again_after_its_listener_and_connections_closed) {
    with_kernel_network([](network& n) -> future<> {
        listener l = n.listen({.address = loopback4});
        const uint16_t port = l.local().port;
        {
            stream_pair p = co_await connect_pair(n, l);
            auto closed = p.server.close();  // the listening side keeps TIME_WAIT
            co_await p.client.close();
            co_await std::move(closed);
        }
        l.close();
        listener again = n.listen({.address = loopback4, .port = port});
        BOOST_TEST(again.local().port == port);
        again.close();
    });
}

BOOST_AUTO_TEST_CASE(without_descriptors_accept_pauses_and_goes_on_later) {
    // The sanitizer needs descriptors of its own to look at a class for the first time: no log line, which
    // would show it those of fmt, and one sleep in advance.
    set_log_levels("kernel=error");
    with_kernel_network(
        [](network& n) -> future<> {
            listener l = n.listen({.address = loopback4});
            auto accepting = l.accept();
            co_await sleep(std::chrono::microseconds(1));
            std::optional<descriptor_limit> limit(std::in_place, 1);
            stream client = co_await n.connect(l.local());
            while (reactor::current().metrics().total("kernel_accept_pauses") < 3)
                co_await sleep(std::chrono::microseconds(100));
            BOOST_TEST(!accepting.available());
            limit.reset();
            BOOST_TEST((co_await std::move(accepting)).has_value());
            l.close();
        },
        {.accept_pause = std::chrono::milliseconds(1)});
}

BOOST_AUTO_TEST_CASE(shards_share_the_connections_of_a_port) {
    constexpr int connections = 64;
    std::atomic<uint16_t> port = 0;
    std::atomic<int> served[2] = {0, 0};
    shards group({.count = 2, .spin = std::chrono::microseconds(20)});
    group.run([&]() -> future<> {
        std::vector<std::unique_ptr<network>> networks(2);
        std::vector<listener> listeners(2);
        for (shard_id s = 0; s < 2; ++s) {
            auto open = [&, s] {
                networks[s] = make_kernel_network();
                listeners[s] = networks[s]->listen({.address = loopback4, .port = port});
                port = listeners[s].local().port;
            };
            co_await submit_to(s, open);
        }
        std::vector<future<>> serving;
        for (shard_id s = 0; s < 2; ++s) {
            auto serve = [&, s]() -> future<> {
                while (auto accepted = co_await listeners[s].accept()) {
                    BOOST_REQUIRE(this_shard() == s);
                    ++served[s];
                    co_await accepted->close();
                }
            };
            serving.push_back(submit_to(s, serve));
        }
        for (int i = 0; i < connections; ++i) {
            stream client = co_await networks[0]->connect({loopback4, port});
            BOOST_REQUIRE(co_await read_all(client) == "");
            co_await client.close();
        }
        for (shard_id s = 0; s < 2; ++s) {
            auto close = [&, s]() -> future<> {
                listeners[s].close();
                co_await networks[s]->stop();
            };
            co_await submit_to(s, close);
        }
        for (auto& f : serving) co_await std::move(f);
        for (shard_id s = 0; s < 2; ++s) {
            auto drop = [&, s] {
                listeners[s] = listener();
                networks[s].reset();
            };
            co_await submit_to(s, drop);
        }
    });
    BOOST_TEST(served[0] + served[1] == connections);
    BOOST_TEST(served[0] > 0);
    BOOST_TEST(served[1] > 0);
}

BOOST_AUTO_TEST_SUITE_END()
