#include "tcp/recovery/lost_ranges.hh"

#include "tcp/send/in_flight.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::tcp;

namespace {

const seq origin(0xfffffe00);

struct ten_in_flight {
    ten_in_flight() {
        for (uint32_t i = 0; i < 10; ++i) flight.push(at(i), 100, time_point());
    }
    static seq at(uint32_t i) { return origin + i * 100; }
    void lose(size_t i) {
        flight.mark_lost(i);
        lost.add(flight[i].at, flight[i].end());
    }
    // Sends all again that is lost.
    std::string send_again() {
        std::string order;
        while (const auto i = lost.first(flight)) {
            order += std::to_string(*i);
            flight.on_retransmit(*i, time_point());
        }
        return order;
    }
    in_flight flight;
    lost_ranges lost;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// RFC 6675 §4, NextSeg() rule (1).
BOOST_FIXTURE_TEST_CASE(the_first_in_sequence_comes_first_whenever_it_was_lost, ten_in_flight) {
    for (size_t i : {7u, 8u, 2u, 3u, 0u}) lose(i);
    BOOST_TEST(send_again() == "02378");
    for (size_t i : {5u, 0u, 6u}) lose(i);
    BOOST_TEST(lost.first(flight).value() == 0u);
    lose(1);
    BOOST_TEST(send_again() == "0156");
}

BOOST_FIXTURE_TEST_CASE(what_has_arrived_since_is_passed_over, ten_in_flight) {
    for (size_t i = 1; i < 9; ++i) lose(i);
    flight.mark_sacked(2, 5, [](const sent_segment&) {});
    BOOST_TEST(send_again() == "15678");
    lose(1);
    lose(6);
    flight.acknowledge(at(4), time_point());
    BOOST_TEST(send_again() == "2");
    BOOST_TEST(!lost.first(flight).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_segment_acknowledged_in_part_or_cut_is_found, ten_in_flight) {
    lose(3);
    lose(4);
    flight.acknowledge(at(3) + 50, time_point());
    flight.split(1, 30);
    BOOST_TEST(send_again() == "012");
}

BOOST_AUTO_TEST_CASE(in_any_order_all_lost_are_found) {
    std::mt19937 random(1);
    for (int run = 0; run < 200; ++run) {
        ten_in_flight f;
        std::string want;
        std::vector<size_t> order{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        std::shuffle(order.begin(), order.end(), random);
        order.resize(random() % 10);
        for (size_t i : order) f.lose(i);
        std::sort(order.begin(), order.end());
        for (size_t i : order) want += std::to_string(i);
        BOOST_TEST(f.send_again() == want);
        BOOST_TEST(f.flight.lost_bytes() == 0u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
