// TCP connections over the kernel's loopback.
#include "core/metrics.hh"
#include "core/sleep.hh"
#include "net/error.hh"
#include "tests/support/allocations.hh"
#include "tests/support/net_loopback.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <utility>

using namespace millrace;
using namespace millrace::net;
using namespace std::chrono_literals;
using boost::unit_test::precondition;

namespace {

std::string pattern(size_t size) {
    std::string s(size, '\0');
    for (size_t i = 0; i < size; ++i) s[i] = char('a' + (i * 7 + i / 251) % 26);
    return s;
}

future<> write_and_close(stream& s, const std::string& bytes, size_t piece) {
    for (size_t at = 0; at < bytes.size(); at += piece)
        co_await s.write(std::string_view(bytes).substr(at, piece));
    co_await s.close();
}

double metric(std::string_view name) {
    return reactor::current().metrics().total(name);
}

// A listener on a free port of the address and a connection to it; then `body`.
void with_pair(const ip_address& address,
               const std::function<future<>(network&, listener&, stream_pair&)>& body,
               connect_options options = {}) {
    with_kernel_network([&](network& n) -> future<> {
        listener l = n.listen({.address = address});
        stream_pair both = co_await connect_pair(n, l, options);
        co_await body(n, l, both);
        l.close();
    });
}

void bytes_arrive_in_order(const ip_address& address) {
    with_pair(address, [](network&, listener& l, stream_pair& p) -> future<> {
        BOOST_TEST((p.client.remote() == l.local()));
        BOOST_TEST((p.server.remote() == p.client.local()));
        BOOST_TEST((p.server.local() == l.local()));
        const std::string sent = pattern(5'000'000);
        auto written = write_and_close(p.client, sent, 70'001);
        BOOST_TEST((co_await read_all(p.server) == sent));
        co_await p.server.close();
        co_await std::move(written);
        BOOST_TEST(!p.client.connected());
    });
}

// This process' socket with that port of loopback and a peer; -1 if there is none.
int kernel_socket_of(uint16_t port) {
    for (int fd = 3; fd < 1024; ++fd) {
        sockaddr_in local{}, peer{};
        socklen_t length = sizeof local, peer_length = sizeof peer;
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &length) < 0) continue;
        if (local.sin_family != AF_INET || ntohs(local.sin_port) != port) continue;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_length) < 0) continue;
        return fd;
    }
    return -1;
}

std::string kernel_algorithm_of(uint16_t port) {
    char name[16] = {};
    socklen_t size = sizeof name - 1;
    if (::getsockopt(kernel_socket_of(port), IPPROTO_TCP, TCP_CONGESTION, name, &size) < 0)
        return "no such socket";
    return name;
}

int kernel_option_of(uint16_t port, int level, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(kernel_socket_of(port), level, option, &value, &size);
    return value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net_kernel_connection)

BOOST_AUTO_TEST_CASE(bytes_arrive_in_order_over_ipv4, *precondition(has_loopback4)) {
    bytes_arrive_in_order(loopback4);
}

BOOST_AUTO_TEST_CASE(bytes_arrive_in_order_over_ipv6, *precondition(has_loopback6)) {
    bytes_arrive_in_order(loopback6);
}

BOOST_AUTO_TEST_CASE(a_listener_on_every_address_serves_both_families,
                     *precondition(has_loopback4) * precondition(has_loopback6)) {
    with_kernel_network([](network& n) -> future<> {
        listener l = n.listen({});
        for (const ip_address& address : {loopback4, loopback6}) {
            auto accepted = l.accept();
            stream client = co_await n.connect({address, l.local().port});
            auto server = co_await std::move(accepted);
            BOOST_TEST((server->remote().address == address));
        }
        l.close();
    });
}

BOOST_AUTO_TEST_CASE(a_read_that_was_given_up_takes_nothing_from_the_next, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        {
            const future<buffer> given_up = p.server.read();
            BOOST_TEST(!given_up.available());
        }
        co_await p.client.write("for whoever reads");
        co_await sleep(std::chrono::milliseconds(1));
        const buffer b = co_await p.server.read();
        BOOST_TEST(b.view() == "for whoever reads");
    });
}

