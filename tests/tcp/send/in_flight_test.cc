#include "tcp/send/in_flight.hh"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1s};

// Records of 100 bytes from sequence number 1000 on, sent a millisecond apart.
struct flight_of_five {
    flight_of_five() {
        for (uint32_t i = 0; i < 5; ++i) flight.push(seq(1000 + i * 100), 100, start + i * 1ms);
    }
    in_flight flight;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(send)

BOOST_FIXTURE_TEST_CASE(records_are_found_by_any_byte_in_them, flight_of_five) {
    BOOST_TEST(flight.find(seq(1000)) == 0u);
    BOOST_TEST(flight.find(seq(1099)) == 0u);
    BOOST_TEST(flight.find(seq(1100)) == 1u);
    BOOST_TEST(flight.find(seq(999)) == flight.size());
    BOOST_TEST(flight.find(seq(1500)) == flight.size());
    BOOST_TEST(flight.lower_bound(seq(1100)) == 1u);
    BOOST_TEST(flight.lower_bound(seq(1101)) == 2u);
    BOOST_TEST(flight.lower_bound(seq(1401)) == 5u);
}

BOOST_FIXTURE_TEST_CASE(an_ack_takes_whole_records_and_cuts_the_first_one_left, flight_of_five) {
    const auto a = flight.acknowledge(seq(1250), start + 20ms);
    BOOST_TEST(a.bytes == 250u);
    BOOST_TEST(flight.size() == 3u);
    BOOST_TEST(flight.bytes() == 250u);
    BOOST_TEST(flight.front().at.value() == 1250u);
    BOOST_TEST(flight.front().length == 50u);
}

// RFC 6298 §3: Karn's algorithm.
BOOST_FIXTURE_TEST_CASE(only_an_unambiguous_ack_gives_a_round_trip_time, flight_of_five) {
    BOOST_TEST((flight.acknowledge(seq(1200), start + 20ms).rtt == 19ms));
    flight.mark_lost(0);
    flight.on_retransmit(0, start + 30ms);
    BOOST_TEST(!flight.acknowledge(seq(1400), start + 50ms).rtt.has_value());
    flight.mark_sacked(0);
    BOOST_TEST(!flight.acknowledge(seq(1500), start + 60ms).rtt.has_value());
    BOOST_TEST(flight.empty());
}

BOOST_FIXTURE_TEST_CASE(marks_and_counts_change_together, flight_of_five) {
    flight.mark_lost(0);
    flight.mark_lost(1);
    flight.mark_lost(1);
    flight.mark_sacked(1);
    flight.mark_sacked(3);
    BOOST_TEST(flight.lost_bytes() == 100u);
    BOOST_TEST(flight.sacked_bytes() == 200u);
    flight.on_retransmit(0, start);
    BOOST_TEST(flight.lost_bytes() == 0u);
    BOOST_TEST(flight[0].transmissions == 2);
    const auto a = flight.acknowledge(seq(1150), start);
    BOOST_TEST(a.bytes == 150u);
    BOOST_TEST(a.newly_arrived == 100u);
    BOOST_TEST(flight.sacked_bytes() == 150u);
    flight.forget_sacked();
    BOOST_TEST(flight.sacked_bytes() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_range_is_marked_and_each_record_told_once, flight_of_five) {
    std::vector<uint32_t> told;
    const auto note = [&](const sent_segment& s) { told.push_back(s.at.value()); };
    flight.mark_sacked(1, 2, note);
    flight.mark_sacked(3, 4, note);
    const auto rest = flight.mark_sacked(1, 5, note);
    BOOST_TEST(rest.bytes == 200u);
    BOOST_TEST(rest.visited == 4u);
    BOOST_TEST(flight.mark_sacked(1, 5, note).visited == 1u);
    BOOST_TEST(flight.mark_sacked(2, 2, note).visited == 0u);
    BOOST_TEST(told == (std::vector<uint32_t>{1100, 1300, 1200, 1400}), boost::test_tools::per_element());
    // What the peer took back is told again.
    flight.forget_sacked();
    BOOST_TEST(flight.mark_sacked(2, 3, note).bytes == 100u);
    BOOST_TEST(flight.mark_sacked(1, 5, note).bytes == 300u);
}

BOOST_FIXTURE_TEST_CASE(a_record_splits_into_two_with_the_same_marks, flight_of_five) {
    flight.mark_lost(2);
    flight.split(2, 30);
    BOOST_TEST(flight.size() == 6u);
    BOOST_TEST(flight[2].length == 30u);
    BOOST_TEST(flight[3].length == 70u);
    BOOST_TEST(flight[3].at.value() == 1230u);
    BOOST_TEST(flight[3].lost);
    BOOST_TEST(flight.lost_bytes() == 100u);
    BOOST_TEST(flight[4].at.value() == 1300u);
}

BOOST_FIXTURE_TEST_CASE(the_last_record_is_taken_back, flight_of_five) {
    flight.take_back_last();
    BOOST_TEST(flight.bytes() == 400u);
    BOOST_TEST(flight.back().at.value() == 1300u);
}

BOOST_AUTO_TEST_CASE(sequence_numbers_wrap_inside_the_flight) {
    in_flight flight;
    for (uint32_t i = 0; i < 40; ++i) flight.push(seq(0xfffffff0u + i), 1, start);
    BOOST_TEST(flight.find(seq(3)) == 19u);
    BOOST_TEST(flight.acknowledge(seq(4), start).bytes == 20u);
    BOOST_TEST(flight.front().at.value() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
