#include "tests/tcp/connection/pair.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::two_ends;
using namespace std::chrono_literals;

namespace {

bool over(const end& e) {
    return e.conn && e.conn->is_closed() && !e.conn->error() && e.seen.has(events::finished) &&
           e.seen.has(events::closed);
}

void check_exchange(pair& p, size_t bytes, const std::string& what) {
    p.a.to_send = pattern(bytes, 1);
    p.b.to_send = pattern(bytes, 2);
    p.open_active(p.a, 4000000000u);
    const bool done = p.run_for(std::chrono::hours(2));
    BOOST_TEST_CONTEXT(what) {
        BOOST_TEST(done);
        BOOST_TEST(p.a.received.size() == bytes);
        BOOST_TEST((p.b.received == p.a.to_send));
        BOOST_TEST((p.a.received == p.b.to_send));
        BOOST_TEST(over(p.a));
        BOOST_TEST(over(p.b));
        // One of them is left in TIME-WAIT, or both after closing at once.
        BOOST_TEST((p.a.conn->state() == connection_state::time_wait ||
                    p.b.conn->state() == connection_state::time_wait));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

BOOST_AUTO_TEST_CASE(a_clean_wire_carries_megabytes_both_ways_without_retransmission) {
    pair p(1);
    check_exchange(p, 4 << 20, "clean");
    BOOST_TEST(p.a.conn->info().retransmissions == 0u);
    BOOST_TEST(p.b.conn->info().retransmissions == 0u);
    BOOST_TEST((p.now() < manual_clock().now() + 6s));
}

BOOST_AUTO_TEST_CASE(loss_reordering_and_duplication_cost_time_but_no_byte) {
    for (uint64_t seed = 1; seed <= 12; ++seed) {
        pair p(seed);
        p.faults = {.delay = std::chrono::milliseconds(1 + seed * 5),
                    .jitter = std::chrono::milliseconds(seed % 4 * 3),
                    .loss = 0.005 * double(seed % 11),
                    .duplicate = 0.01 * double(seed % 3)};
        p.a.chunk = seed % 2 ? 16384 : 999;
        check_exchange(p, 1 << 20, "seed " + std::to_string(seed));
    }
}

BOOST_AUTO_TEST_CASE(the_same_holds_without_sack_timestamps_or_window_scaling) {
    for (uint64_t seed = 1; seed <= 8; ++seed) {
        pair p(seed);
        p.faults = {
            .delay = 5ms, .jitter = std::chrono::milliseconds(seed % 3), .loss = 0.02, .duplicate = 0.01};
        p.a.options.sack = (seed & 1) != 0;
        p.a.options.timestamps = (seed & 2) != 0;
        p.b.options.window_scaling = (seed & 4) != 0;
        check_exchange(p, 512 << 10, "seed " + std::to_string(seed));
    }
}

BOOST_AUTO_TEST_CASE(a_short_queue_is_kept_busy) {
    pair p(7);
    p.faults = {.delay = 10ms,
                .per_segment = 120us,
                .queue = 100};  // 100 Mbit/s, a bit more than the delay's product
    check_exchange(p, 8 << 20, "queue");
    // 8 MiB at 100 Mbit/s take 0.7 s; slow start and one or two halvings may double it.
    BOOST_TEST((p.now() < manual_clock().now() + 3s));
}

BOOST_AUTO_TEST_CASE(tiny_buffers_at_both_ends_carry_everything) {
    for (uint64_t seed = 1; seed <= 4; ++seed) {
        pair p(seed);
        p.faults = {.delay = 2ms, .jitter = 1ms, .loss = 0.01};
        p.a.options.receive_buffer = p.b.options.receive_buffer = 3000;
        p.a.options.send_buffer = p.b.options.send_buffer = 2500;
        p.a.chunk = 700;
        check_exchange(p, 100 << 10, "seed " + std::to_string(seed));
    }
}

BOOST_AUTO_TEST_CASE(a_sender_of_single_bytes_with_nagle_off_and_on) {
    for (bool no_delay : {true, false}) {
        pair p(3);
        p.faults = {.delay = 2ms, .jitter = 1ms, .loss = 0.01};
        p.a.options.no_delay = p.b.options.no_delay = no_delay;
        p.a.chunk = p.b.chunk = 1;
        check_exchange(p, 20000, no_delay ? "no delay" : "nagle");
    }
}

BOOST_AUTO_TEST_CASE(a_reader_that_sleeps_closes_the_window_and_opens_it_again) {
    pair p(5);
    p.faults.loss = 0.02;
    p.a.to_send = pattern(3 << 20, 1);
    p.b.reads = false;
    p.open_active(p.a, 1);
    for (int i = 0; i < 6; ++i) {
        p.run_for(20s);
        BOOST_TEST(p.b.conn->info().readable <=
                   p.b.options.receive_buffer + (1u << p.b.conn->info().rcv_scale));
        BOOST_TEST(!p.b.conn->error());
        // Reads all there is, once, then sleeps again: only probes can tell the sender if the update is lost.
        while (buffer data = p.b.conn->receive()) p.b.received.append(data.view());
    }
    p.b.reads = true;
    p.run_for(std::chrono::hours(1));
    BOOST_TEST((p.b.received == p.a.to_send));
    BOOST_TEST(p.a.conn->info().window_probes > 0u);
}

BOOST_AUTO_TEST_CASE(both_send_into_closed_windows_and_still_hear_each_other) {
    pair p(6);
    p.faults = {.delay = 3ms, .loss = 0.01};
    p.a.options.receive_buffer = p.b.options.receive_buffer = 20000;
    p.a.to_send = pattern(300000, 1);
    p.b.to_send = pattern(300000, 2);
    p.a.reads = p.b.reads = false;
    p.open_active(p.a, 1);
    p.run_for(90s);
    BOOST_TEST(!p.a.conn->is_closed());
    p.a.reads = true;
    p.run_for(90s);
    BOOST_TEST(p.a.received.size() > 100000u);
    p.b.reads = true;
    BOOST_TEST(p.run_for(std::chrono::hours(1)));
    BOOST_TEST((p.a.received == p.b.to_send));
    BOOST_TEST((p.b.received == p.a.to_send));
}

BOOST_AUTO_TEST_CASE(both_open_at_once_and_become_one_connection) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        pair p(seed);
        p.faults = {.delay = 10ms, .jitter = 2ms, .loss = seed == 1 ? 0 : 0.1};
        p.a.to_send = pattern(100000, 1);
        p.b.to_send = pattern(100000, 2);
        p.open_active(p.a, 100);
        p.open_active(p.b, 300);
        BOOST_TEST(p.run_for(std::chrono::hours(1)));
        BOOST_TEST((p.a.received == p.b.to_send));
        BOOST_TEST((p.b.received == p.a.to_send));
        BOOST_TEST(over(p.a));
        BOOST_TEST(over(p.b));
    }
}

BOOST_AUTO_TEST_CASE(a_path_that_got_smaller_is_told_by_icmp_and_the_data_arrives) {
    pair p(9);
    p.a.to_send = pattern(200000, 1);
    p.open_active(p.a, 1);
    p.filter = [&](bool from_a, const segment& s) {
        if (!from_a || s.payload.size() <= 1000) return true;
        (void)p.a.conn->on_path_error({path_error::kind::fragmentation_needed, s.seq, 1012});
        return false;
    };
    BOOST_TEST(p.run_for(60s));
    BOOST_TEST((p.b.received == p.a.to_send));
    BOOST_TEST(p.a.conn->info().smss == 1000u);
    BOOST_TEST(p.a.conn->info().timeouts == 0u);
}

BOOST_AUTO_TEST_CASE(a_wire_that_is_cut_ends_the_connection_by_the_retry_limit) {
    pair p(2);
    p.a.closes = p.b.closes = false;
    p.open_active(p.a, 1);
    p.run_for(1s);
    p.faults.loss = 1;
    p.a.to_send = "nobody will hear this";
    BOOST_TEST(!p.run_for(100s));  // RFC 9293 §3.8.3: R2 at least 100 s
    p.run_for(std::chrono::hours(1));
    BOOST_TEST((p.a.conn->error() == std::errc::timed_out));
    BOOST_TEST((p.a.seen.has(events::failed)));
}

BOOST_AUTO_TEST_SUITE_END()
