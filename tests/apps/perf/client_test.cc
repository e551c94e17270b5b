// Both ends of millrace-perf, and echo, over an in-memory network on a clock that moves a microsecond per
// look.
#include "apps/perf/client.hh"

#include "apps/echo/echo.hh"
#include "apps/perf/protocol.hh"
#include "apps/perf/server.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/log.hh"
#include "core/reactor.hh"
#include "tests/support/memory_network.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr uint16_t port = 7;

class ticking_clock final : public millrace::clock {
 public:
    time_point now() noexcept override { return now_ += 1us; }
    void advance(duration by) noexcept { now_ += by; }

 private:
    time_point now_{1s};
};

struct laboratory {
    ticking_clock time;
    reactor loop{{.time = &time}};
    test::memory_network network;
    perf::settings settings;
    perf::pattern bytes{1 << 20};
    echo::counters echoed;
    perf::served served;
    duration quiet = 10ms;  // passes when nothing is left to do
    abort_source stop;
    future<> serving = make_ready_future<>();

    laboratory() {
        settings.server = {net::ip_address(), port};
        settings.server_text = "10.0.0.1:7";
        settings.warm_up = 1ms;
        settings.run_time = 10ms;
        settings.connections = 3;
        network.window = 16 * 1024;
        network.read_bytes = 1448;
    }
    ~laboratory() {
        reactor::scope here(loop);
        network.stop().ignore_ready_future();
        settle();
        BOOST_TEST(serving.available());
        serving.ignore_ready_future();
        BOOST_TEST(background_count() == 0u);
    }

