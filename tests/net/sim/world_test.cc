#include "core/poller.hh"
#include "core/random.hh"
#include "core/reactor.hh"
#include "core/timer.hh"
#include "net/pcap.hh"
#include "net/simulation.hh"
#include "tests/support/net_frames.hh"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

using namespace millrace;
using namespace millrace::net;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(net)

namespace {

// Sends back each frame that it receives, until it has done so `limit` times.
class reflector final : public poller {
 public:
    reflector(reactor& r, device_queue& q, size_t limit = SIZE_MAX) : reactor_(r), queue_(q), left_(limit) {
        r.add(*this);
    }
    ~reflector() { reactor_.remove(*this); }

    bool poll() noexcept override {
        packet p;
        if (queue_.receive(std::span(&p, 1)) == 0) return false;
        ++received;
        if (left_ > 0) {
            --left_;
            queue_.transmit(std::span(&p, 1));
        }
        return true;
    }

    size_t received = 0;

 private:
    reactor& reactor_;
    device_queue& queue_;
    size_t left_;
};

struct ping_pong {
    explicit ping_pong(uint64_t seed, const wire_options& o, size_t rounds)
        : w(seed),
          line(w.add_wire({.a_to_b = o, .b_to_a = o})),
          a(w.add_reactor(), line.a().queue(0), rounds),
          b(w.add_reactor(), line.b().queue(0)) {}

    void serve() { BOOST_REQUIRE(frames::send(line.a().queue(0), frames::pattern(100))); }

    world w;
    wire& line;
    reflector a;
    reflector b;
};

std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(time_moves_to_the_next_arrival_when_nobody_has_anything_to_do) {
    ping_pong t(1, {.delay = 1h}, 2);
    const time_point start = t.w.now();
    t.serve();
    BOOST_TEST(t.w.run_until([&] { return t.a.received == 3; }, 24h));
    BOOST_TEST((t.w.now() - start >= 6h && t.w.now() - start < 6h + 1ms));
    BOOST_TEST(t.b.received == 3u);
    BOOST_TEST(t.w.steps() < 100u);
}

BOOST_AUTO_TEST_CASE(a_run_ends_when_nothing_more_can_happen) {
    ping_pong t(1, {.delay = 1ms}, 5);
    t.serve();
    BOOST_TEST(t.w.run_until_idle(1h));
    BOOST_TEST(t.a.received == 6u);
    BOOST_TEST(t.line.in_flight() == 0u);
    BOOST_TEST(!t.w.run_until([] { return false; }));
}

BOOST_AUTO_TEST_CASE(a_run_ends_at_its_limit_even_if_the_hosts_never_rest) {
    ping_pong t(1, {}, SIZE_MAX);
    t.serve();
    const time_point start = t.w.now();
    BOOST_TEST(!t.w.run_until([] { return false; }, 5ms));
    BOOST_TEST((t.w.now() - start >= 5ms));
    BOOST_TEST(!t.w.run_until_idle(5ms));
    BOOST_TEST(t.a.received > 1000u);
}

BOOST_AUTO_TEST_CASE(timers_of_all_reactors_expire_in_virtual_time) {
    world w;
    reactor& first = w.add_reactor();
    reactor& second = w.add_reactor();
    std::vector<int> order;
    const time_point start = w.now();
    std::vector<duration> when;
    auto note = [&](int which) {
        return [&order, &when, &w, start, which]() noexcept {
            order.push_back(which);
            when.push_back(w.now() - start);
        };
    };
    callback_timer slow(note(1)), quick(note(2));
    {
        reactor::scope here(first);
        slow.arm_after(2h);
    }
    {
        reactor::scope here(second);
        quick.arm_after(1s);
    }
    BOOST_TEST(w.run_until_idle(24h));
    BOOST_TEST(order == (std::vector<int>{2, 1}), boost::test_tools::per_element());
    BOOST_TEST((when[0] >= 1s && when[0] < 1s + 1ms));
    BOOST_TEST((when[1] >= 2h && when[1] < 2h + 1ms));
}

BOOST_AUTO_TEST_CASE(run_for_lets_exactly_so_much_time_pass_when_all_rest) {
    world w;
    w.add_reactor();
    const time_point start = w.now();
    w.run_for(10s);
    BOOST_TEST((w.now() - start == 10s));
}

BOOST_AUTO_TEST_CASE(somebody_elses_reactor_takes_part_until_it_is_removed) {
    world w;
    wire& line = w.add_wire();
    reactor other({.time = &w.clock()});
    reflector r(other, line.b().queue(0), 0);
    w.add(other);
    BOOST_REQUIRE(frames::send(line.a().queue(0), frames::pattern(60)));
    BOOST_TEST(w.run_until_idle());
    BOOST_TEST(r.received == 1u);
    w.remove(other);
    BOOST_REQUIRE(frames::send(line.a().queue(0), frames::pattern(60)));
    BOOST_TEST(w.run_until_idle());
    BOOST_TEST(r.received == 1u);
}

BOOST_AUTO_TEST_CASE(ends_of_wires_have_names_and_addresses_of_their_own) {
    world w;
    wire& first = w.add_wire();
    wire& second = w.add_wire();
    BOOST_TEST(first.a().info().name == "sim0a");
    BOOST_TEST(second.b().info().name == "sim1b");
    BOOST_TEST((first.a().info().mac != first.b().info().mac));
    BOOST_TEST((first.a().info().mac != second.a().info().mac));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_capture) {
    auto run = [](uint64_t seed) {
        const std::string path = "world_test." + std::to_string(::getpid()) + ".pcap";
        ping_pong t(seed,
                    {.delay = 2ms,
                     .jitter = 1ms,
                     .rate_bps = 10'000'000,
                     .reorder = 0.1,
                     .duplicate = 0.1,
                     .corrupt = 0.1},
                    200);
        {
            pcap_writer capture(path);
            t.line.capture(wire_end::a, &capture);
            t.serve();
            t.w.run_until([&] { return t.a.received >= 200; });
            BOOST_TEST(capture.frames() > 300u);
            t.line.capture(wire_end::a, nullptr);
        }
        const std::string bytes = contents(path);
        std::remove(path.c_str());
        return bytes;
    };
    const std::string one = run(7);
    BOOST_TEST((one == run(7)));
    BOOST_TEST((one != run(8)));
}

BOOST_AUTO_TEST_SUITE_END()
