#include "tcp/congestion/congestion_control.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;

namespace {

constexpr uint32_t mss = 1000;

struct sender {
    explicit sender(uint32_t segments) : c(net::congestion_algorithm::reno, mss, segments * mss) {}

    void ack(uint32_t bytes, int times = 1) {
        for (int i = 0; i < times; ++i)
            c.on_ack({.acked = bytes, .flight = 0, .now = {}, .rtt = {}, .srtt = {}});
    }
    uint32_t cwnd() const { return c.cwnd(); }

    congestion_control c;
};

sender in_avoidance(uint32_t segments) {
    sender s(2 * segments);
    s.c.on_loss(2 * segments * mss);
    return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 5681 §3.1, RFC 3465 §2.2 with L = 2.
BOOST_AUTO_TEST_CASE(slow_start_grows_by_what_was_acknowledged_up_to_two_segments) {
    sender s(10);
    BOOST_TEST(s.c.in_slow_start());
    s.ack(mss);
    BOOST_TEST(s.cwnd() == 11 * mss);
    s.ack(300);
    BOOST_TEST(s.cwnd() == 11 * mss + 300);
    s.ack(9 * mss);
    BOOST_TEST(s.cwnd() == 13 * mss + 300);
}

BOOST_AUTO_TEST_CASE(slow_start_ends_at_the_threshold) {
    sender s = in_avoidance(8);
    s.c.on_recovery_exit(5 * mss);
    BOOST_TEST(s.cwnd() == 6 * mss);
    s.ack(2 * mss, 2);
    BOOST_TEST(s.cwnd() == 8 * mss);
}

// RFC 3465 §2.1.
BOOST_AUTO_TEST_CASE(congestion_avoidance_grows_by_one_segment_a_window) {
    sender s = in_avoidance(8);
    BOOST_TEST(!s.c.in_slow_start());
    s.ack(mss, 7);
    BOOST_TEST(s.cwnd() == 8 * mss);
    s.ack(mss);
    BOOST_TEST(s.cwnd() == 9 * mss);
    s.ack(mss, 9);
    BOOST_TEST(s.cwnd() == 10 * mss);
}

// RFC 5681 §3.1 equation (4), §3.2 step 2.
BOOST_AUTO_TEST_CASE(loss_halves_the_flight) {
    sender s(20);
    s.c.on_loss(16 * mss);
    BOOST_TEST(s.c.ssthresh() == 8 * mss);
    BOOST_TEST(s.cwnd() == 8 * mss);
}

// RFC 5681 §3.2 step 2: what limited transmit sent (RFC 3042) is not part of it.
BOOST_AUTO_TEST_CASE(what_was_sent_beyond_the_window_is_not_halved) {
    sender s(20);
    s.c.on_loss(22 * mss);
    BOOST_TEST(s.c.ssthresh() == 10 * mss);
}

// RFC 5681 §3.1 equation (4).
BOOST_AUTO_TEST_CASE(half_is_never_below_two_segments) {
    sender s(10);
    s.c.on_loss(mss);
    BOOST_TEST(s.c.ssthresh() == 2 * mss);
    s.c.on_timeout(mss, true);
    BOOST_TEST(s.c.ssthresh() == 2 * mss);
}

// RFC 5681 §3.1: the loss window.
BOOST_AUTO_TEST_CASE(timeout_collapses_to_one_segment) {
    sender s(10);
    s.c.on_timeout(10 * mss, true);
    BOOST_TEST(s.cwnd() == mss);
    BOOST_TEST(s.c.ssthresh() == 5 * mss);
    BOOST_TEST(s.c.in_slow_start());
}

// RFC 3465 §2.3.
BOOST_AUTO_TEST_CASE(after_a_timeout_one_ack_grows_the_window_by_one_segment) {
    sender s(10);
    s.c.on_timeout(10 * mss, true);
    s.ack(4 * mss);
    BOOST_TEST(s.cwnd() == 2 * mss);
    s.ack(4 * mss, 4);
    BOOST_TEST(!s.c.in_slow_start());
    // Only of that slow start.
    s.c.on_recovery_exit(0);
    BOOST_TEST(s.cwnd() == 2 * mss);
    s.ack(4 * mss);
    BOOST_TEST(s.cwnd() == 4 * mss);
}

// RFC 5681 §3.1: ssthresh is held constant if the same segment times out again.
BOOST_AUTO_TEST_CASE(a_second_timeout_in_a_row_keeps_ssthresh) {
    sender s(10);
    s.c.on_timeout(10 * mss, true);
    s.c.on_timeout(mss, false);
    BOOST_TEST(s.c.ssthresh() == 5 * mss);
    BOOST_TEST(s.cwnd() == mss);
}

BOOST_AUTO_TEST_CASE(the_window_is_bounded) {
    sender s(10);
    s.ack(2 * mss, 2'000'000);
    BOOST_TEST(s.cwnd() == uint32_t(1) << 30);
}

BOOST_AUTO_TEST_SUITE_END()