    void serve_echo() {
        reactor::scope here(loop);
        serving = echo::serve(network, {.port = port}, echoed);
    }
    void serve_perf() {
        reactor::scope here(loop);
        serving = perf::serve(network, {.port = port}, bytes, true, served);
    }
    void settle() {
        while (loop.turn()) {
        }
    }
    // Runs a client to its end.
    perf::measurement measure(perf::workload w) {
        settings.what = w;
        reactor::scope here(loop);
        perf::client c(settings, bytes, 0, 1);
        future<> running = c.run(network, stop);
        for (int i = 0; i < 100'000 && !running.available(); ++i) {
            settle();
            time.advance(quiet);
        }
        BOOST_REQUIRE(running.available());
        running.get();
        settle();
        return c.outcome();
    }
    // One connection, answered by hand.
    template <typename F>
    void serve_by(F answer) {
        reactor::scope here(loop);
        auto listener = std::make_shared<net::listener>(network.listen({.port = port}));
        serving = serve_all(listener, answer);
    }
    template <typename F>
    static future<> serve_all(std::shared_ptr<net::listener> l, F answer) {
        while (auto s = co_await l->accept())
            background(answer(std::make_shared<net::stream>(std::move(*s))));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(perf_client, laboratory)

BOOST_AUTO_TEST_CASE(rr_runs_against_a_plain_echo_server) {
    serve_echo();
    for (uint64_t message : {1u, 64u, 1448u, 100'000u, 1'000'000u}) {
        settings.message = message;
        settings.run_time = message < 100'000 ? 10ms : 1ms;  // every byte of them is checked
        perf::measurement r = measure(perf::workload::rr);
        BOOST_TEST(r.error == "");
        BOOST_TEST(!r.partial);
        BOOST_TEST(r.connected == 3u);
        BOOST_TEST(r.requests > 0u);
        BOOST_TEST(r.latency.count() == r.requests);
        BOOST_TEST(r.sent == r.requests * message);
        BOOST_TEST((r.measured == settings.run_time));
    }
    BOOST_TEST(echoed.connections == 15u);
}

BOOST_AUTO_TEST_CASE(the_warm_up_is_not_measured) {
    serve_echo();
    settings.warm_up = 9ms;
    settings.run_time = 1ms;
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.requests * 5 < echoed.bytes / settings.message);
    BOOST_TEST((r.measured == 1ms));
}

BOOST_AUTO_TEST_CASE(crr_opens_a_connection_for_each_request) {
    serve_perf();
    perf::measurement r = measure(perf::workload::crr);
    BOOST_TEST(r.error == "");
    BOOST_TEST(r.requests > 100u);
    BOOST_TEST(r.connected >= r.requests);
}

BOOST_AUTO_TEST_CASE(every_workload_runs_against_the_perf_server) {
    serve_perf();
    for (uint64_t message : {100u, 65'536u}) {
        settings.message = message;
        for (auto w : {perf::workload::rr, perf::workload::read, perf::workload::write, perf::workload::rw}) {
            perf::measurement r = measure(w);
            BOOST_TEST_CONTEXT(name_of(w) << " of " << message) {
                BOOST_TEST(r.error == "");
                BOOST_TEST((w == perf::workload::read || r.sent > 10 * message));
                BOOST_TEST((w == perf::workload::write || r.received > 10 * message));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_is_named) {
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error.starts_with("cannot connect to "));
    BOOST_TEST(r.error.ends_with("; is a server running there?"));
    BOOST_TEST(r.partial);
    BOOST_TEST(r.connected == 0u);
    BOOST_TEST(measure(perf::workload::crr).error.starts_with("cannot connect to "));
}

BOOST_AUTO_TEST_CASE(a_server_that_leaves_makes_the_figures_partial) {
    unsigned answers = 0;
    serve_by([&answers](std::shared_ptr<net::stream> s) {
        return [](std::shared_ptr<net::stream> peer, unsigned& n) -> future<> {
            while (buffer b = co_await peer->read()) {
                if (++n > 500) co_return co_await peer->close();
                co_await peer->write(std::move(b));
            }
        }(s, answers);
    });
    settings.warm_up = 0s;
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error.ends_with(" closed the connection"), r.error);
    BOOST_TEST(r.partial);
    BOOST_TEST(r.requests > 100u);
    BOOST_TEST((r.measured > 0s && r.measured <= 10ms));
}

BOOST_AUTO_TEST_CASE(a_server_that_falls_silent_is_given_up) {
    serve_by([](std::shared_ptr<net::stream> s) {
        return [](std::shared_ptr<net::stream> peer) -> future<> {
            buffer first = co_await peer->read();
            co_await peer->write(std::move(first));
            try {
                while (co_await peer->read()) {
                }
            } catch (const std::system_error&) {
                // The client gave up.
            }
        }(s);
    });
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error.find("has not answered within 2s") != r.error.npos, r.error);
    BOOST_TEST(r.partial);
}

BOOST_AUTO_TEST_CASE(wrong_bytes_are_noticed) {
    serve_by([](std::shared_ptr<net::stream> s) {
        return [](std::shared_ptr<net::stream> peer) -> future<> {
            try {
                for (int n = 0; buffer b = co_await peer->read(); ++n) {
                    buffer copy = buffer::copy_of(b.view());
                    if (n == 20) copy.mutable_data()[0] ^= 4;
                    co_await peer->write(std::move(copy));
                }
            } catch (const std::system_error&) {
                // The client broke off.
            }
        }(s);
    });
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error.find(" sent wrong bytes after ") != r.error.npos, r.error);
    settings.check = false;
    BOOST_TEST(measure(perf::workload::rr).error == "");
}

BOOST_AUTO_TEST_CASE(the_server_resets_who_sends_it_wrong_bytes) {
    set_log_sink([](const log_line&) {});
    serve_perf();
    reactor::scope here(loop);
    auto s = network.connect(settings.server).get();
    auto greeting = perf::hello{perf::workload::write, 100}.emit();
    s.write(std::string_view(greeting.data(), greeting.size())).ignore_ready_future();
    s.write("nonsense").ignore_ready_future();
    future<buffer> answer = s.read();
    settle();
    BOOST_TEST(answer.failed());
    answer.ignore_ready_future();
    set_log_sink({});
}

BOOST_AUTO_TEST_CASE(an_interrupted_measurement_is_told_as_far_as_it_came) {
    serve_echo();
    settings.what = perf::workload::rr;
    settings.run_time = 1h;
    reactor::scope here(loop);
    perf::client c(settings, bytes, 0, 1);
    future<> running = c.run(network, stop);
    for (int i = 0; i < 2000; ++i) loop.turn();
    BOOST_TEST(!running.available());
    stop.request_abort();
    settle();
    BOOST_REQUIRE(running.available());
    running.get();
    BOOST_TEST(c.outcome().partial);
    BOOST_TEST(c.outcome().error == "interrupted");
    BOOST_TEST(c.outcome().requests > 10u);
    settle();
}

BOOST_AUTO_TEST_CASE(so_many_requests_are_made_and_no_more) {
    serve_perf();
    settings.requests = 1000;
    for (auto w :
         {perf::workload::rr, perf::workload::crr, perf::workload::resp_set, perf::workload::resp_get}) {
        settings.pipeline = 7;
        const uint64_t commands = served.commands;
        perf::measurement r = measure(w);
        BOOST_TEST_CONTEXT(name_of(w)) {
            BOOST_TEST(r.error == "");
            BOOST_TEST(r.requests == 1000u);
            BOOST_TEST(r.latency.count() == 1000u);
            BOOST_TEST((r.measured > 0s));
            if (w == perf::workload::resp_set) BOOST_TEST(served.commands - commands == 1000u);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_open_loop_asks_at_its_rate_whatever_the_answers) {
    serve_perf();
    settings.rate = 10'000;
    quiet = 10us;
    settings.run_time = 100ms;
    for (auto w : {perf::workload::rr, perf::workload::crr, perf::workload::resp_set}) {
        perf::measurement r = measure(w);
        BOOST_TEST_CONTEXT(name_of(w)) {
            BOOST_TEST(r.error == "");
            BOOST_TEST((r.requests >= 995u && r.requests <= 1000u), r.requests);
            BOOST_TEST(r.late <= settings.connections);
        }
    }
}

// One answer takes 10 ms; the requests due meanwhile were due then, not when the connection was free again.
BOOST_AUTO_TEST_CASE(latency_in_an_open_loop_counts_from_when_a_request_was_due) {
    unsigned answers = 0;
    serve_by([this, &answers](std::shared_ptr<net::stream> s) {
        return [](std::shared_ptr<net::stream> peer, unsigned& n, laboratory& l) -> future<> {
            while (buffer b = co_await peer->read()) {
                if (++n == 50) l.time.advance(10ms);
                co_await peer->write(std::move(b));
            }
            co_await peer->close();
        }(s, answers, *this);
    });
    settings.connections = 1;
    settings.rate = 1000;
    quiet = 10us;
    settings.warm_up = 0s;
    settings.run_time = 100ms;
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error == "");
    BOOST_TEST((r.requests >= 98u && r.requests <= 100u), r.requests);
    BOOST_TEST((r.latency.max() >= 10ms && r.latency.max() < 11ms));
    // 10, 9, 8, ... ms late: a tenth of all.
    BOOST_TEST((r.latency.percentile(95) > 4ms));
    BOOST_TEST((r.latency.percentile(85) < 1ms));
}

BOOST_AUTO_TEST_CASE(a_rate_beyond_the_server_is_not_reached_and_that_is_seen) {
    serve_perf();
    settings.rate = 100'000'000;
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error == "");
    BOOST_TEST(r.late > 1000u);
    BOOST_TEST(double(r.requests) < 1e8 * 0.01);
}

// What is answered late was due in the warm-up, or long before: it counts, and its wait is seen.
BOOST_AUTO_TEST_CASE(a_server_that_cannot_keep_up_is_measured_all_the_same) {
    serve_perf();
    settings.rate = 100'000'000;
    settings.warm_up = 10ms;
    settings.run_time = 10ms;
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error == "");
    BOOST_TEST(r.requests > 100u);
    BOOST_TEST((r.latency.max() > 1ms));
}

BOOST_AUTO_TEST_CASE(keys_are_stored_before_they_are_asked_for) {
    serve_perf();
    settings.keys = 100;
    settings.value = 50;
    settings.pipeline = 16;
    perf::measurement r = measure(perf::workload::resp_get);
    BOOST_TEST(r.error == "");
    BOOST_TEST(r.requests > 100u);
    BOOST_TEST(served.store.size() == 100u);
    BOOST_TEST(r.received > r.requests * 50);
}

BOOST_AUTO_TEST_CASE(a_missing_key_is_told) {
    serve_perf();
    settings.preload = false;
    perf::measurement r = measure(perf::workload::resp_get);
    BOOST_TEST(r.error.find(" has no key ") != r.error.npos, r.error);
    BOOST_TEST(r.partial);
}

BOOST_AUTO_TEST_CASE(gets_and_sets_are_mixed_as_asked_for) {
    serve_perf();
    settings.mix = 0;
    settings.preload = false;
    BOOST_TEST(measure(perf::workload::resp_get).error == "");
    settings.mix = 50;
    settings.preload = true;
    settings.keys = 1000;
    settings.requests = 10'000;
    perf::measurement r = measure(perf::workload::resp_get);
    BOOST_TEST(r.error == "");
    // A SET has 45 bytes, a GET 36.
    const double set_share = (double(r.sent) / 10'000 - 36) / 9;
    BOOST_TEST((set_share > 0.4 && set_share < 0.6), set_share);
}

BOOST_AUTO_TEST_CASE(a_server_that_speaks_something_else_is_told) {
    serve_echo();
    perf::measurement r = measure(perf::workload::resp_get);
    BOOST_TEST(r.error.find("answered '*3' to a SET") != r.error.npos, r.error);
    BOOST_TEST((r.measured == 0s));
}

BOOST_AUTO_TEST_CASE(silence_ends_a_count_of_requests) {
    serve_by([](std::shared_ptr<net::stream> s) {
        return [](std::shared_ptr<net::stream> peer) -> future<> {
            try {
                while (true)
                    if (!co_await peer->read()) break;
            } catch (const std::system_error&) {
                // The client gave up.
            }
        }(s);
    });
    settings.requests = 10;
    perf::measurement r = measure(perf::workload::rr);
    BOOST_TEST(r.error.ends_with(" has not answered for 2s"), r.error);
    BOOST_TEST(r.partial);
}

BOOST_AUTO_TEST_CASE(connections_are_shared_out_among_shards) {
    serve_echo();
    settings.connections = 5;
    unsigned connected = 0;
    for (unsigned shard = 0; shard < 3; ++shard) {
        reactor::scope here(loop);
        perf::client c(settings, bytes, shard, 3);
        future<> running = c.run(network, stop);
        settle();
        BOOST_REQUIRE(running.available());
        running.get();
        connected += c.outcome().connected;
        BOOST_TEST(c.outcome().connected <= 2u);
    }
    settle();
    BOOST_TEST(connected == 5u);
}

BOOST_AUTO_TEST_SUITE_END()
