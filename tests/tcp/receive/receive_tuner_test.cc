#include "tcp/receive/receive_tuner.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t limit = 1'000'000;

// A sender that is held back by nothing but the window, or by its own rate, and a reader that keeps up.
struct path {
    duration rtt;
    uint64_t bytes_per_second;
    receive_tuner tuner{64 * 1024, seq(1), time_point(1s)};
    time_point now{1s};
    seq nxt{1};

    void run(int round_trips) {
        for (int i = 0; i < round_trips * 100; ++i) {
            const uint64_t by_rate = bytes_per_second * uint64_t((rtt / 100).count()) / 1'000'000'000;
            nxt += uint32_t(std::min<uint64_t>(by_rate, tuner.size() / 100));
            now += rtt / 100;
            if (tuner.is_due(nxt)) tuner.look(nxt, 0, rtt, limit, now);
        }
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(receive)

BOOST_AUTO_TEST_CASE(the_window_grows_to_four_times_what_the_path_holds) {
    path p{.rtt = 20ms, .bytes_per_second = 5'000'000};  // 100'000 bytes
    p.run(20);
    BOOST_TEST(p.tuner.size() >= 400'000u);
    BOOST_TEST(p.tuner.size() <= 800'000u);
}

// Each ACK lets it send twice what it acknowledges: in the middle of a round trip half as much again is in
// flight as at its beginning. One that finds the window full then sends the rest at once when it has grown,
// and queues run over.
BOOST_AUTO_TEST_CASE(a_sender_in_slow_start_never_finds_the_window_full) {
    constexpr uint32_t mss = 1448;
    for (uint32_t first = 1; first <= 20; ++first) {
        receive_tuner t(64 * 1024, seq(1), time_point(1s));
        time_point begins = time_point(1s);
        seq nxt(1);
        for (uint32_t flight = first; 2 * flight * mss < limit; flight *= 2) {
            begins += 50ms;
            for (uint32_t i = 1; i <= flight; ++i) {
                nxt += mss;
                if (t.is_due(nxt)) t.look(nxt, 0, 50ms, limit, begins + i * 100us);
                BOOST_TEST_REQUIRE((flight + i) * mss <= t.size());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(where_the_window_suffices_it_stays) {
    path p{.rtt = 20ms, .bytes_per_second = 700'000};  // 14'000 bytes
    p.run(200);
    BOOST_TEST(p.tuner.size() == 64u * 1024);
}

BOOST_AUTO_TEST_CASE(it_grows_no_further_than_the_limit) {
    path p{.rtt = 100ms, .bytes_per_second = 1'000'000'000};
    p.run(20);
    BOOST_TEST(p.tuner.size() == limit);
}

BOOST_AUTO_TEST_CASE(on_a_path_without_length_a_millisecond_counts) {
    path p{.rtt = 10us, .bytes_per_second = 1'000'000'000};
    p.run(1000);
    BOOST_TEST(p.tuner.size() == limit);
}

// It would only hold more of what waits.
BOOST_AUTO_TEST_CASE(for_who_does_not_read_it_does_not_grow) {
    receive_tuner t(1000, seq(0), time_point(1s));
    BOOST_TEST(!t.is_due(seq(249)));
    BOOST_TEST(t.is_due(seq(250)));
    t.look(seq(250), 250, 1s, limit, time_point(1s));
    BOOST_TEST(t.size() == 1000u);
    t.look(seq(500), 249, 1s, limit, time_point(1s));
    BOOST_TEST(t.size() == 2000u);
}

BOOST_AUTO_TEST_CASE(numbers_wrap) {
    receive_tuner t(1000, seq(0xffffff00), time_point(1s));
    BOOST_TEST(!t.is_due(seq(0xfffffff9)));
    BOOST_TEST(t.is_due(seq(0)));
}

BOOST_AUTO_TEST_SUITE_END()
