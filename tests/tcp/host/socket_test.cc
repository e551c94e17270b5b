#include "tcp/host/socket.hh"

#include "core/background.hh"
#include "core/coroutine.hh"
#include "net/error.hh"
#include "tests/support/sim_hosts.hh"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

// An established connection, both ends in hand.
struct pair {
    explicit pair(const net::wire_setup& setup = {}, const tcp::native_settings& settings = {})
        : hosts(1, setup, settings) {
        net::listener l = hosts.b.run([](net::network& n) { return n.listen({.port = 80}); });
        std::optional<future<net::stream>> connecting;
        hosts.a.run([&](net::network& n) { connecting = n.connect({hosts.b.address, 80}); });
        std::optional<future<std::optional<net::stream>>> accepting;
        hosts.b.run([&](net::network&) { accepting = l.accept(); });
        settle([&] { return connecting->available() && accepting->available(); });
        hosts.a.run([&](net::network&) { a = connecting->get(); });
        hosts.b.run([&](net::network&) {
            b = std::move(*accepting->get());
            l = {};
        });
    }
    ~pair() {
        // A test may have ended the network of a host.
        drop(hosts.a, a);
        drop(hosts.b, b);
    }

    static void drop(sim_host& h, net::stream& s) {
        reactor::scope here(h.host);
        s = {};
    }
    template <typename Predicate>
    void settle(Predicate p) {
        BOOST_REQUIRE(hosts.world.run_until(p, 10min));
    }
    // The outcome of a future made by f(stream) on one of the hosts.
    template <typename F>
    auto on_a(F f) {
        return outcome(hosts.a, [&](net::network&) { return f(a); });
    }
    template <typename F>
    auto on_b(F f) {
        return outcome(hosts.b, [&](net::network&) { return f(b); });
    }
    template <typename F>
    auto outcome(sim_host& h, F f) {
        std::optional<decltype(h.run(f))> result(h.run(f));
        settle([&] { return result->available(); });
        return h.run([&](net::network&) { return result->get(); });
    }
    template <typename F>
    std::error_code error_on_a(F f) {
        try {
            on_a(f);
            return {};
        } catch (const std::system_error& e) {
            return e.code();
        }
    }

    two_hosts hosts;
    net::stream a, b;
};

net::wire_setup delayed(duration delay) {
    net::wire_setup setup;
    setup.a_to_b.delay = setup.b_to_a.delay = delay;
    return setup;
}

const auto reading = [](net::stream& s) { return s.read(); };
const auto closing = [](net::stream& s) { return s.close(); };
const auto shutting = [](net::stream& s) { return s.shutdown_write(); };

auto writing(std::string_view text) {
    return [text](net::stream& s) { return s.write(text); };
}

