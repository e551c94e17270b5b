#include "tcp/send/pacer.hh"

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

// Sends segments of 1000 bytes as soon as the pacer lets it.
struct sender {
    explicit sender(pacer::pace p) : pace(p), out(p, now) {}

    // Segments that go out now.
    int burst() {
        int n = 0;
        for (; out.may_send(pace, now); ++n) out.on_sent(1000);
        return n;
    }
    // Bytes until `end`, and how often it woke up for them.
    std::pair<uint64_t, int> run(duration time) {
        const time_point end = now + time;
        uint64_t bytes = 0;
        int wake_ups = 0;
        for (; now < end; now = out.deadline(), ++wake_ups) bytes += uint64_t(burst()) * 1000;
        return {bytes, wake_ups};
    }

    time_point now{1s};
    pacer::pace pace;
    pacer out;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(send)

BOOST_AUTO_TEST_CASE(a_quantum_goes_at_once_and_the_next_when_its_time_has_come) {
    sender s({.rate = 1'000'000, .quantum = 10'000});
    BOOST_TEST(s.burst() == 10);
    BOOST_TEST((s.out.deadline() > s.now + 9ms && s.out.deadline() <= s.now + 11ms));
    s.now += 5ms;
    BOOST_TEST(s.burst() == 5);
    s.now = s.out.deadline();
    BOOST_TEST(s.burst() == 10);
}

BOOST_AUTO_TEST_CASE(the_rate_is_kept_with_one_wake_up_for_a_quantum) {
    for (uint64_t rate : {100'000ull, 12'500'000ull, 1'250'000'000ull}) {
        sender s({.rate = rate, .quantum = uint32_t(std::max<uint64_t>(rate / 1000, 10'000))});
        const auto [bytes, wake_ups] = s.run(1s);
        BOOST_TEST(double(bytes) == double(rate), boost::test_tools::tolerance(0.11));
        BOOST_TEST(uint64_t(wake_ups) <= rate / s.pace.quantum + 2);
    }
}

BOOST_AUTO_TEST_CASE(after_a_silence_there_is_one_quantum_and_no_more) {
    sender s({.rate = 1'000'000, .quantum = 10'000});
    s.burst();
    s.now += 1h;
    BOOST_TEST(s.burst() == 10);
}

BOOST_AUTO_TEST_CASE(a_new_rate_holds_from_now_on) {
    sender s({.rate = 1'000'000, .quantum = 10'000});
    s.burst();
    s.pace = {.rate = 10'000'000, .quantum = 10'000};
    BOOST_TEST(!s.out.may_send(s.pace, s.now));
    BOOST_TEST((s.out.deadline() <= s.now + 1100us));
}

BOOST_AUTO_TEST_CASE(nobody_waits_until_a_segment_was_kept_back) {
    sender s({.rate = 1'000'000, .quantum = 1'000});
    BOOST_TEST((s.out.deadline() == never));
    s.burst();
    BOOST_TEST((s.out.deadline() != never));
    s.out.stop_waiting();
    BOOST_TEST((s.out.deadline() == never));
}

BOOST_AUTO_TEST_CASE(a_window_goes_out_in_a_round_trip_divided_by_the_gain) {
    const auto p = pace_of_window(1'000'000, 100ms, 120, 14'600);
    BOOST_TEST(p.rate == 12'000'000u);
    BOOST_TEST(p.quantum == 14'600u);
    BOOST_TEST(pace_of_window(100'000'000, 100ms, 200, 14'600).quantum == 2'000'000u);
    BOOST_TEST(pace_of_window(uint32_t(1) << 30, 0ns, 200, 1).rate > 0u);
    BOOST_TEST(pace_of_window(1, 1h, 100, 1).rate == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
