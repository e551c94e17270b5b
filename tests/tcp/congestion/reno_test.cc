#include "tcp/congestion/reno.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

namespace {

constexpr uint32_t mss = 1000;

reno in_avoidance(uint32_t segments) {
    reno r(mss, 10 * mss);
    r.on_loss(2 * segments * mss);
    return r;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 6928 §2: min(10 * MSS, max(2 * MSS, 14600)).
BOOST_AUTO_TEST_CASE(the_initial_window_is_ten_segments_within_bounds) {
    BOOST_TEST(initial_window(1460) == 14600u);
    BOOST_TEST(initial_window(536) == 5360u);
    BOOST_TEST(initial_window(8960) == 17920u);
    BOOST_TEST(initial_window(1460, 3) == 4380u);
}

// RFC 5681 §3.1, RFC 3465 §2.2 with L = 2.
BOOST_AUTO_TEST_CASE(slow_start_grows_by_what_was_acknowledged_up_to_two_segments) {
    reno r(mss, 10 * mss);
    BOOST_TEST(r.in_slow_start());
    r.on_ack(mss, true);
    BOOST_TEST(r.cwnd() == 11 * mss);
    r.on_ack(300, true);
    BOOST_TEST(r.cwnd() == 11 * mss + 300);
    r.on_ack(9 * mss, true);
    BOOST_TEST(r.cwnd() == 13 * mss + 300);
}

BOOST_AUTO_TEST_CASE(a_window_that_was_not_filled_does_not_grow) {
    reno r(mss, 10 * mss);
    r.on_ack(mss, false);
    BOOST_TEST(r.cwnd() == 10 * mss);
}

// RFC 3465 §2.1.
BOOST_AUTO_TEST_CASE(congestion_avoidance_grows_by_one_segment_a_window) {
    reno r = in_avoidance(8);
    BOOST_TEST(!r.in_slow_start());
    for (int i = 0; i < 7; ++i) r.on_ack(mss, true);
    BOOST_TEST(r.cwnd() == 8 * mss);
    r.on_ack(mss, true);
    BOOST_TEST(r.cwnd() == 9 * mss);
    for (int i = 0; i < 9; ++i) r.on_ack(mss, true);
    BOOST_TEST(r.cwnd() == 10 * mss);
}

// RFC 5681 equation (4).
BOOST_AUTO_TEST_CASE(loss_halves_the_flight) {
    reno r(mss, 20 * mss);
    r.on_loss(16 * mss);
    BOOST_TEST(r.ssthresh() == 8 * mss);
    BOOST_TEST(r.cwnd() == 8 * mss);
}

BOOST_AUTO_TEST_CASE(half_is_never_below_two_segments) {
    reno r(mss, 10 * mss);
    r.on_loss(mss);
    BOOST_TEST(r.ssthresh() == 2 * mss);
    r.on_timeout(mss, true);
    BOOST_TEST(r.ssthresh() == 2 * mss);
}

// RFC 5681 §3.1: the loss window.
BOOST_AUTO_TEST_CASE(timeout_collapses_to_one_segment) {
    reno r(mss, 10 * mss);
    r.on_timeout(10 * mss, true);
    BOOST_TEST(r.cwnd() == mss);
    BOOST_TEST(r.ssthresh() == 5 * mss);
    BOOST_TEST(r.in_slow_start());
}

// RFC 3465 §2.3.
BOOST_AUTO_TEST_CASE(after_a_timeout_one_ack_grows_the_window_by_one_segment) {
    reno r(mss, 10 * mss);
    r.on_timeout(10 * mss, true);
    r.on_ack(4 * mss, true);
    BOOST_TEST(r.cwnd() == 2 * mss);
    for (int i = 0; i < 4; ++i) r.on_ack(4 * mss, true);
    BOOST_TEST(!r.in_slow_start());
}

// RFC 5681 §3.1: ssthresh is held constant if the same segment times out again.
BOOST_AUTO_TEST_CASE(a_second_timeout_in_a_row_keeps_ssthresh) {
    reno r(mss, 10 * mss);
    r.on_timeout(10 * mss, true);
    r.on_timeout(mss, false);
    BOOST_TEST(r.ssthresh() == 5 * mss);
    BOOST_TEST(r.cwnd() == mss);
}

// RFC 6582 §3.2 step 3, option (1).
BOOST_AUTO_TEST_CASE(leaving_recovery_lets_no_burst_out) {
    reno r(mss, 20 * mss);
    r.on_loss(20 * mss);
    r.on_recovery_exit(3 * mss);
    BOOST_TEST(r.cwnd() == 4 * mss);
    r.on_loss(20 * mss);
    r.on_recovery_exit(0);
    BOOST_TEST(r.cwnd() == 2 * mss);
    r.on_loss(20 * mss);
    r.on_recovery_exit(15 * mss);
    BOOST_TEST(r.cwnd() == 10 * mss);
}

// RFC 5681 §4.1.
BOOST_AUTO_TEST_CASE(silence_brings_the_window_back_to_the_start) {
    reno r(mss, 10 * mss);
    for (int i = 0; i < 30; ++i) r.on_ack(mss, true);
    r.on_idle();
    BOOST_TEST(r.cwnd() == 10 * mss);
    r.on_timeout(10 * mss, true);
    r.on_idle();
    BOOST_TEST(r.cwnd() == mss);
}

BOOST_AUTO_TEST_CASE(the_window_is_bounded) {
    reno r(mss, 10 * mss);
    for (int i = 0; i < 2'000'000; ++i) r.on_ack(2 * mss, true);
    BOOST_TEST(r.cwnd() <= (uint32_t(1) << 30) + 2 * mss);
}

BOOST_AUTO_TEST_SUITE_END()
