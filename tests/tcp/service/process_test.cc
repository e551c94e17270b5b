// The life of a process: two shards in this thread, in virtual time, on the machine's loopback.
#include "tcp/service/process.hh"

#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/sleep.hh"
#include "tests/support/net_loopback.hh"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

struct a_process {
    explicit a_process(tcp::service& s) : process(s, options, config, nullptr, signals, {1, 2}) {}

    void start() {
        reactor::scope here(group.at(0));
        began = clock.now();
        done = process.run();
    }
    // False if it has not come true after `limit` of virtual time.
    template <typename Predicate>
    bool turn_until(Predicate p, duration limit) {
        for (const time_point end = clock.now() + limit; clock.now() < end; clock.advance(100us)) {
            for (unsigned s = 0; s < 2; ++s) group.at(s).turn();
            if (p()) return true;
        }
        return false;
    }
    bool ends_within(duration limit) {
        return turn_until([&] { return done->available(); }, limit);
    }
    // What it failed with; empty if it did not.
    std::string outcome() {
        reactor::scope here(group.at(0));
        try {
            done->get();
            return {};
        } catch (const std::exception& e) {
            return e.what();
        }
    }

    manual_clock clock;
    signal_source signals{SIGTERM, SIGINT, SIGUSR1};
    tcp::service_options options = two_shards();
    net::interface_config config;
    shards group{{.count = 2, .time = &clock}};
    tcp::process process;
    std::optional<future<>> done;
    time_point began;

 private:
    static tcp::service_options two_shards() {
        tcp::service_options o;
        o.shards = 2;
        return o;
    }
};

future<> hold(net::stream s) {
    try {
        while (co_await s.read()) {
        }
    } catch (const std::system_error&) {
    }
}

// On shard 0 a connection to itself, of which both ends stay; then accepts until it shall end.
struct holding_service : tcp::service {
    holding_service() {
        name = "holding";
        serve = [this](net::network& n, tcp::service_context& c) { return run(n, c); };
    }
    future<> run(net::network& n, tcp::service_context& c) {
        net::listener l = n.listen({.address = net::loopback4, .port = 0});
        if (c.shard() == 0) {
            future<net::stream> connecting = n.connect(l.local());
            auto accepted = co_await l.accept();
            background(hold(std::move(*accepted)));
            background(hold(co_await std::move(connecting)));
            holding = true;
        }
        while (auto s = co_await l.accept()) s->abort();
        ++ended;
    }
    bool holding = false;
    int ended = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(process, *boost::unit_test::precondition(net::has_loopback4))

BOOST_AUTO_TEST_CASE(it_ends_when_the_service_has_ended_on_all_shards) {
    int served = 0, stopped = 0;
    tcp::service s;
    s.name = "brief";
    s.serve = [&](net::network&, tcp::service_context&) -> future<> {
        ++served;
        return make_ready_future<>();
    };
    s.stop = [&](tcp::service_context&) -> future<> {
        ++stopped;
        return make_ready_future<>();
    };
    a_process p(s);
    p.start();
    BOOST_TEST(p.ends_within(1s));
    BOOST_TEST(p.outcome() == "");
    BOOST_TEST(served == 2);
    BOOST_TEST(stopped == 1);
}

BOOST_AUTO_TEST_CASE(a_failure_on_one_shard_ends_the_others_and_is_told) {
    holding_service s;
    s.serve = [&](net::network& n, tcp::service_context& c) -> future<> {
        if (c.shard() == 1) return make_exception_future<>(std::runtime_error("no luck"));
        return s.run(n, c);
    };
    a_process p(s);
    p.start();
    BOOST_TEST(p.ends_within(10s));
    BOOST_TEST(p.outcome() == "no luck");
    BOOST_TEST(s.ended <= 1);
}

BOOST_AUTO_TEST_CASE(sigterm_lets_connections_finish_for_the_drain_timeout) {
    holding_service s;
    a_process p(s);
    p.start();
    BOOST_TEST_REQUIRE(p.turn_until([&] { return s.holding; }, 1s));
    raise(SIGTERM);
    BOOST_TEST(!p.ends_within(p.options.drain_timeout - 100ms));
    BOOST_TEST(s.ended == 2);
    BOOST_TEST(p.ends_within(1s));
    BOOST_TEST(p.outcome() == "");
}

BOOST_AUTO_TEST_CASE(a_second_signal_resets_what_is_still_open_at_once) {
    holding_service s;
    a_process p(s);
    p.start();
    BOOST_TEST_REQUIRE(p.turn_until([&] { return s.holding; }, 1s));
    raise(SIGTERM);
    BOOST_TEST_REQUIRE(p.turn_until([&] { return s.ended == 2; }, 1s));
    BOOST_TEST(!p.ends_within(100ms));
    raise(SIGINT);
    BOOST_TEST(p.ends_within(100ms));
    BOOST_TEST(p.outcome() == "");
}

BOOST_AUTO_TEST_CASE(a_signal_before_it_serves_ends_it) {
    holding_service s;
    s.start = [](tcp::service_context&) {
        raise(SIGTERM);
        return millrace::sleep(10ms);
    };
    a_process p(s);
    p.start();
    BOOST_TEST(p.ends_within(1s));
    BOOST_TEST(p.outcome() == "");
    BOOST_TEST(!s.holding);
}

// Metrics are gathered shard by shard, while the process goes on ending.
BOOST_AUTO_TEST_CASE(metrics_asked_for_at_the_last_moment_are_printed_before_the_end) {
    tcp::service s;
    s.name = "brief";
    s.serve = [](net::network&, tcp::service_context&) { return make_ready_future<>(); };
    s.stop = [](tcp::service_context&) {
        raise(SIGUSR1);
        return make_ready_future<>();
    };
    a_process p(s);
    p.start();
    BOOST_TEST(p.ends_within(1s));
    BOOST_TEST(p.outcome() == "");
    for (int i = 0; i < 10; ++i)
        for (unsigned shard = 0; shard < 2; ++shard) p.group.at(shard).turn();
}

BOOST_AUTO_TEST_SUITE_END()
