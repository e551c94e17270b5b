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

// RFC 7661 §4.3.
BOOST_AUTO_TEST_CASE(a_window_that_was_not_filled_does_not_grow) {
    for (auto a : {congestion_algorithm::cubic, congestion_algorithm::reno}) {
        congestion_control c(a, mss, 10 * mss);
        for (int i = 0; i < 100; ++i) c.on_ack_unfilled(mss, time_point(1s + i * 1ms), 10ms);
        BOOST_TEST(c.cwnd() == 10 * mss);
    }
}

// RFC 5681 §3.2 step 2.
BOOST_AUTO_TEST_CASE(a_loss_is_measured_by_the_flight) {
    congestion_control c(congestion_algorithm::cubic, mss, 100 * mss);
    c.on_loss(20 * mss);
    BOOST_TEST(c.cwnd() == 14 * mss);
}

namespace {

// Has filled a window of 100 segments, and uses four a round trip of 100 ms since.
struct rate_limited {
    explicit rate_limited(congestion_algorithm a = congestion_algorithm::reno) : c(a, mss, 10 * mss) {
        for (int i = 0; i < 90; ++i, now += 1ms) fill(mss);
        use(4 * mss, 5s);
    }
    void fill(uint32_t bytes) {
        c.on_ack({.acked = bytes, .flight = 0, .now = now, .rtt = rtt, .srtt = rtt});
    }
    void use(uint32_t bytes, duration time) {
        for (const time_point end = now + time; now < end; now += rtt) c.on_ack_unfilled(bytes, now, rtt);
    }

    static constexpr duration rtt = 100ms;
    congestion_control c;
    time_point now{1s};
};

}  // namespace

