// What connections cost when there are many: bounded memory for each, all of it given back, and an answer for
// everyone.
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/frame_cache.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/host/socket.hh"
#include "tcp/native_network.hh"
#include "tests/support/allocations.hh"
#include "tests/support/sim_crowd.hh"
#include "tests/support/small_services.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>

using namespace millrace;

namespace {

constexpr size_t many = 20'000;
constexpr size_t burst = test::sim_crowd::burst;
constexpr size_t message = 64;

using test::answer_and_close;
using test::echo;

using service = future<> (*)(net::stream);
future<> serve(net::listener l, service s) {
    while (auto accepted = co_await l.accept()) background(s(std::move(*accepted)));
}

struct crowded_server {
    explicit crowded_server(service s) {
        reactor::scope here(loop);
        net::interface_config config;
        config.addresses = {net::prefix::parse("10.0.0.1/24").value()};
        config.gateway = net::ip_address(net::ipv4_address(10, 0, 0, 254));
        network = std::make_unique<tcp::native_network>(loop, *link.a, 0, config);
        background(serve(network->listen({.port = 7}), s));
    }
    ~crowded_server() {
        reactor::scope here(loop);
        network.reset();
    }

    // f(i) for the clients from `first` to before `last`, a burst at a time, the server answering each burst.
    template <typename F>
    void each(size_t first, size_t last, F&& f) {
        for (size_t i = first; i < last; i += burst) {
            for (size_t k = i; k < std::min(i + burst, last); ++k) f(k);
            crowd.flush();
            settle();
        }
    }
    void settle() {
        for (int quiet = 0; quiet < 2;) {
            const uint64_t before = crowd.segments_in();
            const bool worked = loop.turn();
            crowd.receive();
            time.advance(std::chrono::microseconds(1));
            quiet = worked || crowd.segments_in() > before ? 0 : quiet + 1;
        }
    }
    size_t work() {
        reactor::scope here(loop);
        return background_count();
    }

    manual_clock time;
    net::link_pair link = net::make_link({.fills_checksums = true});
    reactor loop{{.time = &time}};
    std::unique_ptr<tcp::native_network> network;
    test::sim_crowd crowd{link, {net::ipv4_address(10, 0, 0, 1), 7}, many, message};
};

size_t held_bytes() {
    return test::allocated_bytes() + frame_cache::large_page_bytes();
}
double each_of_many(size_t bytes) {
    return double(bytes) / double(many);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(many_connections)

BOOST_AUTO_TEST_CASE(each_takes_little_memory_and_gives_all_of_it_back) {
    crowded_server s(echo);
    // What a shard keeps for reuse, whatever happens to connections, is there already.
    s.each(0, burst, [&](size_t i) { s.crowd.open(i); });
    const size_t before = held_bytes();
    s.each(burst, many, [&](size_t i) { s.crowd.open(i); });
    BOOST_TEST(s.network->usage().connections == many);
    BOOST_TEST(s.work() == many + 1);
    const size_t idle = held_bytes();
    BOOST_TEST(each_of_many(idle - before) <= 1350);  // in a build without optimisation, too

    s.each(0, many, [&](size_t i) { s.crowd.ask(i); });
    BOOST_TEST(s.crowd.answered_bytes() == many * message);
    s.each(0, many, [&](size_t i) { s.crowd.acknowledge(i); });
    // Who has been asked once costs no more than who has not, but for what the frame cache keeps.
    BOOST_TEST(held_bytes() < idle + 2 * frame_cache::kept_bytes_per_class);

    s.each(0, many, [&](size_t i) { s.crowd.close(i); });
    BOOST_TEST(s.crowd.finished() == many);
    BOOST_TEST(s.crowd.resets() == 0u);
    BOOST_TEST(s.network->usage().total() == 1u);  // the listener
    BOOST_TEST(s.work() == 1u);
    BOOST_TEST(s.loop.timers() < 10u);  // the host's own
    // The tables, and what the frame cache keeps of each size: no more than some megabytes.
    BOOST_TEST(held_bytes() - before < (size_t(8) << 20));
}

// Of so many connections the memory is fetched ahead, some datagrams before each is looked at.
BOOST_AUTO_TEST_CASE(one_may_end_in_the_middle_of_a_burst) {
    constexpr size_t some = 4096;
    crowded_server s(echo);
    s.each(0, some, [&](size_t i) { s.crowd.open(i); });
    for (size_t i = 0; i < some; i += 8) {
        for (size_t k = i; k < i + 8; k += 2) s.crowd.ask(k);
        for (size_t k = i + 1; k < i + 8; k += 2) {
            s.crowd.reset(k);
            s.crowd.acknowledge(k);  // which no reset answers: it is in the table until the flush
        }
        for (size_t k = i; k < i + 8; k += 2) s.crowd.ask(k);
        s.crowd.flush();
        s.settle();
    }
    BOOST_TEST(s.crowd.answered_bytes() == some * message);
    BOOST_TEST(s.crowd.resets() == 0u);
    BOOST_TEST(s.network->usage().connections == some / 2);
    BOOST_TEST(s.work() == some / 2 + 1);
}

BOOST_AUTO_TEST_CASE(a_record_of_time_wait_takes_64_bytes_at_most) {
    crowded_server s(answer_and_close);
    s.each(0, burst, [&](size_t i) { s.crowd.open(i); });
    s.each(0, burst, [&](size_t i) { s.crowd.ask(i); });
    const size_t before = held_bytes();
    for (size_t i = burst; i < many; i += burst) {
        s.each(i, std::min(i + burst, many), [&](size_t k) { s.crowd.open(k); });
        s.each(i, std::min(i + burst, many), [&](size_t k) { s.crowd.ask(k); });
    }
    BOOST_TEST(s.network->usage().time_wait == many);
    BOOST_TEST(s.network->usage().connections == 0u);
    BOOST_TEST(each_of_many(held_bytes() - before) <= 64);
    s.time.advance(std::chrono::minutes(2));
    s.settle();
    BOOST_TEST(s.network->usage().time_wait == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
