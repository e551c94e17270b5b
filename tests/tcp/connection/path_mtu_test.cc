// Transfers over paths that swallow large segments: RFC 4821.
#include "tests/tcp/connection/pair.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::two_ends;
using namespace std::chrono_literals;

namespace {

// Carries segments of `carried` bytes of payload with options, and loses larger ones.
struct narrow : pair {
    explicit narrow(size_t bytes, size_t c = 1360, uint64_t seed = 1) : pair(seed), carried(c) {
        a.to_send = pattern(bytes, seed);
        filter = [this](bool, const segment& s) {
            const size_t size = s.payload.size() + (s.options.timestamps ? 12 : 0);
            if (size > carried) ++swallowed;
            return size <= carried;
        };
    }
    // More to be sent, and until it has arrived.
    void send(size_t bytes) {
        a.to_send += pattern(bytes, a.to_send.size());
        BOOST_TEST_REQUIRE(arrives());
    }
    bool arrives() {
        for (int i = 0; i < 3000 && b.received.size() < a.to_send.size(); ++i) run_for(100ms);
        return b.received == a.to_send;
    }
    connection_info info() const { return a.conn->info(); }

    size_t carried;
    unsigned swallowed = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

// RFC 4821 §7.7, §7.3: complete, and as large as the path carries.
BOOST_AUTO_TEST_CASE(a_transfer_over_a_black_hole_completes_and_the_size_climbs_to_what_passes) {
    for (const size_t carried : {1452u, 1436u, 1360u, 1111u, 1024u}) {
        narrow p(1 << 20, carried);
        p.a.closes = p.b.closes = false;
        p.open_active(p.a, 4000000000u);
        BOOST_TEST_CONTEXT("a path of " << carried) {
            BOOST_TEST_REQUIRE(p.arrives());
            p.send(4 << 20);
            BOOST_TEST(p.info().black_holes == 1u);
            BOOST_TEST(p.info().timeouts == 3u);
            BOOST_TEST(p.info().smss + 12 <= carried);
            BOOST_TEST(p.info().smss + 12 + mtu_probing::close_enough >= carried);
            BOOST_TEST(p.info().fast_recoveries == 0u);  // RFC 4821 §7.6.2
        }
    }
}

BOOST_AUTO_TEST_CASE(a_path_that_passes_no_more_than_half_of_the_base_is_found_too) {
    narrow p(1 << 20, 700);
    p.a.closes = p.b.closes = false;
    p.open_active(p.a, 7);
    BOOST_TEST(p.arrives());
    p.send(4 << 20);
    BOOST_TEST(p.info().smss + 12 <= 700u);
    BOOST_TEST(p.info().smss + 12 + mtu_probing::close_enough >= 700u);
}

// With losses that have nothing to do with it.
BOOST_AUTO_TEST_CASE(random_losses_do_not_hide_what_the_path_carries) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        narrow p(1 << 20, 1400, seed);
        p.faults.loss = 0.005;
        p.a.closes = p.b.closes = false;
        p.open_active(p.a, 7);
        BOOST_TEST_REQUIRE(p.arrives());
        p.send(6 << 20);
        BOOST_TEST(p.info().smss + 12 <= 1400u);
        BOOST_TEST(p.info().smss + 12 >= 1240u);
    }
}

// RFC 8899 §5.1.1: the path has become wider.
BOOST_AUTO_TEST_CASE(after_ten_minutes_a_larger_size_is_tried) {
    narrow p(4 << 20, 1360);
    p.a.closes = p.b.closes = false;
    p.open_active(p.a, 7);
    BOOST_TEST_REQUIRE(p.arrives());
    BOOST_TEST(p.info().smss < 1360u);
    p.carried = 1460;
    p.send(4 << 20);
    BOOST_TEST(p.info().smss < 1360u);
    p.run_for(11min);
    p.send(1 << 20);
    BOOST_TEST(p.info().smss == 1448u);
    p.run_for(1s);
    BOOST_TEST((p.a.conn->next_timeout() == never));
}

// The same bytes in the same time as without, and nothing is probed: RFC 8899 §5.2.
BOOST_AUTO_TEST_CASE(a_path_that_carries_all_is_not_touched) {
    duration took[2];
    for (const bool on : {false, true}) {
        narrow p(1 << 20, 1460);
        p.a.options.path_mtu_probing = on ? mtu_probing_mode::black_hole : mtu_probing_mode::off;
        const time_point begin = p.now();
        p.open_active(p.a, 7);
        BOOST_TEST(p.run_for(1h));
        BOOST_TEST((p.b.received == p.a.to_send));
        BOOST_TEST(p.info().size_probes == 0u);
        took[on] = p.now() - begin;
    }
    BOOST_TEST((took[0] == took[1]));
}

BOOST_AUTO_TEST_CASE(who_always_searches_is_at_full_size_after_a_round_trip_or_two) {
    narrow p(1 << 20, 1460);
    p.a.options.path_mtu_probing = mtu_probing_mode::always;
    p.a.closes = p.b.closes = false;
    p.open_active(p.a, 7);
    p.run_for(80ms);
    BOOST_TEST(p.info().smss == 1448u);
    BOOST_TEST(p.info().size_probes == 1u);
    BOOST_TEST(p.arrives());
}

BOOST_AUTO_TEST_CASE(jumbo_frames_that_only_the_ends_know_of) {
    for (const auto mode : {mtu_probing_mode::black_hole, mtu_probing_mode::always}) {
        narrow p(4 << 20, 1460);
        p.mss = 8960;
        p.a.options.path_mtu_probing = mode;
        p.a.closes = p.b.closes = false;
        p.open_active(p.a, 7);
        BOOST_TEST_REQUIRE(p.arrives());
        p.send(8 << 20);
        BOOST_TEST(p.info().smss == 1448u);
    }
}

// Without SACK sizes fall, and are not looked for.
BOOST_AUTO_TEST_CASE(without_sack_the_base_remains) {
    narrow p(1 << 20, 1360);
    p.a.options.sack = false;
    p.a.closes = p.b.closes = false;
    p.open_active(p.a, 7);
    BOOST_TEST_REQUIRE(p.arrives());
    BOOST_TEST(p.info().smss == 1012u);
    BOOST_TEST(p.info().size_probes == 0u);
}

// A model takes the loss of a probe for what it is (draft-ietf-ccwg-bbr).
BOOST_AUTO_TEST_CASE(bbr_probes_too) {
    narrow p(4 << 20, 1360);
    p.a.options.congestion = net::congestion_algorithm::bbr;
    p.a.closes = p.b.closes = false;
    p.open_active(p.a, 7);
    BOOST_TEST_REQUIRE(p.arrives());
    p.send(4 << 20);
    BOOST_TEST(p.info().smss == 1348u);
}

// Nothing of it outlives the connection.
BOOST_AUTO_TEST_CASE(a_connection_that_ends_while_searching_waits_for_nothing) {
    narrow p(200'000, 1360);
    p.open_active(p.a, 7);
    BOOST_TEST(p.run_for(1h));
    BOOST_TEST((p.b.received == p.a.to_send));
    BOOST_TEST((p.a.conn->next_timeout() == never));
    BOOST_TEST((p.b.conn->next_timeout() == never));
}

BOOST_AUTO_TEST_SUITE_END()