future<> drink(net::stream s, size_t& bytes) {
    try {
        while (buffer b = co_await s.read()) bytes += b.size();
        co_await s.close();
    } catch (const std::system_error&) {
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

// A few bytes of a device's frame, which `held` counts while it is kept.
buffer bytes_of_frame(int& held) {
    static char frame[2048] = "bytes";
    ++held;
    buffer b = buffer::with_deleter(frame, sizeof frame, [&held] { --held; });
    b.trim(5);
    return b;
}

BOOST_AUTO_TEST_CASE(few_bytes_keep_a_frame_until_they_are_acknowledged_unless_there_is_a_crowd) {
    pair p(delayed(10ms));
    int held = 0;
    const auto write_of_frame = [&](net::network&) { p.a.write(bytes_of_frame(held)).get(); };
    p.hosts.a.run(write_of_frame);
    BOOST_TEST(held == 1);
    BOOST_TEST(p.on_b(reading).view() == "bytes");
    p.settle([&] { return held == 0; });

    std::vector<net::stream> crowd;
    net::listener l = p.hosts.b.run([](net::network& n) { return n.listen({.port = 81, .backlog = 600}); });
    for (int i = 0; i < 600; ++i)
        crowd.push_back(p.outcome(p.hosts.a, [&](net::network& n) {
            return n.connect({p.hosts.b.address, 81});
        }));
    p.hosts.a.run(write_of_frame);
    BOOST_TEST(held == 0);
    BOOST_TEST(p.on_b(reading).view() == "bytes");
    for (net::stream& s : crowd) pair::drop(p.hosts.a, s);
    reactor::scope here(p.hosts.b.host);
    l = {};
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
    pair p;
    p.on_a(writing("question"));
    BOOST_TEST(p.on_b(reading).view() == "question");
    p.on_b(writing("answer"));
    BOOST_TEST(p.on_a(reading).view() == "answer");
}

BOOST_AUTO_TEST_CASE(half_close_ends_one_direction_only) {
    pair p;
    p.on_a(writing("last words"));
    p.on_a(shutting);
    BOOST_TEST(p.on_b(reading).view() == "last words");
    BOOST_TEST(p.on_b(reading).empty());
    BOOST_TEST(p.on_b(reading).empty());  // and again
    p.on_b(writing("still here"));
    BOOST_TEST(p.on_a(reading).view() == "still here");
    BOOST_TEST((p.error_on_a(writing("no more")) == net::errc::not_connected));
}

BOOST_AUTO_TEST_CASE(close_resolves_when_the_peer_has_everything) {
    pair p(delayed(50ms));
    p.on_a(writing("bytes"));
    const time_point start = p.hosts.world.now();
    p.on_a(closing);
    BOOST_TEST((p.hosts.world.now() - start >= 100ms));
    BOOST_TEST(p.on_b(reading).view() == "bytes");
    BOOST_TEST(p.on_b(reading).empty());
    p.on_b(closing);
    BOOST_TEST(!p.b.connected());
}

BOOST_AUTO_TEST_CASE(both_ends_may_close_at_once) {
    pair p(delayed(5ms));
    std::optional<future<>> at_b;
    p.hosts.b.run([&](net::network&) { at_b = p.b.close(); });
    p.on_a(closing);
    p.settle([&] { return at_b->available(); });
    p.hosts.b.run([&](net::network&) { at_b->get(); });
    p.hosts.world.run_until_idle();
    BOOST_TEST(p.hosts.a.network->usage().connections == 0u);
    BOOST_TEST(p.hosts.b.network->usage().connections == 0u);
}

BOOST_AUTO_TEST_CASE(abort_resets_the_peer_and_fails_who_waits_here) {
    pair p;
    std::optional<future<buffer>> waiting;
    p.hosts.a.run([&](net::network&) { waiting = p.a.read(); });
    p.hosts.a.run([&](net::network&) { p.a.abort(); });
    p.settle([&] { return waiting->available(); });
    BOOST_TEST(waiting->failed());
    p.hosts.a.run([&](net::network&) { BOOST_CHECK_THROW(waiting->get(), std::system_error); });
    try {
        p.on_b(reading);
        BOOST_ERROR("the peer read on");
    } catch (const std::system_error& e) {
        BOOST_TEST((e.code() == net::errc::connection_reset));
    }
}

// RFC 1122 §4.2.2.13, RFC 2525 §2.17: the peer must learn that its data was not read.
BOOST_AUTO_TEST_CASE(dropping_a_stream_with_unread_data_resets_the_peer) {
    pair p;
    p.on_a(writing("unread"));
    p.hosts.world.run_for(10ms);
    p.hosts.b.run([&](net::network&) { p.b = {}; });
    BOOST_TEST((p.error_on_a(reading) == net::errc::connection_reset));
}

BOOST_AUTO_TEST_CASE(dropping_a_stream_still_delivers_what_was_written) {
    pair p(delayed(10ms));
    const std::string text(200'000, 't');
    p.hosts.a.run([&](net::network&) { p.a.set({.send_watermark = text.size()}); });
    p.on_a(writing(text));
    p.hosts.a.run([&](net::network&) { p.a = {}; });
    size_t bytes = 0;
    p.hosts.b.run([&](net::network&) { background(drink(std::move(p.b), bytes)); });
    p.hosts.world.run_until_idle();
    BOOST_TEST(bytes == text.size());
    BOOST_TEST(p.hosts.leftovers() == "");
}

// A write does not resolve while a watermark's worth waits to be acknowledged.
BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_makes_the_writer_wait) {
    pair p;
    p.hosts.a.run([&](net::network&) { p.a.set({.send_watermark = 100'000}); });
    const std::string text(5'000'000, 't');
    std::optional<future<>> writing;
    p.hosts.a.run([&](net::network&) { writing = p.a.write(text); });
    p.hosts.world.run_for(10s);
    BOOST_TEST(!writing->available());
    size_t bytes = 0;
    p.hosts.b.run([&](net::network&) { background(drink(std::move(p.b), bytes)); });
    p.settle([&] { return writing->available(); });
    p.hosts.a.run([&](net::network&) { writing->get(); });
    p.on_a(closing);
    BOOST_TEST(bytes == text.size());
}

// Nobody reads: what the peer's window does not take stays here.
BOOST_AUTO_TEST_CASE(without_a_watermark_of_its_own_a_connection_has_the_networks_send_buffer) {
    tcp::native_settings settings;
    settings.tcp.send_buffer = settings.tcp.first_buffer = 2'000'000;
    settings.tcp.receive_buffer = 800'000;
    pair p({}, settings);
    p.hosts.a.run([&](net::network&) { p.a.set({.no_delay = false}); });  // says nothing of it
    std::optional<future<>> writing;
    p.hosts.a.run([&](net::network&) { writing = p.a.write(std::string(2'400'000, 't')); });
    p.hosts.world.run_for(10s);
    BOOST_REQUIRE(writing->available());
    p.hosts.a.run([&](net::network&) {
        writing->get();
        writing = p.a.write(std::string(600'000, 't'));
    });
    p.hosts.world.run_for(10s);
    BOOST_TEST(!writing->available());
    size_t bytes = 0;
    p.hosts.b.run([&](net::network&) { background(drink(std::move(p.b), bytes)); });
    p.settle([&] { return writing->available(); });
    p.hosts.a.run([&](net::network&) { writing->get(); });
    p.on_a(closing);
    BOOST_TEST(bytes == 3'000'000u);
}

BOOST_AUTO_TEST_CASE(data_that_came_for_an_abandoned_read_goes_to_the_next) {
    pair p;
    p.hosts.b.run([&](net::network&) { (void)p.b.read(); });
    p.on_a(writing("kept"));
    p.hosts.world.run_for(10ms);
    BOOST_TEST(p.on_b(reading).view() == "kept");
}

BOOST_AUTO_TEST_CASE(what_came_before_the_end_is_read_even_when_the_network_is_gone) {
    pair p;
    p.on_a(shutting);
    p.on_b(writing("will"));
    p.on_b(shutting);
    p.settle([&] { return p.hosts.a.network->usage().time_wait == 1; });
    {
        reactor::scope here(p.hosts.a.host);
        p.hosts.a.network.reset();
        future<buffer> rest = p.a.read();
        BOOST_TEST_REQUIRE(rest.available());
        BOOST_TEST(rest.get().view() == "will");
        BOOST_TEST(p.a.read().get().empty());
        p.a = {};
    }
}

BOOST_AUTO_TEST_CASE(a_lost_peer_fails_the_writer_in_the_end) {
    tcp::native_settings settings;
    settings.tcp.data_retries = 3;
    pair p({}, settings);
    p.hosts.wire.cut();
    p.on_a(writing("into the void"));
    const std::error_code why = p.error_on_a(reading);
    BOOST_TEST((why == net::errc::timed_out || why == net::errc::host_unreachable), why.message());
}

// RFC 9293 §3.8.4, §3.9.1: of one stream, as its user has chosen.
BOOST_AUTO_TEST_CASE(a_stream_may_ask_a_silent_peer_and_give_it_up) {
    pair p;
    p.hosts.a.run([&](net::network&) {
        p.a.set({.keepalive = net::keepalive_settings{.idle = 10s, .interval = 1s, .probes = 3}});
    });
    p.hosts.world.run_for(30s);  // the peer answers
    p.hosts.a.run([&](net::network&) { BOOST_TEST(p.a.connected()); });
    p.hosts.wire.cut();
    const time_point begin = p.hosts.world.now();
    BOOST_TEST((p.error_on_a(reading) == net::errc::timed_out));
    BOOST_TEST((p.hosts.world.now() - begin <= 13s));
}

BOOST_AUTO_TEST_CASE(a_stream_may_give_up_sooner) {
    pair p;
    p.hosts.a.run([&](net::network&) { p.a.set({.user_timeout = 3s}); });
    p.hosts.wire.cut();
    const time_point begin = p.hosts.world.now();
    p.on_a(writing("into the void"));
    BOOST_TEST((p.error_on_a(reading) == net::errc::timed_out));
    BOOST_TEST((p.hosts.world.now() - begin >= 3s));
    BOOST_TEST((p.hosts.world.now() - begin <= 4s));
}

BOOST_AUTO_TEST_CASE(an_answer_carries_the_acknowledgement_of_its_question) {
    pair p;
    p.on_a(writing("warm"));
    BOOST_TEST(p.on_b(reading).view() == "warm");
    p.hosts.world.run_for(1s);
    const uint64_t before = p.hosts.wire.counters(net::wire_end::b).sent;
    std::optional<future<>> answered;
    const auto answer = [](net::stream& s) -> future<> {
        buffer b = co_await s.read();
        co_await s.write(std::move(b));
    };
    p.hosts.b.run([&](net::network&) { answered = answer(p.b); });
    p.on_a(writing("question"));
    BOOST_TEST(p.on_a(reading).view() == "question");
    BOOST_TEST(p.hosts.wire.counters(net::wire_end::b).sent - before == 1u);
    p.hosts.b.run([&](net::network&) { answered->get(); });
}

BOOST_AUTO_TEST_CASE(an_idle_connection_with_its_promises_takes_less_than_a_kibibyte) {
    BOOST_TEST(sizeof(tcp::socket) <= 768u);
}

BOOST_AUTO_TEST_SUITE_END()
