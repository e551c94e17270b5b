#include "tcp/receive/reassembly.hh"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace millrace;
using namespace millrace::tcp;

namespace {

const seq origin(0xffffffe0);  // every test crosses the wrap

// A stream whose byte at offset n is a letter that depends on n alone.
char letter(uint32_t offset) {
    return char('a' + offset % 26);
}
std::string text(uint32_t from, uint32_t to) {
    std::string s;
    for (uint32_t i = from; i < to; ++i) s += letter(i);
    return s;
}

struct receiver {
    explicit receiver(reassembly_limits l = {}) : limits(l) {}

    bool insert(uint32_t from, uint32_t to) {
        return r.insert(origin + from, buffer::copy_of(text(from, to)), limits);
    }
    // What is delivered when RCV.NXT has moved to `next`; next moves on.
    std::string take(uint32_t& next) {
        std::string out;
        next = distance(origin, r.take(origin + next, [&](buffer b) { out += b.view(); }));
        return out;
    }
    // "[10,20) [30,40)", in the order of the report.
    std::string report(size_t room = 4) {
        sack_blocks blocks;
        r.report(blocks, room);
        std::string s;
        for (const auto& b : blocks)
            s += (s.empty() ? "[" : " [") + std::to_string(distance(origin, b.left)) + "," +
                 std::to_string(distance(origin, b.right)) + ")";
        return s;
    }

