#include "tcp/demux/time_wait.hh"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{100s};
constexpr time_wait_state plain{.snd_nxt = seq(1000), .rcv_nxt = seq(2000), .wnd = 500};
constexpr time_wait_state stamped{
    .snd_nxt = seq(1000), .rcv_nxt = seq(2000), .wnd = 500, .timestamps = true, .ts_recent = 70};

four_tuple flow(uint16_t remote_port) {
    return {.local = {net::ipv4_address(10, 0, 0, 1), 80},
            .remote = {net::ipv4_address(10, 0, 0, 2), remote_port}};
}

time_wait_table make_table(size_t limit = 100) {
    return time_wait_table(limit, 60s, {1, 2});
}

segment make(flags f, uint32_t sequence, size_t payload = 0) {
    segment s;
    s.flags = f;
    s.seq = seq(sequence);
    s.ack = seq(1000);
    if (payload) s.payload = buffer::allocate(payload);
    return s;
}

time_wait_verdict verdict(const time_wait_state& state, const segment& s) {
    time_wait_table table = make_table();
    table.insert(flow(1), state, start);
    return judge(*table.find(flow(1)), s);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demux)

BOOST_AUTO_TEST_CASE(a_record_takes_at_most_64_bytes) {
    BOOST_TEST(sizeof(time_wait_record) <= 64u);
}

// RFC 9768 §3.2.2.2: the count of marked segments goes on with every ACK.
BOOST_AUTO_TEST_CASE(the_ack_of_a_record_counts_marks) {
    time_wait_table table = make_table();
    time_wait_state counting = plain;
    counting.ace = flags::of_ace(6);
    table.insert(flow(1), plain, start);
    table.insert(flow(2), counting, start);
    BOOST_TEST((acknowledgment(*table.find(flow(1)), 0).flags == flags::ack));
    BOOST_TEST((acknowledgment(*table.find(flow(2)), 0).flags == (flags::ack | flags::of_ace(6))));
}

// RFC 9293 §3.4.2, §3.6.1.
BOOST_AUTO_TEST_CASE(a_record_stays_two_msl_and_not_much_longer) {
    time_wait_table table = make_table();
    table.insert(flow(1), plain, start);
    BOOST_TEST((table.next_timeout() >= start + 60s));
    table.expire(start + 60s - 1ms);
    BOOST_TEST(table.find(flow(1)));
    BOOST_TEST((table.next_timeout() <= start + 60s + 2ms));
    table.expire(table.next_timeout());
    BOOST_TEST(!table.find(flow(1)));
    BOOST_TEST(table.size() == 0u);
    BOOST_TEST((table.next_timeout() == never));
}

// Runs the table's timer from its next timeout on until there is none.
time_point last_expiry(time_wait_table& table) {
    time_point now = start;
    while (table.next_timeout() != never) table.expire(now = table.next_timeout());
    return now;
}

