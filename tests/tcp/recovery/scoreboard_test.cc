#include "tcp/recovery/scoreboard.hh"

#include "tcp/send/in_flight.hh"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <string>

using namespace millrace;
using namespace millrace::tcp;

namespace {

constexpr uint32_t mss = 100;
const seq origin(0xffffff00);  // so that every test crosses the wrap

// Ten segments, number 0 to 9, and a scoreboard that knows nothing of them.
struct ten_in_flight {
    ten_in_flight() {
        for (uint32_t i = 0; i < 10; ++i) flight.push(at(i), mss, time_point());
        board.reset(origin);
    }
    static seq at(uint32_t segment) { return origin + segment * mss; }
    // Segments first to last - 1.
    static seq_range block(uint32_t first, uint32_t last) { return {at(first), at(last)}; }

    scoreboard::update sack(std::initializer_list<seq_range> ranges, seq una = origin) {
        sack_blocks blocks;
        for (const auto& r : ranges) blocks.push_back(r);
        return board.on_sack(blocks, una, flight, [](const sent_segment&) {});
    }
    // One letter for each segment: s is sacked, x lost, a dot neither.
    std::string marks() const {
        std::string s;
        for (size_t i = 0; i < flight.size(); ++i) s += flight[i].sacked ? 's' : flight[i].lost ? 'x' : '.';
        return s;
    }

    in_flight flight;
    scoreboard board;
    lost_ranges lost;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// RFC 6675 §4, Update().
BOOST_FIXTURE_TEST_CASE(blocks_mark_the_segments_that_they_cover, ten_in_flight) {
    BOOST_TEST(sack({block(2, 4), block(7, 8)}).newly_sacked_bytes == 3 * mss);
    BOOST_TEST(marks() == "..ss...s..");
    BOOST_TEST(sack({block(2, 5)}).newly_sacked_bytes == mss);
    BOOST_TEST(marks() == "..sss..s..");
}

BOOST_FIXTURE_TEST_CASE(a_segment_covered_in_part_has_not_arrived, ten_in_flight) {
    sack({{at(2) + 1, at(4) - 1}});
    BOOST_TEST(marks() == "..........");
    sack({{at(2) + 1, at(4) + 50}});
    BOOST_TEST(marks() == "...s......");
}

BOOST_FIXTURE_TEST_CASE(blocks_outside_of_what_is_in_flight_are_ignored, ten_in_flight) {
    sack({{at(9), at(11)}, {at(4), at(3)}, {at(5), at(5)}, {origin - 200, at(3)}});
    BOOST_TEST(marks() == "..........");
}

// RFC 6675 §2 DupThresh, §4 IsLost(): three segments have arrived behind it.
BOOST_FIXTURE_TEST_CASE(a_segment_with_three_arrived_behind_it_is_lost, ten_in_flight) {
    sack({block(1, 3)});
    BOOST_TEST(board.mark_lost(flight, lost) == 0u);
    sack({block(1, 4)});
    BOOST_TEST(board.mark_lost(flight, lost) == mss);
    BOOST_TEST(marks() == "xsss......");
}

BOOST_FIXTURE_TEST_CASE(holes_near_the_end_are_not_lost_yet, ten_in_flight) {
    sack({block(9, 10), block(5, 6), block(1, 4)});
    board.mark_lost(flight, lost);
    BOOST_TEST(marks() == "xsss.s...s");
    sack({block(7, 8)});
    board.mark_lost(flight, lost);
    BOOST_TEST(marks() == "xsssxs.s.s");
}

BOOST_FIXTURE_TEST_CASE(a_segment_is_judged_once, ten_in_flight) {
    sack({block(1, 4)});
    board.mark_lost(flight, lost);
    flight.on_retransmit(0, time_point());
    sack({block(1, 6)});
    BOOST_TEST(board.mark_lost(flight, lost) == 0u);
    BOOST_TEST(marks() == ".sssss....");
}

BOOST_FIXTURE_TEST_CASE(what_was_judged_before_a_timeout_is_not_judged_again, ten_in_flight) {
    board.judge_until(at(10));
    sack({block(1, 9)});
    BOOST_TEST(board.mark_lost(flight, lost) == 0u);
}

// RFC 2883 §4.
BOOST_FIXTURE_TEST_CASE(a_first_block_below_the_acknowledgement_reports_a_duplicate, ten_in_flight) {
    flight.acknowledge(at(3), time_point());
    const auto u = sack({block(1, 2), block(5, 6)}, at(3));
    BOOST_TEST(u.duplicate_reported);
    BOOST_TEST(u.newly_sacked_bytes == mss);
}

BOOST_FIXTURE_TEST_CASE(a_first_block_inside_the_second_reports_a_duplicate, ten_in_flight) {
    BOOST_TEST(sack({block(4, 5), block(3, 6)}).duplicate_reported);
    BOOST_TEST(!sack({block(3, 6), block(7, 8)}).duplicate_reported);
}

// What a peer reports again, in the same words or others, must not cost a walk along the flight each time.
BOOST_AUTO_TEST_CASE(reports_of_what_is_known_are_cheap_in_a_large_flight) {
    constexpr uint32_t segments = 16384;
    const auto at = [](uint32_t segment) { return origin + segment * mss; };
    in_flight flight;
    for (uint32_t i = 0; i < segments; ++i) flight.push(at(i), mss, time_point());
    scoreboard board;
    board.reset(origin);
    const auto visits = [&](uint32_t first, uint32_t last) {
        sack_blocks blocks;
        blocks.push_back({at(first), at(last)});
        return uint64_t(board.on_sack(blocks, origin, flight, [](const sent_segment&) {}).visited);
    };
    uint64_t all = 0;
    for (uint32_t i = segments; i > 1; --i) all += visits(i - 1, i);  // in the order that leaves no strides
    BOOST_TEST(all == segments - 1);
    BOOST_TEST(visits(1, segments) <= segments);
    for (uint32_t i = 0; i < 1000; ++i) BOOST_TEST_REQUIRE(visits(1, segments) == 1u);
    all = 0;
    for (uint32_t i = 1; i < segments; ++i) all += visits(i, segments);
    for (uint32_t i = segments; i > 1; --i) all += visits(1, i);
    for (uint32_t i = 1; i < segments / 2; ++i) all += visits(i, segments - i);
    BOOST_TEST(all <= 4 * segments);
    BOOST_TEST(flight.sacked_bytes() == (segments - 1) * mss);
}

BOOST_FIXTURE_TEST_CASE(blocks_that_cover_no_segment_make_none_lost, ten_in_flight) {
    sack({{at(9) + 1, at(9) + 2}, {at(7) + 1, at(7) + 2}, {at(5) + 1, at(5) + 2}});
    BOOST_TEST(board.mark_lost(flight, lost) == 0u);
    sack({block(9, 10), block(3, 5)});
    BOOST_TEST(board.mark_lost(flight, lost) == 3 * mss);
    BOOST_TEST(marks() == "xxxss....s");
}

BOOST_FIXTURE_TEST_CASE(nothing_in_flight_is_no_harm, ten_in_flight) {
    flight.acknowledge(at(10), time_point());
    BOOST_TEST(sack({block(4, 5)}, at(10)).newly_sacked_bytes == 0u);
    BOOST_TEST(board.mark_lost(flight, lost) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
