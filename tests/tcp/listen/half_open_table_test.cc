#include "tcp/listen/half_open_table.hh"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{100s};
constexpr siphash_key key{1, 2};

half_open record(uint16_t remote_port, uint32_t hash = 7) {
    half_open h;
    h.flow = {.local = {net::ipv4_address(10, 0, 0, 1), 80},
              .remote = {net::ipv4_address(10, 0, 0, 2), remote_port}};
    h.hash = hash;
    return h;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listen)

BOOST_AUTO_TEST_CASE(records_of_equal_hash_are_told_apart) {
    half_open_table table({.limit = 4}, key);
    table.insert(record(1), start);
    table.insert(record(2), start);
    BOOST_TEST(table.find(7, record(1).flow)->flow.remote.port == 1u);
    BOOST_TEST(table.find(7, record(2).flow)->flow.remote.port == 2u);
    BOOST_TEST(!table.find(7, record(3).flow));
    BOOST_TEST(!table.find(8, record(1).flow));
}

// The device's hash is public: a flood can be made of flows that share it.
BOOST_AUTO_TEST_CASE(flows_of_one_hash_do_not_share_a_chain) {
    half_open_table table({.limit = 1024}, key);
    for (uint16_t port = 1; port <= 1024; ++port) table.insert(record(port, 7), start);
    BOOST_TEST(table.longest_chain() < 10u);
    half_open_table other({.limit = 1024}, {3, 4});
    for (uint16_t port = 1; port <= 1024; ++port) other.insert(record(port, 7), start);
    for (uint16_t port = 1; port <= 1024; ++port) {
        BOOST_TEST_REQUIRE(table.find(7, record(port).flow));
        table.erase(*table.find(7, record(port).flow));
    }
    BOOST_TEST(table.longest_chain() == 0u);
}

// However many are asked for, all waits are doublings that one knows.
BOOST_AUTO_TEST_CASE(a_syn_ack_goes_out_at_most_eight_times) {
    half_open_table table({.limit = 4, .initial_timeout = 1s, .max_transmissions = 200}, key);
    table.insert(record(1), start);
    int sent = 1;
    time_point now = start;
    for (half_open* due = nullptr; table.size() > 0;) {
        now = table.next_timeout();
        due = table.take_due(now);
        BOOST_TEST_REQUIRE(due);
        BOOST_TEST_REQUIRE(!(table.is_spent(*due) && sent < half_open_table::max_transmissions));
        if (table.is_spent(*due))
            table.erase(*due);
        else
            ++sent;
        BOOST_TEST_REQUIRE(!table.take_due(now));
    }
    BOOST_TEST(sent == half_open_table::max_transmissions);
    BOOST_TEST((now == start + 255s));
}

// RFC 6298 §5.5: the timeout doubles.
BOOST_AUTO_TEST_CASE(an_unanswered_syn_ack_is_repeated_at_doubling_distances_and_then_given_up) {
    half_open_table table({.limit = 4, .initial_timeout = 1s, .max_transmissions = 3}, key);
    table.insert(record(1), start);
    time_point now = start;
    for (duration wait : {1s, 2s, 4s}) {
        BOOST_TEST((table.next_timeout() == now + wait));
        BOOST_TEST(!table.take_due(now + wait - 1ns));
        now += wait;
        half_open* due = table.take_due(now);
        BOOST_REQUIRE(due);
        if (wait < 4s) {
            BOOST_TEST(!table.is_spent(*due));
        } else {
            BOOST_TEST(table.is_spent(*due));
            table.erase(*due);
        }
    }
    BOOST_TEST(table.size() == 0u);
    BOOST_TEST((table.next_timeout() == never));
}

// RFC 4987 §3.4.
BOOST_AUTO_TEST_CASE(the_oldest_is_the_one_repeated_most_then_the_one_that_came_first) {
    half_open_table table({.limit = 4}, key);
    table.insert(record(1), start);
    table.insert(record(2), start + 1ms);
    BOOST_TEST(table.oldest()->flow.remote.port == 1u);
    BOOST_REQUIRE(table.take_due(start + 1s));
    table.insert(record(3), start + 1s);
    BOOST_TEST(table.oldest()->flow.remote.port == 1u);
    table.erase(*table.oldest());
    BOOST_TEST(table.oldest()->flow.remote.port == 2u);
}

BOOST_AUTO_TEST_CASE(a_closed_listeners_records_go_and_others_stay) {
    half_open_table table({.limit = 8}, key);
    for (uint16_t port = 1; port <= 6; ++port) {
        half_open h = record(port, port);
        h.listener = port % 2;
        table.insert(h, start);
    }
    table.erase_of_listener(1);
    BOOST_TEST(table.size() == 3u);
    table.for_each([](const half_open& h) { BOOST_TEST(h.listener == 0u); });
}

BOOST_AUTO_TEST_CASE(a_long_random_run_keeps_the_table_whole) {
    half_open_table table({.limit = 100, .initial_timeout = 10ms, .max_transmissions = 4}, key);
    std::mt19937 rng(1);
    time_point now = start;
    for (int step = 0; step < 50000; ++step) {
        now += std::chrono::microseconds(rng() % 500);
        while (half_open* due = table.take_due(now))
            if (table.is_spent(*due)) table.erase(*due);
        BOOST_REQUIRE(table.next_timeout() > now);
        half_open h = record(uint16_t(rng() % 300), rng() % 10);
        h.hash = h.flow.remote.port % 10;
        if (half_open* found = table.find(h.hash, h.flow)) {
            table.erase(*found);
        } else {
            if (table.full()) table.erase(*table.oldest());
            table.insert(h, now);
        }
        size_t counted = 0;
        table.for_each([&](const half_open&) { ++counted; });
        BOOST_REQUIRE(counted == table.size());
    }
}

BOOST_AUTO_TEST_SUITE_END()
