#include "tcp/receive/timestamps.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{1s};

timestamps enabled(uint32_t recent) {
    timestamps t;
    t.enable(5000, recent, start);
    return t;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(receive)

// RFC 7323 §5.4: between 1 ms and 1 s a tick.
BOOST_AUTO_TEST_CASE(our_clock_ticks_once_a_millisecond) {
    BOOST_TEST(timestamp_clock(start, 0) == 1000u);
    BOOST_TEST(timestamp_clock(start + 999us, 0) == 1000u);
    BOOST_TEST(timestamp_clock(start + 1ms, 0xffffffff) == 1000u);
}

BOOST_AUTO_TEST_CASE(a_stamp_has_our_clock_and_the_echo) {
    BOOST_TEST((enabled(77).stamp(start + 2ms) == timestamp_option{6002, 77}));
}

// RFC 7323 §5.3 R1.
BOOST_AUTO_TEST_CASE(an_older_segment_is_rejected) {
    const timestamps t = enabled(100);
    BOOST_TEST(t.rejects(99, start));
    BOOST_TEST(!t.rejects(100, start));
    BOOST_TEST(!t.rejects(101, start));
}

BOOST_AUTO_TEST_CASE(older_is_meant_modulo_the_clock) {
    const timestamps t = enabled(0xfffffff0);
    BOOST_TEST(!t.rejects(5, start));
    BOOST_TEST(t.rejects(0xffffffe0, start));
}

// RFC 7323 §5.5.
BOOST_AUTO_TEST_CASE(a_timestamp_of_24_days_ago_rejects_nothing) {
    timestamps t = enabled(100);
    BOOST_TEST(t.rejects(99, start + 23 * 24h));
    BOOST_TEST(!t.rejects(99, start + 24 * 24h));
    t.on_segment(99, seq(1), seq(1), start + 24 * 24h);
    BOOST_TEST(t.recent() == 99u);
}

// RFC 7323 §4.3 (2), and its case (A): delayed ACKs echo the earliest.
BOOST_AUTO_TEST_CASE(with_delayed_acks_the_earliest_segment_is_echoed) {
    timestamps t = enabled(1);
    t.on_segment(10, seq(100), seq(100), start);
    BOOST_TEST(t.recent() == 10u);
    t.on_segment(11, seq(200), seq(100), start);
    BOOST_TEST(t.recent() == 10u);
}

// RFC 7323 §4.3 case (B): a segment behind a hole does not change the echo; the one that fills it does.
BOOST_AUTO_TEST_CASE(the_segment_that_fills_a_hole_is_echoed) {
    timestamps t = enabled(1);
    t.on_segment(12, seq(300), seq(100), start);
    BOOST_TEST(t.recent() == 1u);
    t.on_segment(13, seq(100), seq(100), start);
    BOOST_TEST(t.recent() == 13u);
}

BOOST_AUTO_TEST_CASE(an_older_value_is_not_remembered) {
    timestamps t = enabled(50);
    t.on_segment(49, seq(100), seq(100), start);
    BOOST_TEST(t.recent() == 50u);
}

BOOST_AUTO_TEST_CASE(the_echo_tells_the_time_since_sending) {
    const timestamps t = enabled(1);
    const uint32_t sent = t.stamp(start).value;
    BOOST_TEST((t.elapsed(sent, start + 25ms).value() == 25ms));
    BOOST_TEST((t.elapsed(sent, start).value() == 0ms));
}

BOOST_AUTO_TEST_CASE(an_impossible_echo_tells_nothing) {
    const timestamps t = enabled(1);
    const uint32_t sent = t.stamp(start).value;
    BOOST_TEST(!t.elapsed(sent + 1, start).has_value());
    BOOST_TEST(!t.elapsed(sent, start + 61s).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
