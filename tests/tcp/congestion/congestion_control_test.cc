#include "tcp/congestion/congestion_control.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using net::congestion_algorithm;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t mss = 1000;

window_ack ack(uint32_t bytes) {
    return {.acked = bytes, .flight = 0, .now = {}, .rtt = {}, .srtt = {}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

BOOST_AUTO_TEST_CASE(events_reach_each_algorithm) {
    for (auto a : {congestion_algorithm::cubic, congestion_algorithm::reno, congestion_algorithm::dctcp}) {
        const bool is_reno = a != congestion_algorithm::cubic;
        congestion_control c(a, mss, 10 * mss);
        BOOST_TEST((c.algorithm() == a));
        BOOST_TEST(c.cwnd() == 10 * mss);
        BOOST_TEST(c.in_slow_start());
        c.on_ack(ack(mss));
        BOOST_TEST(c.cwnd() == 11 * mss);
        c.on_loss(10 * mss);
        BOOST_TEST(c.cwnd() == (is_reno ? 5 * mss : 7 * mss));
        BOOST_TEST(c.ssthresh() == c.cwnd());
        BOOST_TEST(!c.in_slow_start());
        c.on_recovery_exit(mss);
        BOOST_TEST(c.cwnd() == 2 * mss);
        c.on_timeout(2 * mss, true);
        BOOST_TEST(c.cwnd() == mss);
        c.set_smss(500);
        c.on_timeout(2 * mss, false);
        BOOST_TEST(c.cwnd() == 500u);
    }
}

BOOST_AUTO_TEST_CASE(another_algorithm_goes_on_with_the_window) {
    congestion_control c(congestion_algorithm::cubic, mss, 10 * mss);
    c.on_loss(10 * mss);
    c.choose(congestion_algorithm::reno);
    BOOST_TEST((c.algorithm() == congestion_algorithm::reno));
    BOOST_TEST(c.cwnd() == 7 * mss);
    for (int i = 0; i < 7; ++i) c.on_ack(ack(mss));
    BOOST_TEST(c.cwnd() == 8 * mss);
    c.choose(congestion_algorithm::cubic);
    c.on_loss(8 * mss);
    BOOST_TEST(c.cwnd() == 5600u);
}

// RFC 7661 §4.2.
BOOST_AUTO_TEST_CASE(a_window_that_was_not_filled_does_not_grow) {
    for (auto a : {congestion_algorithm::cubic, congestion_algorithm::reno}) {
        congestion_control c(a, mss, 10 * mss);
        for (int i = 0; i < 100; ++i) c.on_ack_unfilled();
        BOOST_TEST(c.cwnd() == 10 * mss);
    }
}

// RFC 7661 §4.4.1: what was not used is not taken for what the path can bear.
BOOST_AUTO_TEST_CASE(loss_in_a_window_that_was_not_filled_is_measured_by_the_flight) {
    congestion_control c(congestion_algorithm::cubic, mss, 100 * mss);
    c.on_loss(20 * mss);
    BOOST_TEST(c.cwnd() == 14 * mss);
}

// RFC 6582 §3.2 step 3, option (1).
BOOST_AUTO_TEST_CASE(leaving_recovery_lets_no_burst_out) {
    congestion_control c(congestion_algorithm::reno, mss, 20 * mss);
    c.on_loss(20 * mss);
    c.on_recovery_exit(3 * mss);
    BOOST_TEST(c.cwnd() == 4 * mss);
    c.on_recovery_exit(0);
    BOOST_TEST(c.cwnd() == 2 * mss);
    c.on_recovery_exit(15 * mss);
    BOOST_TEST(c.cwnd() == 10 * mss);
}

// RFC 5681 §4.1; halving by RFC 2861 §3.2.
BOOST_AUTO_TEST_CASE(silence_halves_the_window_for_each_timeout_down_to_the_start) {
    congestion_control c(congestion_algorithm::reno, mss, 10 * mss);
    for (int i = 0; i < 90; ++i) c.on_ack(ack(mss));
    BOOST_TEST(c.cwnd() == 100 * mss);
    c.on_idle(1, 10 * mss);
    BOOST_TEST(c.cwnd() == 50 * mss);
    BOOST_TEST(c.in_slow_start());
    c.on_idle(2, 10 * mss);
    BOOST_TEST(c.cwnd() == 12500u);
    c.on_idle(1, 10 * mss);
    BOOST_TEST(c.cwnd() == 10 * mss);
    c.on_idle(UINT32_MAX, 10 * mss);
    BOOST_TEST(c.cwnd() == 10 * mss);
}

// RFC 5681 §4.1: RW = min(IW, cwnd).
BOOST_AUTO_TEST_CASE(silence_does_not_grow_a_small_window) {
    congestion_control c(congestion_algorithm::reno, mss, 10 * mss);
    c.on_timeout(10 * mss, true);
    c.on_idle(1, 10 * mss);
    BOOST_TEST(c.cwnd() == mss);
}

// RFC 2861 §3.2: ssthresh = max(ssthresh, 3/4 cwnd).
BOOST_AUTO_TEST_CASE(the_threshold_remembers_the_window_before_the_silence) {
    congestion_control c(congestion_algorithm::reno, mss, 10 * mss);
    for (int i = 0; i < 70; ++i) c.on_ack(ack(mss));
    c.on_loss(80 * mss);
    for (int i = 0; i < 41 * 42; ++i) c.on_ack(ack(mss));
    const uint32_t before = c.cwnd();
    BOOST_TEST(before > 70 * mss);
    c.on_idle(1, 10 * mss);
    BOOST_TEST(c.cwnd() == before / 2);
    BOOST_TEST(c.ssthresh() == before - before / 4);
    c.on_idle(1, 10 * mss);
    BOOST_TEST(c.ssthresh() == before - before / 4);
}

// RFC 9438 §4.9, RFC 4015 §3.2.
BOOST_AUTO_TEST_CASE(a_loss_that_was_none_is_undone) {
    for (auto a : {congestion_algorithm::cubic, congestion_algorithm::reno}) {
        congestion_control c(a, mss, 40 * mss);
        c.on_loss(40 * mss);
        c.limit_recovery(22 * mss);
        c.on_spurious();
        BOOST_TEST(c.cwnd() == 40 * mss);
        BOOST_TEST(c.ssthresh() == UINT32_MAX);
        c.on_recovery_exit(mss);
        BOOST_TEST(c.cwnd() == 40 * mss);
    }
}

BOOST_AUTO_TEST_CASE(a_timeout_that_was_none_is_undone_once) {
    congestion_control c(congestion_algorithm::cubic, mss, 40 * mss);
    c.on_timeout(40 * mss, true);
    c.on_timeout(40 * mss, false);
    c.on_ack(ack(mss));
    c.on_spurious();
    BOOST_TEST(c.cwnd() == 40 * mss);
    BOOST_TEST(c.ssthresh() == UINT32_MAX);
    c.on_ack(ack(3 * mss));
    BOOST_TEST(c.cwnd() == 43 * mss);  // and slow start is not that after a timeout
    c.on_loss(43 * mss);
    const uint32_t after = c.cwnd();
    c.on_spurious();
    c.limit_recovery(after);
    c.on_spurious();
    BOOST_TEST(c.cwnd() == after);
}

// RFC 9438 §4.9.2: "continue to use the current and most recent values".
BOOST_AUTO_TEST_CASE(a_window_that_has_outgrown_the_loss_is_not_brought_back) {
    congestion_control c(congestion_algorithm::reno, mss, 4 * mss);
    c.on_loss(4 * mss);
    for (int i = 0; i < 100; ++i) c.on_ack(ack(mss));
    const uint32_t grown = c.cwnd();
    BOOST_TEST(grown > 4 * mss);
    c.on_spurious();
    BOOST_TEST(c.cwnd() == grown);
    BOOST_TEST(c.ssthresh() == 2 * mss);
}

// RFC 3168 §6.1.2: as a loss, but the whole window counts, nothing was lost, and nothing takes it back.
BOOST_AUTO_TEST_CASE(a_mark_reduces_the_window) {
    for (auto a : {congestion_algorithm::cubic, congestion_algorithm::reno, congestion_algorithm::dctcp}) {
        congestion_control c(a, mss, 40 * mss);
        c.on_mark();
        BOOST_TEST(c.cwnd() == (a == congestion_algorithm::cubic ? 28 : 20) * mss);
        BOOST_TEST(c.ssthresh() == c.cwnd());
        c.on_spurious();
        BOOST_TEST(c.cwnd() < 40 * mss);
        for (int i = 0; i < 30; ++i) c.on_mark();
        BOOST_TEST(c.cwnd() == 2 * mss);
    }
}

BOOST_AUTO_TEST_CASE(only_dctcp_measures_every_ack_and_needs_marks) {
    for (auto a : {congestion_algorithm::cubic, congestion_algorithm::reno, congestion_algorithm::dctcp}) {
        congestion_control c(a, mss, 10 * mss);
        BOOST_TEST(c.measures_acks() == (a == congestion_algorithm::dctcp));
        BOOST_TEST(c.needs_ecn() == (a == congestion_algorithm::dctcp));
        BOOST_TEST(!c.wants_model());
    }
}

// draft-ietf-ccwg-bbr §5.6.4.4: it is the model that says what a loss, a timeout or a silence means.
BOOST_AUTO_TEST_CASE(events_reach_the_model_of_bbr) {
    congestion_control c(congestion_algorithm::bbr, mss, 10 * mss);
    BOOST_TEST(c.measures_acks());
    BOOST_TEST(!c.needs_ecn());
    BOOST_TEST(c.wants_model());
    BOOST_TEST(!c.has_model());
    c.begin_model(100ms, true, time_point(1s), 1);
    BOOST_REQUIRE(c.has_model());
    c.on_ack(ack(mss));
    BOOST_TEST(c.cwnd() == 10 * mss);
    c.on_loss(10 * mss);
    c.limit_recovery(mss);
    BOOST_TEST(c.cwnd() == 10 * mss);
    c.on_recovery_exit(mss);
    c.on_mark();
    c.on_idle(5, 2 * mss);
    BOOST_TEST(c.cwnd() == 10 * mss);
    BOOST_TEST(c.ssthresh() == UINT32_MAX);
    c.on_timeout(10 * mss, true);
    BOOST_TEST(c.cwnd() == mss);
    c.on_spurious();
    BOOST_TEST(c.cwnd() == 10 * mss);
    c.on_delivery({.now = time_point(1s + 100ms),
                   .total = 5 * mss,
                   .newly_acked = 5 * mss,
                   .in_flight = 5 * mss,
                   .has_sample = true,
                   .delivered = 5 * mss,
                   .rate = 50'000,
                   .tx_in_flight = 10 * mss,
                   .rtt = 100ms});
    BOOST_TEST(c.cwnd() == 15 * mss);
    BOOST_TEST(c.model().model().max_bw() == 50'000u);
}

BOOST_AUTO_TEST_CASE(bbr_may_be_chosen_and_left_at_any_time) {
    congestion_control c(congestion_algorithm::cubic, mss, 10 * mss);
    c.on_loss(10 * mss);
    c.choose(congestion_algorithm::bbr);
    BOOST_TEST(!c.has_model());
    c.on_ack(ack(mss));  // nobody has begun the model
    c.begin_model(0ms, true, time_point(1s), 1);
    BOOST_TEST(c.ssthresh() == UINT32_MAX);
    const uint32_t cwnd = c.cwnd();
    c.choose(congestion_algorithm::cubic);
    BOOST_TEST(!c.has_model());
    BOOST_TEST(c.cwnd() == cwnd);
    c.on_loss(cwnd);
    BOOST_TEST(c.cwnd() < cwnd);
}

BOOST_AUTO_TEST_SUITE_END()