    reassembly_limits limits;
    reassembly r;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(receive)

// What many small segments take is far more than their bytes.
BOOST_AUTO_TEST_CASE(what_is_held_counts_with_its_memory) {
    receiver r;
    for (uint32_t i = 10; i < 110; ++i) BOOST_TEST(r.insert(i, i + 1));
    BOOST_TEST(r.r.bytes() == 100u);
    BOOST_TEST(r.r.held() > 100u * 64);
    BOOST_TEST(r.insert(0, 5));
    uint32_t next = 10;
    r.take(next);
    BOOST_TEST(next == 110u);
    BOOST_TEST(r.r.held() == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_is_kept_at_first) {
    receiver r;
    uint32_t next = 0;
    BOOST_TEST(r.r.empty());
    BOOST_TEST(!r.r.has_report());
    BOOST_TEST(r.take(next) == "");
    BOOST_TEST(next == 0u);
}

BOOST_AUTO_TEST_CASE(data_waits_for_the_gap_before_it) {
    receiver r;
    BOOST_TEST(r.insert(10, 20));
    BOOST_TEST(r.r.bytes() == 10u);
    uint32_t next = 5;
    BOOST_TEST(r.take(next) == "");
    BOOST_TEST(next == 5u);
    next = 10;
    BOOST_TEST(r.take(next) == text(10, 20));
    BOOST_TEST(next == 20u);
    BOOST_TEST(r.r.empty());
    BOOST_TEST(r.r.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(delivery_stops_at_the_next_gap) {
    receiver r;
    BOOST_TEST((r.insert(30, 40) && r.insert(10, 20) && r.insert(20, 25)));
    uint32_t next = 10;
    BOOST_TEST(r.take(next) == text(10, 25));
    BOOST_TEST(next == 25u);
    BOOST_TEST(r.report() == "[30,40)");
}

BOOST_AUTO_TEST_CASE(data_that_reaches_into_what_is_kept_is_not_delivered_twice) {
    receiver r;
    BOOST_TEST((r.insert(10, 20) && r.insert(20, 30)));
    uint32_t next = 24;  // came in order, up to the middle of the second
    BOOST_TEST(r.take(next) == text(24, 30));
    BOOST_TEST(r.r.empty());
}

BOOST_AUTO_TEST_CASE(bytes_known_already_stay) {
    receiver r;
    BOOST_TEST(r.insert(10, 20));
    BOOST_TEST(r.r.insert(origin + 5, buffer::copy_of(std::string(20, '!')), {}));
    uint32_t next = 5;
    BOOST_TEST(r.take(next) == "!!!!!" + text(10, 20) + "!!!!!");
}

// RFC 2018 §4: the first block holds the segment that came last; the others follow by recency.
BOOST_AUTO_TEST_CASE(blocks_are_reported_the_most_recent_first) {
    receiver r;
    BOOST_TEST((r.insert(10, 20) && r.insert(50, 60) && r.insert(30, 40)));
    BOOST_TEST(r.report() == "[30,40) [50,60) [10,20)");
    BOOST_TEST(r.insert(60, 70));
    BOOST_TEST(r.report() == "[50,70) [30,40) [10,20)");
    BOOST_TEST(r.report(2) == "[50,70) [30,40)");
}

BOOST_AUTO_TEST_CASE(ranges_that_meet_become_one) {
    receiver r;
    BOOST_TEST((r.insert(10, 20) && r.insert(30, 40) && r.insert(50, 60) && r.insert(20, 30)));
    BOOST_TEST(r.report() == "[10,40) [50,60)");
    BOOST_TEST(r.insert(5, 70));
    BOOST_TEST(r.r.ranges() == 1u);
    BOOST_TEST(r.r.bytes() == 65u);
}

// RFC 2883 §4: what came twice is the first block, once.
BOOST_AUTO_TEST_CASE(a_duplicate_is_reported_once_before_the_range_that_holds_it) {
    receiver r;
    BOOST_TEST((r.insert(10, 30) && r.insert(50, 60)));
    BOOST_TEST(r.insert(15, 20));
    BOOST_TEST(r.report() == "[15,20) [10,30) [50,60)");
    BOOST_TEST(r.report() == "[10,30) [50,60)");
}

BOOST_AUTO_TEST_CASE(a_duplicate_of_delivered_data_can_be_noted) {
    receiver r;
    r.r.note_duplicate({origin, origin + 5});
    BOOST_TEST(r.r.has_report());
    BOOST_TEST(r.report() == "[0,5)");
    BOOST_TEST(!r.r.has_report());
}

BOOST_AUTO_TEST_CASE(islands_are_bounded_but_may_grow) {
    receiver r({.max_chunks = 100, .max_ranges = 3});
    BOOST_TEST((r.insert(10, 20) && r.insert(30, 40) && r.insert(50, 60)));
    BOOST_TEST(!r.insert(70, 80));
    BOOST_TEST(r.insert(60, 65));
    BOOST_TEST(r.insert(20, 30));
    BOOST_TEST(r.insert(70, 80));
    BOOST_TEST(r.r.bytes() == 55u);
}

BOOST_AUTO_TEST_CASE(buffers_kept_are_bounded) {
    receiver r({.max_chunks = 3, .max_ranges = 10});
    BOOST_TEST((r.insert(10, 11) && r.insert(12, 13) && r.insert(14, 15)));
    BOOST_TEST(!r.insert(11, 16));
    BOOST_TEST(r.r.bytes() == 3u);
    BOOST_TEST(r.insert(12, 13));  // known
    uint32_t next = 10;
    BOOST_TEST(r.take(next) == text(10, 11));
}

// 10 Gbit/s over 50 ms: one loss, and 40,000 segments come before it is mended.
BOOST_AUTO_TEST_CASE(a_long_flight_behind_a_gap_is_kept) {
    constexpr uint32_t segments = 80'000;
    receiver r;
    const auto make = millrace::buffer::copy_of(std::string(1448, 'x'));
    for (uint32_t i = 1; i <= segments; ++i)
        BOOST_TEST_REQUIRE(r.r.insert(origin + i * 1448, make.share(), r.limits));
    BOOST_TEST(r.report() == "[1448,115841448)");
    uint32_t delivered = 0;
    const seq next = r.r.take(origin + 1448, [&](const auto& b) { delivered += uint32_t(b.size()); });
    BOOST_TEST(delivered == segments * 1448);
    BOOST_TEST(distance(origin, next) == (segments + 1) * 1448);
    BOOST_TEST(r.r.empty());
}

// A peer that fills a window with single bytes has us remember so many and no more.
BOOST_AUTO_TEST_CASE(beyond_the_limit_only_segments_of_usual_size_are_kept) {
    receiver r({.max_chunks = 100, .max_ranges = 10});
    const auto one = millrace::buffer::copy_of("x");
    for (uint32_t i = 1; i <= 100; ++i) BOOST_TEST(r.r.insert(origin + i, one.share(), r.limits));
    BOOST_TEST(!r.r.insert(origin + 101, one.share(), r.limits));
    const auto full = millrace::buffer::copy_of(std::string(1448, 'x'));
    receiver s({.max_chunks = 100, .max_ranges = 10});
    for (uint32_t i = 1; i <= 300; ++i) BOOST_TEST(s.r.insert(origin + i * 1448, full.share(), s.limits));
    // 434,911 bytes are of 811 segments of usual size.
    for (uint32_t i = 0; i < 511; ++i) BOOST_TEST(s.r.insert(origin + 301 * 1448 + i, one.share(), s.limits));
    BOOST_TEST(!s.r.insert(origin + 301 * 1448 + 511, one.share(), s.limits));
}

// Every third segment of a window is missing, and comes, the first one first.
BOOST_AUTO_TEST_CASE(many_islands_are_joined_one_by_one) {
    constexpr uint32_t islands = 4000;
    receiver r;
    for (uint32_t i = 0; i < islands; ++i) BOOST_TEST_REQUIRE(r.insert(30 * i + 10, 30 * i + 30));
    BOOST_TEST(r.r.ranges() == islands);
    BOOST_TEST(r.report() == "[119980,120000) [119950,119970) [119920,119940) [119890,119910)");
    for (uint32_t i = 1; i < islands; ++i) {
        BOOST_TEST_REQUIRE(r.insert(30 * i, 30 * i + 10));
        BOOST_TEST_REQUIRE(r.r.ranges() == islands - i);
    }
    BOOST_TEST(r.report() == "[10,120000)");
    uint32_t next = 10;
    BOOST_TEST((r.take(next) == text(10, 120'000)));
}

// RFC 2018 §4: as many as there is room for, whatever became of those that changed last.
BOOST_AUTO_TEST_CASE(what_changed_long_ago_is_reported_if_there_is_room) {
    receiver r;
    for (uint32_t i = 0; i < 20; ++i) BOOST_TEST(r.insert(20 * i + 10, 20 * i + 20));
    BOOST_TEST(r.insert(110, 390));
    r.report();  // what came twice
    BOOST_TEST(r.report() == "[110,400) [90,100) [70,80) [50,60)");
}

BOOST_AUTO_TEST_CASE(clear_drops_all) {
    receiver r;
    BOOST_TEST(r.insert(10, 20));
    r.r.clear();
    BOOST_TEST(r.r.empty());
    BOOST_TEST(r.r.bytes() == 0u);
    BOOST_TEST(!r.r.has_report());
}

// Any order, any overlap, any repetition: the stream comes out as it went in.
BOOST_AUTO_TEST_CASE(random_pieces_give_the_stream_back) {
    for (uint32_t run = 0; run < 300; ++run) {
        std::mt19937 random(run);
        receiver r;
        const uint32_t total = 300;
        uint32_t next = 0;
        std::string out;
        for (int guard = 0; next < total && guard < 10'000; ++guard) {
            const uint32_t from = next + random() % (total - next);
            const uint32_t to = std::min(total, from + 1 + uint32_t(random() % 40));
            if (from > next) {
                BOOST_TEST_REQUIRE(r.insert(from, to));
            } else {
                out += text(next, to);
                next = to;
                if (!r.r.empty()) out += r.take(next);
            }
            sack_blocks blocks;
            r.r.report(blocks, 4);
            for (const auto& b : blocks) BOOST_TEST_REQUIRE((b.left < b.right));
        }
        BOOST_TEST_REQUIRE(out == text(0, total));
        BOOST_TEST_REQUIRE(r.r.empty());
        BOOST_TEST_REQUIRE(r.r.ranges() == 0u);
        BOOST_TEST_REQUIRE(r.r.bytes() == 0u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
