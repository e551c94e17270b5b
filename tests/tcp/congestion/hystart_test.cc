#include "tcp/congestion/hystart.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <ostream>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace millrace::tcp {

std::ostream& operator<<(std::ostream& out, hystart::phase p) {
    return out << (p == hystart::phase::slow_start     ? "slow_start"
                   : p == hystart::phase::conservative ? "conservative"
                                                       : "finished");
}

}  // namespace millrace::tcp

namespace {

using phase = hystart::phase;

constexpr uint32_t mss = 1000;

// Windows sent at once and acknowledged one by one: each is a round.
struct sender {
    uint32_t round(duration rtt, uint32_t segments = 20) {
        uint32_t growth = 0;
        for (uint32_t i = 0; i < segments; ++i) growth += ack(rtt, segments);
        return growth;
    }
    uint32_t ack(duration rtt, uint32_t window, uint32_t bytes = mss) {
        if (flight == 0) flight = window * mss;
        flight -= std::min(flight, bytes);
        return h.on_ack({.acked = bytes, .flight = flight, .now = {}, .rtt = rtt, .srtt = rtt}, mss);
    }

    hystart h;
    uint32_t flight = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 9406 §4.2: cwnd = cwnd + min(N, L * SMSS), with L = 8 for a sender that does not pace (§4.3).
BOOST_AUTO_TEST_CASE(slow_start_grows_by_what_was_acknowledged_up_to_eight_segments) {
    sender s;
    BOOST_TEST(s.ack(100ms, 20) == mss);
    BOOST_TEST(s.ack(100ms, 20, 8 * mss) == 8 * mss);
    BOOST_TEST(s.ack(100ms, 20, 11 * mss) == 8 * mss);
}

// RFC 9406 §4.2, §4.3: RttThresh = max(4 ms, min(lastRoundMinRTT / 8, 16 ms)).
BOOST_AUTO_TEST_CASE(delay_grown_by_the_threshold_begins_conservative_slow_start) {
    const auto after = [](duration first, duration second) {
        sender s;
        s.round(first);
        s.round(second);
        return s.h.now();
    };
    BOOST_TEST(after(1ms, 4999us) == phase::slow_start);
    BOOST_TEST(after(1ms, 5ms) == phase::conservative);
    BOOST_TEST(after(80ms, 89'999us) == phase::slow_start);
    BOOST_TEST(after(80ms, 90ms) == phase::conservative);
    BOOST_TEST(after(400ms, 415'999us) == phase::slow_start);
    BOOST_TEST(after(400ms, 416ms) == phase::conservative);
}

// RFC 9406 §4.2: N_RTT_SAMPLE, eight.
BOOST_AUTO_TEST_CASE(seven_samples_of_a_round_say_nothing) {
    sender s;
    s.round(50ms);
    for (int i = 0; i < 7; ++i) s.ack(100ms, 20);
    BOOST_TEST(s.h.now() == phase::slow_start);
    s.ack(100ms, 20);
    BOOST_TEST(s.h.now() == phase::conservative);
}

BOOST_AUTO_TEST_CASE(acks_without_a_sample_are_not_samples) {
    sender s;
    s.round(50ms);
    for (int i = 0; i < 12; ++i) s.ack(duration::zero(), 20);
    for (int i = 0; i < 7; ++i) s.ack(100ms, 20);
    BOOST_TEST(s.h.now() == phase::slow_start);
}

// RFC 9406 §4.2: the least round trip of a round counts, so that one late packet ends nothing.
BOOST_AUTO_TEST_CASE(one_round_trip_as_short_as_before_keeps_slow_start) {
    sender s;
    s.round(50ms);
    s.ack(50ms, 20);
    for (int i = 0; i < 19; ++i) s.ack(100ms, 20);
    BOOST_TEST(s.h.now() == phase::slow_start);
}

// RFC 9406 §4.2, §4.3: CSS_GROWTH_DIVISOR, four.
BOOST_AUTO_TEST_CASE(conservative_slow_start_grows_a_quarter_as_fast) {
    sender s;
    s.round(50ms);
    s.round(100ms);
    BOOST_TEST(s.h.now() == phase::conservative);
    BOOST_TEST(s.ack(100ms, 20) == mss / 4);
    BOOST_TEST(s.ack(100ms, 20, 20 * mss) == 2 * mss);
}

// RFC 9406 §4.2, §4.3: CSS_ROUNDS, five; the one in which it began is the first of them.
BOOST_AUTO_TEST_CASE(after_five_rounds_of_it_slow_start_is_over) {
    sender s;
    s.round(50ms);
    s.round(100ms);
    for (int round = 2; round <= 5; ++round) {
        BOOST_TEST(s.h.now() == phase::conservative, "round " << round);
        s.round(100ms);
    }
    BOOST_TEST(s.h.now() == phase::finished);
}

// RFC 9406 §4.2: the exit was spurious if delay falls below what it was when CSS began.
BOOST_AUTO_TEST_CASE(delay_that_falls_again_resumes_slow_start) {
    sender s;
    s.round(50ms);
    s.round(100ms);
    s.round(100ms);
    for (int i = 0; i < 7; ++i) s.ack(99ms, 20);
    BOOST_TEST(s.h.now() == phase::conservative);
    s.ack(99ms, 20);
    BOOST_TEST(s.h.now() == phase::slow_start);
    BOOST_TEST(s.ack(99ms, 20) == mss);
    // And the next exit begins a new count of rounds.
    for (int i = 0; i < 11; ++i) s.ack(99ms, 20);
    s.round(120ms);
    for (int round = 2; round <= 5; ++round) {
        BOOST_TEST(s.h.now() == phase::conservative, "round " << round);
        s.round(120ms);
    }
    BOOST_TEST(s.h.now() == phase::finished);
}

BOOST_AUTO_TEST_CASE(a_pause_begins_the_round_anew) {
    sender s;
    s.round(50ms);
    s.h.restart();
    s.round(100ms);  // nothing to compare it with
    BOOST_TEST(s.h.now() == phase::slow_start);
    s.round(100ms);
    BOOST_TEST(s.h.now() == phase::slow_start);
    s.round(112'500us);
    BOOST_TEST(s.h.now() == phase::conservative);
}

// A round is a whole train: the delay that it makes itself, by which its tail waits longer than its head, is
// not the next one's.
BOOST_AUTO_TEST_CASE(delay_within_a_train_does_not_end_slow_start) {
    hystart h;
    uint32_t window = 10;
    for (int train = 0; train < 7; ++train) {
        const uint32_t sent = window;
        for (uint32_t i = 0; i < sent; ++i, ++window)
            h.on_ack(
                {.acked = mss, .flight = (window - 1) * mss, .now = {}, .rtt = 50ms + i * 1ms, .srtt = 50ms},
                mss);
        BOOST_TEST(h.now() == phase::slow_start, "train " << train);
    }
}

// Trains of ACKs after a first round that tells the round trip, 40 ms: the phase when the last ACK has come.
static phase after_train(uint32_t acks, duration gap, bool paced = false, uint32_t window = 100) {
    hystart h;
    time_point now(1s);
    for (int i = 0; i < 2; ++i) h.on_ack({mss, mss, now, 40ms, 40ms, paced}, mss);
    now += 40ms;
    for (uint32_t i = 0; i < acks; ++i, now += gap)
        h.on_ack({mss, window * mss, now, 40ms, 40ms, paced}, mss);
    return h.now();
}

// Ours (RFC 9406 §4.2 goes by delay alone): what the path takes half a round trip to deliver was half of what
// it holds, and the window has doubled since.
BOOST_AUTO_TEST_CASE(acks_without_a_gap_for_half_a_round_trip_begin_conservative_slow_start) {
    BOOST_TEST(after_train(21, 1ms) == phase::slow_start);
    BOOST_TEST(after_train(22, 1ms) == phase::conservative);
    BOOST_TEST(after_train(12, 2ms) == phase::conservative);
    BOOST_TEST(after_train(40, 2001us) == phase::slow_start);
    BOOST_TEST(after_train(22, 1ms, false, 14) == phase::slow_start);
}

BOOST_AUTO_TEST_CASE(a_pace_of_two_windows_in_a_round_trip_is_no_train) {
    BOOST_TEST(after_train(41, 1ms, true) == phase::slow_start);
    BOOST_TEST(after_train(42, 1ms, true) == phase::conservative);
}

// And a round trip somewhat shorter than the least of before does not resume what a train has ended.
BOOST_AUTO_TEST_CASE(a_train_is_no_whim) {
    hystart h;
    time_point now(1s);
    const auto train = [&](duration rtt) {
        for (uint32_t i = 0; i < 30; ++i, now += 1ms) h.on_ack({mss, (99 - i) * mss, now, rtt, rtt}, mss);
        now += 100ms;
    };
    train(40ms);
    BOOST_TEST(h.now() == phase::conservative);
    train(39ms);
    BOOST_TEST(h.now() == phase::conservative);
}

BOOST_AUTO_TEST_CASE(delay_that_grows_again_ends_slow_start_at_once) {
    sender s;
    s.round(50ms);
    s.round(80ms);
    BOOST_TEST(s.h.now() == phase::conservative);
    s.round(89'999us);
    BOOST_TEST(s.h.now() == phase::conservative);
    for (int i = 0; i < 7; ++i) s.ack(90ms, 20);
    BOOST_TEST(s.h.now() == phase::conservative);
    s.ack(90ms, 20);
    BOOST_TEST(s.h.now() == phase::finished);
}

// Whatever comes, rounds end and the growth stays within its bound.
BOOST_AUTO_TEST_CASE(odd_flights_and_round_trips_break_nothing) {
    hystart h;
    for (uint32_t acked : {1u, 9000u, uint32_t(1) << 30})
        for (uint32_t flight : {0u, 1u, uint32_t(1) << 30})
            for (duration rtt : {duration(0), duration(1), duration(10h)})
                for (int i = 0; i < 300; ++i)
                    BOOST_TEST_REQUIRE(h.on_ack({acked, flight, {}, rtt, rtt}, 9000) <= 8 * 9000u);
}

BOOST_AUTO_TEST_SUITE_END()
