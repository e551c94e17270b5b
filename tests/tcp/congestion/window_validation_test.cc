#include "tcp/congestion/window_validation.hh"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr duration rtt = 100ms;

struct sender {
    // `bytes` are acknowledged in each round trip, by ten ACKs.
    void run(uint32_t bytes, duration time) {
        for (const time_point end = now + time; now < end; now += rtt / 10)
            (void)v.on_acked(bytes / 10, now, rtt);
    }
    window_validation v;
    time_point now{1s};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 7661 §4.2, §4.3: undefined before the first round trip, and so validated.
BOOST_AUTO_TEST_CASE(nothing_is_known_at_first) {
    sender s;
    BOOST_TEST(s.v.is_validated(1u << 30));
    s.run(1000, rtt / 2);
    BOOST_TEST(s.v.is_validated(1u << 30));
    BOOST_TEST(!s.v.is_over(s.now));
    s.run(1000, 2 * rtt);
    BOOST_TEST(!s.v.is_validated(1u << 30));
}

// RFC 7661 §4.2.
BOOST_AUTO_TEST_CASE(it_is_what_was_acknowledged_in_a_round_trip) {
    sender s;
    s.run(50'000, 5s);
    BOOST_TEST(s.v.pipe_ack() == 50'000u);
    BOOST_TEST(s.v.is_validated(100'000));
    BOOST_TEST(!s.v.is_validated(100'002));
}

// RFC 7661 §4.2: of the last second, or three round trips.
BOOST_AUTO_TEST_CASE(the_most_of_a_sampling_period_counts) {
    sender s;
    s.run(50'000, 5s);
    s.run(5'000, 400ms);
    BOOST_TEST(s.v.pipe_ack() == 50'000u);
    s.run(5'000, 1s);
    BOOST_TEST(s.v.pipe_ack() <= 5'500u);
    BOOST_TEST(s.v.pipe_ack() >= 5'000u);
}

BOOST_AUTO_TEST_CASE(what_was_before_a_silence_is_forgotten) {
    sender s;
    s.run(50'000, 5s);
    s.now += 10s;
    s.run(1'000, 3 * rtt);
    BOOST_TEST(s.v.pipe_ack() < 2'000u);
}

// RFC 7661 §4.4.3.
BOOST_AUTO_TEST_CASE(it_is_over_after_five_minutes) {
    sender s;
    s.run(50'000, 1s);
    s.v.note_validated(s.now);
    BOOST_TEST(!s.v.is_over(s.now + 5min));
    BOOST_TEST(s.v.is_over(s.now + 5min + 1ns));
}

// RFC 7661 §4.4.1.
BOOST_AUTO_TEST_CASE(it_may_be_undefined_again) {
    sender s;
    s.run(50'000, 1s);
    s.v.reset();
    BOOST_TEST(s.v.pipe_ack() == 0u);
    BOOST_TEST(s.v.is_validated(1u << 30));
    BOOST_TEST(!s.v.is_over(s.now + 1h));
}

BOOST_AUTO_TEST_CASE(clocks_that_jump_and_huge_numbers_do_no_harm) {
    window_validation v;
    time_point now{1h};
    for (int i = 0; i < 1000; ++i) {
        (void)v.on_acked(UINT32_MAX, now, i % 7 == 0 ? duration(0) : rtt);
        now += i % 3 ? 1ms : -1s;
    }
    BOOST_TEST(v.is_validated(1u << 30));
}

BOOST_AUTO_TEST_SUITE_END()