// Else what arrives waits meanwhile, as long as the peer reads quickly enough for every write to be ready.
BOOST_AUTO_TEST_CASE(writes_that_are_always_ready_leave_the_shard_its_turns, *precondition(has_loopback4)) {
    connect_options options;
    options.settings.send_watermark = 1;
    const auto body = [](network&, listener&, stream_pair& p) -> future<> {
        const std::string sent = pattern(4'000'000);
        auto received = read_all(p.server);
        double turn = 0, writes = 0, most = 0;
        for (size_t at = 0; at < sent.size(); at += 4000) {
            co_await p.client.write(std::string_view(sent).substr(at, 4000));
            if (std::exchange(turn, metric("reactor_turns")) != turn) writes = 0;
            most = std::max(most, ++writes);
        }
        co_await p.client.close();
        BOOST_TEST((co_await std::move(received) == sent));
        BOOST_TEST(most > 1);
        BOOST_TEST(most < 100);
    };
    with_pair(loopback4, body, options);
}

BOOST_AUTO_TEST_CASE(the_writes_of_one_turn_are_one_system_call, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        const double before = metric("kernel_writes");
        for (int i = 0; i < 20; ++i) {
            co_await p.client.write("small ");
            co_await p.client.write(buffer::copy_of("attached "));
        }
        std::string got;
        while (got.size() < 20 * 15) got += (co_await p.server.read()).view();
        BOOST_TEST(metric("kernel_writes") - before == 1);
        BOOST_TEST(got.substr(0, 21) == "small attached small ");
    });
}

// As with a watermark above what the kernel takes, or a path that is slower than its writer.
BOOST_AUTO_TEST_CASE(a_queue_that_never_runs_dry_does_not_grow, *precondition(has_loopback4)) {
    constexpr size_t mib = 1 << 20;
    const auto never_dry = [](network&, listener&, stream_pair& p) -> future<> {
        static const std::string piece(4096, 'x');
        size_t written = 0;
        size_t read = 0;
        const auto move_until = [&](size_t end) -> future<> {
            while (read < end) {
                for (; written < read + 24 * mib; written += piece.size())
                    co_await p.client.write(buffer::unowned(piece));
                buffer b = co_await p.server.read();
                read += b.size();
            }
        };
        co_await move_until(64 * mib);
        const uint64_t before = test::allocations();
        co_await move_until(192 * mib);
        BOOST_TEST(test::allocations() == before);
        p.client.abort();
    };
    with_pair(loopback4, never_dry, {.local = {}, .settings = {.send_watermark = 64 * mib}});
}

// Beside the wait in epoll, which is shared by all connections of a turn.
BOOST_AUTO_TEST_CASE(a_request_and_its_answer_cost_one_read_and_one_write_on_each_side,
                     *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        double reads = 0;
        double writes = 0;
        for (int i = 0; i < 101; ++i) {
            if (i == 1) {  // the first read of a connection is tried before anything has come
                reads = metric("kernel_reads");
                writes = metric("kernel_writes");
            }
            co_await p.client.write("ping");
            BOOST_TEST((co_await p.server.read()).view() == "ping");
            co_await p.server.write("pong");
            BOOST_TEST((co_await p.client.read()).view() == "pong");
        }
        BOOST_TEST(metric("kernel_reads") - reads == 200);
        BOOST_TEST(metric("kernel_writes") - writes == 200);
    });
}

BOOST_AUTO_TEST_CASE(a_writer_waits_while_the_reader_does_not_read, *precondition(has_loopback4)) {
    with_pair(loopback4,
              [](network&, listener&, stream_pair& p) -> future<> {
                  const std::string piece = pattern(100'000);
                  size_t sent = 0;
                  future<> blocked = make_ready_future<>();
                  while (blocked.available()) {
                      blocked.get();
                      BOOST_REQUIRE(sent < 200'000'000);
                      blocked = p.client.write(piece);
                      sent += piece.size();
                  }
                  size_t read = 0;
                  while (read < sent) read += (co_await p.server.read()).size();
                  co_await std::move(blocked);
                  BOOST_TEST(read == sent);
              },
              {.local = {}, .settings = {.send_watermark = 10'000}});
}

BOOST_AUTO_TEST_CASE(after_a_half_close_the_other_direction_goes_on, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        co_await p.client.write("question");
        co_await p.client.shutdown_write();
        BOOST_TEST(!p.client.connected());
        BOOST_TEST(co_await read_all(p.server) == "question");
        co_await p.server.write("answer");
        co_await p.server.close();
        BOOST_TEST(co_await read_all(p.client) == "answer");
        BOOST_TEST((co_await error_of_future(p.client.write("more")) == net::errc::not_connected));
        co_await p.client.close();
    });
}

BOOST_AUTO_TEST_CASE(close_waits_until_everything_is_delivered, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        const std::string bytes = pattern(20'000'000);  // more than the kernel's buffers of both ends hold
        auto closed = write_and_close(p.client, bytes, bytes.size());
        buffer first = co_await p.server.read();
        BOOST_TEST(!closed.available());
        size_t read = first.size();
        while (const buffer b = co_await p.server.read()) read += b.size();
        co_await std::move(closed);
        BOOST_TEST(read == bytes.size());
    });
}