// RFC 7661 §4.4.1: not by the window that was kept, nor by what is in flight just now.
BOOST_AUTO_TEST_CASE(a_loss_in_a_window_that_is_not_validated_is_measured_by_what_was_used) {
    for (auto a : {congestion_algorithm::reno, congestion_algorithm::cubic}) {
        const bool is_reno = a == congestion_algorithm::reno;
        rate_limited s(a);
        BOOST_TEST(s.c.cwnd() == 100 * mss);
        s.c.on_loss(mss);
        BOOST_TEST(s.c.cwnd() == (is_reno ? 2000u : 2800u));
        rate_limited t(a);
        t.c.on_loss(20 * mss);
        BOOST_TEST(t.c.cwnd() == (is_reno ? 10'000u : 14'000u));
        // Less what had to be sent again.
        t.c.on_recovery_exit(t.c.ssthresh(), 5 * mss);
        BOOST_TEST(t.c.cwnd() == (is_reno ? 7500u : 10'500u));
        BOOST_TEST(t.c.ssthresh() == t.c.cwnd());
    }
}

// RFC 9438 §4.6: W_max is the window just before the loss; here, as much of it as was used.
BOOST_AUTO_TEST_CASE(cubic_goes_back_to_what_was_used_of_a_window_that_is_not_validated) {
    rate_limited s(congestion_algorithm::cubic);
    s.c.on_loss(20 * mss);
    s.c.on_recovery_exit(s.c.ssthresh());
    BOOST_TEST(s.c.cwnd() == 14 * mss);
    for (int round = 0; round < 10; ++round, s.now += rate_limited::rtt) s.fill(s.c.cwnd());
    BOOST_TEST(s.c.cwnd() > 17 * mss);
    BOOST_TEST(s.c.cwnd() < 21 * mss);
}

BOOST_AUTO_TEST_CASE(what_was_sent_again_counts_only_in_a_window_that_was_not_validated) {
    rate_limited s;
    s.use(60 * mss, 5s);
    s.c.on_loss(60 * mss);
    BOOST_TEST(s.c.cwnd() == 30 * mss);
    s.c.on_recovery_exit(s.c.ssthresh(), 10 * mss);
    BOOST_TEST(s.c.cwnd() == 30 * mss);
}

// The same by a mark.
BOOST_AUTO_TEST_CASE(a_mark_in_a_window_that_is_not_validated_is_measured_by_what_was_used) {
    rate_limited s;
    s.c.on_mark(4 * mss);
    BOOST_TEST(s.c.cwnd() == 2 * mss);
}

// In slow start a round trip acknowledges half of what is out: that all of it is in use is seen by the
// flight.
BOOST_AUTO_TEST_CASE(a_mark_in_slow_start_halves_the_window_once) {
    congestion_control c(congestion_algorithm::reno, mss, 10 * mss);
    for (time_point now(1s); c.cwnd() < 100 * mss; now += 101ms)
        for (uint32_t left = c.cwnd() / mss; left > 0; --left)
            c.on_ack({.acked = mss, .flight = c.cwnd(), .now = now, .rtt = 100ms, .srtt = 100ms});
    const uint32_t before = c.cwnd();
    c.on_mark(before);
    BOOST_TEST(c.cwnd() == before / 2);
}

// RFC 7661 §4.4.3: kept for five minutes, then half of it, and so on.
BOOST_AUTO_TEST_CASE(a_window_that_is_not_used_is_kept_for_five_minutes) {
    rate_limited s;
    s.use(4 * mss, 4min);
    BOOST_TEST(s.c.cwnd() == 100 * mss);
    s.use(4 * mss, 1min);
    BOOST_TEST(s.c.cwnd() == 50 * mss);
    BOOST_TEST(s.c.in_slow_start());
    s.use(4 * mss, 4min);
    BOOST_TEST(s.c.cwnd() == 50 * mss);
    s.use(4 * mss, 30min);
    BOOST_TEST(s.c.cwnd() == 10 * mss);
}

// RFC 7661 §4.3: half of it is enough.
BOOST_AUTO_TEST_CASE(a_window_that_is_used_to_the_half_is_kept) {
    rate_limited s;
    s.use(51 * mss, 1h);
    BOOST_TEST(s.c.cwnd() == 100 * mss);
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

// RFC 7661 §4.4.2, §4.4.3: a silence leaves the window, but for the burst that it would let out.
BOOST_AUTO_TEST_CASE(silence_leaves_the_window_for_five_minutes) {
    rate_limited s;
    BOOST_TEST(s.c.on_silence(s.now + 1min, 10 * mss));
    BOOST_TEST(s.c.cwnd() == 100 * mss);
    BOOST_TEST(s.c.on_silence(s.now + 6min, 10 * mss));
    BOOST_TEST(s.c.cwnd() == 50 * mss);
    BOOST_TEST(s.c.on_silence(s.now + 7min, 10 * mss));
    BOOST_TEST(s.c.cwnd() == 50 * mss);
}

// RFC 5681 §4.1: RW = min(IW, cwnd).
BOOST_AUTO_TEST_CASE(silence_does_not_grow_a_small_window) {
    congestion_control c(congestion_algorithm::reno, mss, 10 * mss);
    c.on_timeout(10 * mss, true);
    BOOST_TEST(!c.on_silence(time_point(1h), 10 * mss));
    BOOST_TEST(c.cwnd() == mss);
}

// RFC 7661 §4.4.3: ssthresh = max(ssthresh, 3/4 cwnd).
BOOST_AUTO_TEST_CASE(the_threshold_remembers_the_window_before_it_was_halved) {
    rate_limited s;
    s.use(60 * mss, 5s);
    s.c.on_loss(60 * mss);
    s.c.on_recovery_exit(s.c.ssthresh());
    for (int i = 0; i < 40 * 40; ++i, s.now += 1ms) s.fill(mss);
    const uint32_t before = s.c.cwnd();
    BOOST_TEST(before > 40 * mss);
    BOOST_TEST(s.c.on_silence(s.now + 6min, 10 * mss));
    BOOST_TEST(s.c.cwnd() == before / 2);
    BOOST_TEST(s.c.ssthresh() == before - before / 4);
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
        c.on_mark(40 * mss);
        BOOST_TEST(c.cwnd() == (a == congestion_algorithm::cubic ? 28 : 20) * mss);
        BOOST_TEST(c.ssthresh() == c.cwnd());
        c.on_spurious();
        BOOST_TEST(c.cwnd() < 40 * mss);
        for (int i = 0; i < 30; ++i) c.on_mark(40 * mss);
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
    c.on_mark(40 * mss);
    BOOST_TEST(!c.on_silence(time_point(2h), 2 * mss));
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