// RFC 9293 §3.10.7.4: "Restart the 2 MSL time-wait timeout": from when the FIN came again, no longer.
BOOST_AUTO_TEST_CASE(a_restarted_record_waits_anew) {
    for (const duration after : {duration(1ms), duration(10s), duration(59s)}) {
        time_wait_table table = make_table();
        table.insert(flow(1), plain, start);
        table.restart(*table.find(flow(1)), start + after);
        table.expire(start + after + 60s - 1ms);
        BOOST_TEST(table.find(flow(1)));
        BOOST_TEST((last_expiry(table) <= start + after + 60s + 2ms));
        BOOST_TEST(table.size() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_record_restarted_again_and_again_waits_from_the_last_time) {
    time_wait_table table = make_table();
    table.insert(flow(1), plain, start);
    table.insert(flow(2), plain, start + 1s);
    for (int second = 0; second < 90; ++second) {
        table.restart(*table.find(flow(1)), start + second * 1s);
        table.expire(start + second * 1s);
    }
    BOOST_TEST(!table.find(flow(2)));
    const time_point end = last_expiry(table);
    BOOST_TEST((end >= start + 89s + 60s));
    BOOST_TEST((end <= start + 89s + 60s + 2ms));
}

// Each of the heads of the queue may have been restarted, and in another order.
BOOST_AUTO_TEST_CASE(records_restarted_in_any_order_go_in_the_order_of_their_new_times) {
    time_wait_table table = make_table();
    for (uint16_t i = 0; i < 50; ++i) table.insert(flow(i), plain, start + i * 1ms);
    for (uint16_t i = 0; i < 50; i += 2)
        table.restart(*table.find(flow(i)), start + 1s + std::chrono::milliseconds(i * 37 % 50 * 100));
    for (time_point now = start + 59s; now < start + 68s; now += 10ms) {
        if (table.next_timeout() <= now) table.expire(now);
        BOOST_REQUIRE(table.next_timeout() > now);
        for (uint16_t i = 0; i < 50; ++i) {
            const duration until = i % 2 ? 60s + i * 1ms : 61s + std::chrono::milliseconds(i * 37 % 50 * 100);
            if (now < start + until) BOOST_REQUIRE(table.find(flow(i)));
            if (now > start + until + 2ms) BOOST_REQUIRE(!table.find(flow(i)));
        }
    }
    BOOST_TEST((table.next_timeout() == never));
}

BOOST_AUTO_TEST_CASE(the_peers_fin_again_is_acknowledged_and_restarts_the_wait) {
    BOOST_TEST((verdict(plain, make(flags::fin | flags::ack, 1999)) == time_wait_verdict::restart));
    BOOST_TEST((verdict(plain, make(flags::fin | flags::ack, 1989, 10)) == time_wait_verdict::restart));
    time_wait_table table = make_table();
    table.insert(flow(1), stamped, start);
    const outgoing o = acknowledgment(*table.find(flow(1)), 9);
    BOOST_TEST((o.seq == seq(1000)));
    BOOST_TEST((o.ack == seq(2000)));
    BOOST_TEST(o.wnd == 500u);
    BOOST_TEST(o.options.timestamps->value == 9u);
    BOOST_TEST(o.options.timestamps->echo == 70u);
}

// RFC 1337 §3.
BOOST_AUTO_TEST_CASE(a_reset_does_not_end_the_wait) {
    BOOST_TEST((verdict(plain, make(flags::rst, 2000)) == time_wait_verdict::drop));
}

BOOST_AUTO_TEST_CASE(a_fitting_segment_without_data_is_dropped_and_old_data_is_answered) {
    BOOST_TEST((verdict(plain, make(flags::ack, 2000)) == time_wait_verdict::drop));
    BOOST_TEST((verdict(plain, make(flags::ack, 1900, 50)) == time_wait_verdict::acknowledge));
    BOOST_TEST((verdict(plain, make(flags::ack, 900)) == time_wait_verdict::acknowledge));
}

// RFC 6191 §2.
BOOST_AUTO_TEST_CASE(a_syn_with_a_newer_timestamp_may_take_the_place) {
    segment syn = make(flags::syn, 5);
    syn.options.timestamps = timestamp_option{.value = 71, .echo = 0};
    BOOST_TEST((verdict(stamped, syn) == time_wait_verdict::reuse));
    syn.options.timestamps->value = 70;
    BOOST_TEST((verdict(stamped, syn) == time_wait_verdict::acknowledge));
    syn.seq = seq(2001);
    BOOST_TEST((verdict(stamped, syn) == time_wait_verdict::reuse));
    syn.options.timestamps->value = 69;
    BOOST_TEST((verdict(stamped, syn) == time_wait_verdict::acknowledge));
}

// RFC 9293 §3.6.1.
BOOST_AUTO_TEST_CASE(without_timestamps_a_syn_behind_the_old_data_may_take_the_place) {
    BOOST_TEST((verdict(plain, make(flags::syn, 2001)) == time_wait_verdict::reuse));
    BOOST_TEST((verdict(plain, make(flags::syn, 1999)) == time_wait_verdict::acknowledge));
}

BOOST_AUTO_TEST_CASE(a_connection_from_here_may_take_the_place_after_a_second_if_timestamps_tell_them_apart) {
    time_wait_table table = make_table();
    table.insert(flow(1), stamped, start);
    table.insert(flow(2), plain, start);
    BOOST_TEST(!table.may_be_reopened(*table.find(flow(1)), start + 900ms));
    BOOST_TEST(table.may_be_reopened(*table.find(flow(1)), start + 1100ms));
    BOOST_TEST(!table.may_be_reopened(*table.find(flow(2)), start + 1100ms));
    table.restart(*table.find(flow(1)), start + 1000ms);
    BOOST_TEST(!table.may_be_reopened(*table.find(flow(1)), start + 1100ms));
    BOOST_TEST(table.may_be_reopened(*table.find(flow(1)), start + 2100ms));
}

BOOST_AUTO_TEST_CASE(a_full_table_lets_the_oldest_go) {
    time_wait_table table = make_table(2);
    BOOST_TEST(table.insert(flow(1), plain, start));
    BOOST_TEST(table.insert(flow(2), plain, start));
    BOOST_TEST(!table.insert(flow(3), plain, start));
    BOOST_TEST(table.size() == 2u);
    BOOST_TEST(!table.find(flow(1)));
    BOOST_TEST(table.find(flow(2)));
    BOOST_TEST(table.find(flow(3)));
}

BOOST_AUTO_TEST_CASE(a_full_table_of_restarted_records_lets_one_go_too) {
    time_wait_table table = make_table(2);
    table.insert(flow(1), plain, start);
    table.insert(flow(2), plain, start);
    for (const uint16_t i : {1, 2}) table.restart(*table.find(flow(i)), start + i * 1s);
    table.expire(start + 3s);
    BOOST_TEST(!table.insert(flow(3), plain, start + 3s));
    BOOST_TEST(!table.find(flow(1)));
    BOOST_TEST(table.find(flow(2)));
    BOOST_TEST(table.find(flow(3)));
    BOOST_TEST((last_expiry(table) <= start + 63s + 2ms));
}

BOOST_AUTO_TEST_CASE(a_table_for_nothing_keeps_nothing) {
    time_wait_table table = make_table(0);
    BOOST_TEST(!table.insert(flow(1), plain, start));
    BOOST_TEST(!table.find(flow(1)));
    BOOST_TEST((table.next_timeout() == never));
    table.expire(start + 61s);
    BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_long_random_run_keeps_the_table_whole_and_bounded) {
    time_wait_table table(500, 50ms, {1, 2});
    std::mt19937 rng(1);
    time_point now = start;
    for (int step = 0; step < 100000; ++step) {
        now += std::chrono::microseconds(rng() % 400);
        if (table.next_timeout() <= now) table.expire(now);
        BOOST_REQUIRE(table.next_timeout() > now);
        const four_tuple f = flow(uint16_t(rng() % 2000));
        time_wait_record* found = table.find(f);
        if (!found) {
            table.insert(f, plain, now);
        } else if (rng() % 2) {
            table.erase(*found);
        } else {
            table.restart(*found, now);
        }
        BOOST_REQUIRE(table.size() <= 500u);
    }
    for (int i = 0; i < 3; ++i) table.expire(now += 52ms);
    BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