// Reno is part of every Linux.
BOOST_AUTO_TEST_CASE(the_congestion_control_asked_for_is_the_kernels, *precondition(has_loopback4)) {
    const auto body = [](network&, listener&, stream_pair& p) -> future<> {
        BOOST_TEST(kernel_algorithm_of(p.client.local().port) == "reno");
        const std::string own = kernel_algorithm_of(p.server.local().port);
        p.server.set({.congestion = {}});
        BOOST_TEST(kernel_algorithm_of(p.server.local().port) == own);
        p.server.set({.congestion = congestion_algorithm::reno});
        BOOST_TEST(kernel_algorithm_of(p.server.local().port) == "reno");
        co_return;
    };
    with_pair(loopback4, body, {.local = {}, .settings = {.congestion = congestion_algorithm::reno}});
}

// RFC 9293 §3.8.4; in whole seconds, at least one.
BOOST_AUTO_TEST_CASE(keepalive_and_user_timeout_are_the_kernels, *precondition(has_loopback4)) {
    const stream_settings wanted{
        .keepalive = keepalive_settings{.idle = 20s, .interval = 1500ms, .probes = 3},
        .user_timeout = 2500ms};
    static const stream_settings none{.keepalive = keepalive_settings{.on = false}};
    const auto body = [](network&, listener&, stream_pair& p) -> future<> {
        const uint16_t port = p.client.local().port;
        BOOST_TEST(kernel_option_of(port, SOL_SOCKET, SO_KEEPALIVE) == 1);
        BOOST_TEST(kernel_option_of(port, IPPROTO_TCP, TCP_KEEPIDLE) == 20);
        BOOST_TEST(kernel_option_of(port, IPPROTO_TCP, TCP_KEEPINTVL) == 2);
        BOOST_TEST(kernel_option_of(port, IPPROTO_TCP, TCP_KEEPCNT) == 3);
        BOOST_TEST(kernel_option_of(port, IPPROTO_TCP, TCP_USER_TIMEOUT) == 2500);
        p.client.set(none);
        BOOST_TEST(kernel_option_of(port, SOL_SOCKET, SO_KEEPALIVE) == 0);
        BOOST_TEST(kernel_option_of(port, IPPROTO_TCP, TCP_USER_TIMEOUT) == 2500);
        BOOST_TEST(kernel_option_of(p.server.local().port, SOL_SOCKET, SO_KEEPALIVE) == 0);
        co_return;
    };
    with_pair(loopback4, body, {.local = {}, .settings = wanted});
}

BOOST_AUTO_TEST_CASE(a_stream_dropped_unclosed_still_delivers, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        const std::string bytes = pattern(3'000'000);
        p.client.set({.send_watermark = 10'000'000});
        co_await p.client.write(bytes);
        p.client = stream();
        BOOST_TEST((co_await read_all(p.server) == bytes));
    });
}

BOOST_AUTO_TEST_CASE(a_stream_dropped_with_unread_data_resets, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        co_await p.client.write("never read");
        BOOST_TEST((co_await p.server.read()).size() == 10u);
        co_await p.server.write("never read either");
        BOOST_TEST((co_await error_of_future(p.server.shutdown_write()) == std::error_code()));
        p.client = stream();
        BOOST_TEST((co_await error_of_future(p.server.read()) == net::errc::connection_reset));
    });
}

BOOST_AUTO_TEST_CASE(an_abort_resets_the_connection_and_fails_what_waits, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        auto reading = p.client.read();
        auto peer_reading = p.server.read();
        p.client.abort();
        BOOST_TEST(!p.client.connected());
        BOOST_TEST((co_await error_of_future(std::move(reading)) == net::errc::connection_aborted));
        BOOST_TEST((co_await error_of_future(std::move(peer_reading)) == net::errc::connection_reset));
        BOOST_TEST((co_await error_of_future(p.client.write("x")) == net::errc::connection_aborted));
        BOOST_TEST((co_await error_of_future(p.server.write("x")) == net::errc::connection_reset));
    });
}

BOOST_AUTO_TEST_CASE(a_port_without_listener_refuses, *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        listener l = n.listen({.address = loopback4});
        const endpoint nobody = l.local();
        l.close();
        BOOST_TEST((co_await error_of_future(n.connect(nobody)) == net::errc::connection_refused));
        BOOST_TEST((co_await error_of_future(n.connect(nobody)) == std::errc::connection_refused));
    });
}

