// A shard that is short of memory: each use of it is driven to where it is refused, established connections
// go on, new ones are refused with a count, and all recovers.
#include "core/coroutine.hh"
#include "net/error.hh"
#include "tests/support/sim_hosts.hh"
#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

#include <array>
#include <optional>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using net::memory_use;
using tcp::flags;

namespace {

// Reads and answers until the peer ends.
future<> echo(net::stream s) {
    while (true) {
        buffer b = co_await s.read();
        if (b.empty()) break;
        co_await s.write(std::move(b));
    }
    co_await s.close();
}

future<> serve(net::listener& l) {
    while (auto s = co_await l.accept()) background(echo(std::move(*s)));
}

// A listener whose connections answer what they are sent, one of them established, and a shard whose memory
// others can be made to hold.
struct crowded_host : raw_fixture {
    explicit crowded_host(const tcp::native_settings& settings = {}) : raw_fixture(settings) {
        listener = listen({.port = 80, .backlog = 1000});
        host.run([&](net::network&) { background(serve(*listener)); });
        established = begin(5000, 1, 80).at(0);
        complete(5000, {established}, 80);
    }
    ~crowded_host() {
        host.run([&](net::network&) { listener.reset(); });
        exchange();
    }
    net::memory_budget& memory() { return host.network->interface().memory(); }
    // All but `percent` of the memory is held by others: as packets, whose account nobody here brings up to
    // date.
    void leave(unsigned percent) {
        memory().set(memory_use::unresolved, 0);
        memory().set(memory_use::unresolved, memory().limit() / 100 * (100 - percent) - memory().used());
    }
    void leave_all() { memory().set(memory_use::unresolved, 0); }
    // The established connection answers a request.
    void check_established() {
        peer.send(bare(flags::ack | flags::psh, sent, established + 1 + answered, "request"), 5000, 80);
        sent += 7;
        std::string answer;
        for (auto& r : exchange())
            if (r.to_port == 5000) answer += r.segment.payload.view();
        BOOST_TEST(answer == "request");
        answered += 7;
        peer.send(bare(flags::ack, sent, established + 1 + answered), 5000, 80);
        exchange();
    }