BOOST_AUTO_TEST_CASE(a_connection_may_choose_its_own_end, *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        listener l = n.listen({.address = loopback4});
        const connect_options from{.local = endpoint{ipv4_address(127, 0, 0, 2), 0}};
        stream_pair p = co_await connect_pair(n, l, from);
        BOOST_TEST((p.server.remote().address == ip_address(ipv4_address(127, 0, 0, 2))));
        const connect_options foreign{.local = endpoint{ipv4_address(192, 0, 2, 1), 0}};
        BOOST_TEST(
            (co_await error_of_future(n.connect(l.local(), foreign)) == net::errc::address_not_available));
        l.close();
    });
}

BOOST_AUTO_TEST_CASE(an_echo_allocates_no_new_chunk_once_warm, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        const char* place = nullptr;
        for (int i = 0; i < 10; ++i) {
            co_await p.client.write("again");
            const buffer b = co_await p.server.read();
            if (i == 1) place = b.data();
            if (i > 1) BOOST_TEST(b.data() == place);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_waiting_read_sees_the_end_that_comes_with_its_close, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        auto reading = p.client.read();
        auto closing = p.client.close();
        auto others = p.server.close();
        BOOST_TEST((co_await std::move(reading)).empty());
        co_await std::move(closing);
        co_await std::move(others);
    });
}

BOOST_AUTO_TEST_CASE(small_writes_that_wait_are_gathered, *precondition(has_loopback4)) {
    with_pair(loopback4, [](network&, listener&, stream_pair& p) -> future<> {
        const double before = metric("kernel_writes");
        std::string expected;
        for (int i = 0; i < 300; ++i) {
            const std::string text = std::to_string(i) + ' ';
            expected += text;
            auto written = p.client.write(buffer::copy_of(text));
            BOOST_TEST(written.available());
            co_await std::move(written);
        }
        co_await p.client.shutdown_write();
        BOOST_TEST((co_await read_all(p.server) == expected));
        BOOST_TEST(metric("kernel_writes") - before <= 3.0);
        co_await p.server.close();
    });
}

BOOST_AUTO_TEST_CASE(a_connection_established_as_its_network_goes_is_none, *precondition(has_loopback4)) {
    reactor r;
    reactor::scope here(r);
    auto theirs = make_kernel_network(), ours = make_kernel_network();
    listener l = theirs->listen({.address = loopback4});
    auto connecting = ours->connect(l.local());
    promise<> now;
    auto gone = now.get_future().then([&] { ours.reset(); });
    now.set_value();  // runs before what the turn's poll finds
    r.turn();
    BOOST_TEST(gone.available());
    BOOST_REQUIRE(connecting.failed());
    connecting.ignore_ready_future();
    gone.ignore_ready_future();
    l.close();
}

BOOST_AUTO_TEST_CASE(an_orphan_whose_peer_takes_nothing_is_reset, *precondition(has_loopback4)) {
    with_kernel_network(
        [](network& n) -> future<> {
            listener l = n.listen({.address = loopback4});
            stream_pair p = co_await connect_pair(n, l, {});
            auto written = p.server.write(std::string_view(pattern(20'000'000)));
            BOOST_TEST(!written.available());
            p.server = stream();
            co_await settled(written);
            written.ignore_ready_future();
            for (int i = 0; i < 200 && metric("kernel_orphans_reset") == 0; ++i)
                co_await sleep(std::chrono::milliseconds(10));
            BOOST_TEST(metric("kernel_orphans_reset") == 1.0);
            p.client.abort();
            l.close();
        },
        {.orphan_timeout = std::chrono::milliseconds(50)});
}

// RFC 7413: asked for a cookie, with one, and where net.ipv4.tcp_fastopen allows neither.
BOOST_AUTO_TEST_CASE(first_data_arrives_once_and_first_whether_the_kernel_opens_fast_or_not,
                     *precondition(has_loopback4)) {
    with_kernel_network([](network& n) -> future<> {
        listener l = n.listen({.address = loopback4, .fast_open = true});
        const std::string first = pattern(3000);
        for (int visit = 0; visit < 3; ++visit) {
            stream_pair p = co_await connect_pair(n, l, {.local = {}, .settings = {}, .first_data = first});
            co_await p.client.write(std::string_view(" and more"));
            auto closed = p.client.close();
            BOOST_TEST((co_await read_all(p.server) == first + " and more"));
            co_await p.server.close();
            co_await std::move(closed);
        }
        l.close();
    });
}

BOOST_AUTO_TEST_SUITE_END()