    std::optional<net::listener> listener;
    uint32_t established = 0;
    uint32_t sent = 1001, answered = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

BOOST_AUTO_TEST_CASE(new_connections_are_refused_with_a_count_and_taken_again) {
    crowded_host h;
    h.leave(10);
    BOOST_TEST(h.begin(6000, 20, 80) == std::vector<uint32_t>(20, 0));  // no SYN was answered
    BOOST_TEST(h.counters().memory_limit == 20u);
    BOOST_TEST(h.memory().refused(memory_use::connections) == 20u);
    h.check_established();
    h.leave_all();
    const auto iss = h.begin(6000, 20, 80);
    h.complete(6000, iss, 80);
    BOOST_TEST(h.usage().connections == 21u);
    h.check_established();
}

// The peer's ACK that completes a handshake is dropped, so that it and our SYN-ACK repeat themselves.
BOOST_AUTO_TEST_CASE(a_handshake_waits_for_memory) {
    crowded_host h;
    const auto iss = h.begin(6000, 1, 80);
    h.leave(10);
    BOOST_TEST(h.complete(6000, iss, 80).empty());
    BOOST_TEST(h.usage().connections == 1u);
    BOOST_TEST(h.usage().half_open == 1u);
    h.leave_all();
    h.complete(6000, iss, 80);
    BOOST_TEST(h.usage().connections == 2u);
}

// RFC 4987 §3.6: cookies need no memory.
BOOST_AUTO_TEST_CASE(half_open_connections_become_cookies) {
    crowded_host h;
    h.leave(22);
    const auto iss = h.begin(6000, 20, 80);
    BOOST_TEST(h.counters().syn_cookies_sent == 20u);
    BOOST_TEST(h.usage().half_open == 0u);
    h.complete(6000, iss, 80);
    BOOST_TEST(h.usage().connections == 21u);
    h.check_established();
    h.leave_all();
    h.begin(7000, 20, 80);
    BOOST_TEST(h.usage().half_open == 20u);
}

BOOST_AUTO_TEST_CASE(without_cookies_the_oldest_half_open_connection_goes) {
    tcp::native_settings settings;
    settings.syn_cookies = tcp::cookie_policy::off;
    crowded_host h(settings);
    h.begin(6000, 2, 80);
    h.leave(22);
    h.begin(6100, 5, 80);
    BOOST_TEST(h.usage().half_open == 2u);
    BOOST_TEST(h.counters().half_open_evicted == 5u);
    h.check_established();
}

BOOST_AUTO_TEST_CASE(connecting_fails_without_memory) {
    crowded_host h;
    h.leave(10);
    const auto error = h.host.run([&](net::network& n) {
        auto f = n.connect({net::ipv4_address(10, 0, 0, 1), 90});
        BOOST_REQUIRE(f.failed());
        try {
            f.get();
        } catch (const std::system_error& e) {
            return e.code();
        }
        return std::error_code();
    });
    BOOST_TEST((error == net::errc::no_buffer_space));
    h.check_established();
}

// Its settings have deadlines, for which the stack would look at it.
BOOST_AUTO_TEST_CASE(what_could_not_connect_is_forgotten_whatever_its_settings) {
    crowded_host h;
    h.leave(10);
    h.host.run([&](net::network& n) {
        auto f = n.connect(
            {net::ipv4_address(10, 0, 0, 1), 90},
            {.local = {}, .settings = {.keepalive = net::keepalive_settings{}, .user_timeout = 5s}});
        BOOST_REQUIRE(f.failed());
        f.ignore_ready_future();
    });
    h.exchange();
    BOOST_TEST(h.usage().sockets == 1u);
    h.check_established();
}

// Nobody needs to come for those to be seen that went.
BOOST_AUTO_TEST_CASE(connections_that_end_give_their_memory_back) {
    crowded_host h;
    const uint64_t before = h.memory().used(memory_use::connections);
    const auto iss = h.begin(6000, 50, 80);
    h.complete(6000, iss, 80);
    BOOST_TEST(h.memory().used(memory_use::connections) > before + 50 * 768);
    for (uint16_t i = 0; i < 50; ++i) h.peer.send(bare(flags::rst, 1001), uint16_t(6000 + i), 80);
    h.exchange();
    BOOST_TEST(h.usage().sockets == 1u);
    BOOST_TEST(h.memory().used(memory_use::connections) < before + 50 * 768);
}

future<> hold_much(future<> until) {
    std::array<char, 20'000> much{};
    co_await std::move(until);
    (void)much;
}

// Nor for coroutines: else the shard might be short of memory for ever, for what nobody holds any more.
BOOST_AUTO_TEST_CASE(while_memory_is_tight_coroutines_that_end_give_theirs_back) {
    crowded_host h;
    promise<> end;
    h.host.run([&](net::network&) { background(hold_much(end.get_future())); });
    h.complete(6000, h.begin(6000, 1, 80), 80);
    const uint64_t before = h.memory().used(memory_use::connections);
    h.host.run([&](net::network&) { end.set_value(); });
    h.leave(40);
    h.check_established();
    BOOST_TEST(h.memory().used(memory_use::connections) + 10'000 <= before);
}

BOOST_AUTO_TEST_CASE(the_oldest_time_wait_record_goes) {
    crowded_host h;
    // The host closes first: echo() ends with the peer's FIN, so the peer must answer an active close. Here
    // the peer's half-closes make LAST-ACK; TIME-WAIT comes of connections that the host opens and closes.
    const auto open_and_close = [&](uint16_t port) {
        future<net::stream> opening = h.host.run([&](net::network& n) {
            return n.connect({net::ipv4_address(10, 0, 0, 1), 90},
                             {.local = net::endpoint{h.host.address, port}});
        });
        const uint32_t iss = h.exchange().at(0).segment.seq.value();
        h.peer.send(bare(flags::syn | flags::ack, 5000, iss + 1), 90, port);
        h.exchange();
        BOOST_REQUIRE(opening.available());
        net::stream s = opening.get();
        h.host.run([&](net::network&) { background(s.close()); });
        h.exchange();
        h.peer.send(bare(flags::fin | flags::ack, 5001, iss + 2), 90, port);
        h.exchange();
        h.host.run([&](net::network&) { s = net::stream(); });
        h.exchange();
    };
    open_and_close(40000);
    open_and_close(40001);
    BOOST_TEST(h.usage().time_wait == 2u);
    BOOST_TEST(h.memory().used(memory_use::time_wait) == 128u);
    h.leave(25);
    open_and_close(40002);
    BOOST_TEST(h.usage().time_wait == 2u);
    BOOST_TEST(h.counters().time_wait_evicted == 1u);
    h.check_established();
    h.leave_all();
    open_and_close(40003);
    BOOST_TEST(h.usage().time_wait == 3u);
    h.world.run_for(2min);
    BOOST_TEST(h.usage().time_wait == 0u);
    BOOST_TEST(h.memory().used(memory_use::time_wait) == 0u);
}

future<> connect_and_write(net::network& n, net::endpoint to, size_t bytes, std::optional<net::stream>& s) {
    s = co_await n.connect(to);
    co_await s->write(buffer::copy_of(std::string(bytes, 'x')));
}

future<> accept(net::listener& l, std::optional<net::stream>& s) {
    s = co_await l.accept();
}

// What connections hold is in the account while they hold it, and not longer.
BOOST_AUTO_TEST_CASE(what_connections_hold_is_accounted_for) {
    two_hosts hosts(1);
    auto& sender = hosts.a.network->interface().memory();
    auto& receiver = hosts.b.network->interface().memory();
    const uint64_t before = receiver.used(memory_use::connections);
    net::listener l = hosts.b.run([&](net::network& n) { return n.listen({.port = 80}); });
    std::optional<net::stream> from, to;
    hosts.a.run([&](net::network& n) {
        background(connect_and_write(n, {hosts.b.address, 80}, 5'000'000, from));
    });
    hosts.b.run([&](net::network&) { background(accept(l, to)); });
    hosts.world.run_for(2s);
    // Nobody reads: the window is full, so is the send buffer, and the rest waits with the writer.
    BOOST_REQUIRE(to);
    BOOST_TEST(receiver.used(memory_use::connections) > before);
    BOOST_TEST(receiver.used(memory_use::unread) > 60'000u);
    BOOST_TEST(sender.used(memory_use::unacknowledged) > 3'500'000u);
    BOOST_TEST(sender.used(memory_use::unacknowledged) <= 5'000'000u);
    hosts.b.run([&](net::network&) { to.reset(); });
    hosts.world.run_for(2s);
    hosts.a.run([&](net::network&) { from.reset(); });
    hosts.world.run_for(2s);
    for (const auto use : {memory_use::unread, memory_use::unacknowledged}) {
        BOOST_TEST(receiver.used(use) == 0u);
        BOOST_TEST(sender.used(use) == 0u);
    }
    BOOST_TEST(hosts.b.network->usage().sockets == 0u);
}

future<> connect_all(net::network& n, net::endpoint to, size_t count, std::vector<net::stream>& all) {
    while (all.size() < count) all.push_back(co_await n.connect(to));
}

// Many that write in one turn, before anything is sent: each has its assured buffer and begins one more, and
// what is beyond the limit waits.
BOOST_AUTO_TEST_CASE(what_is_written_within_a_turn_counts_at_once) {
    constexpr size_t streams = 16, size = 4000;
    constexpr uint64_t limit = 200'000;
    net::interface_config config;
    config.memory = limit;
    two_hosts hosts(1, {}, {}, config);
    auto& memory = hosts.a.network->interface().memory();
    std::optional<net::listener> l = hosts.b.run([&](net::network& n) { return n.listen({.port = 80}); });
    std::vector<net::stream> all;
    std::vector<future<>> waiting;
    hosts.a.run([&](net::network& n) { background(connect_all(n, {hosts.b.address, 80}, streams, all)); });
    hosts.world.run_for(2s);
    BOOST_REQUIRE(all.size() == streams);
    hosts.a.run([&](net::network&) {
        for (net::stream& s : all) {
            future<> written = make_ready_future<>();
            while (written.available()) written = s.write(buffer::copy_of(std::string(size, 'x')));
            waiting.push_back(std::move(written));
        }
    });
    hosts.world.step();
    BOOST_TEST(memory.used(memory_use::unacknowledged) > streams * 16'000);
    BOOST_TEST(memory.used() <= limit + streams * ((16 << 10) + 2 * size));
    hosts.a.run([&](net::network&) {
        for (net::stream& s : all) s.abort();
        for (future<>& f : waiting) BOOST_CHECK(f.available());
        for (future<>& f : waiting) BOOST_CHECK_THROW(f.get(), std::system_error);
        all.clear();
    });
    hosts.b.run([&](net::network&) { l.reset(); });
    hosts.world.run_for(2s);
    BOOST_TEST(memory.used(memory_use::unacknowledged) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
