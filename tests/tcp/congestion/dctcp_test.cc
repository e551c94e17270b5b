#include "tcp/congestion/dctcp.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;

namespace {

constexpr uint32_t mss = 1000;

// One window of `segments` is acknowledged, the first `marked` of them with ECE; as many are sent with the
// last ACK.
void round(dctcp& d, uint32_t segments, uint32_t marked) {
    for (uint32_t left = segments; left-- > 0;)
        d.on_delivered(mss, (left > 0 ? left : segments) * mss, segments - left <= marked ? mss : 0);
}

double alpha(const dctcp& d) {
    return double(d.alpha()) / dctcp::whole;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 8257 §4.2: alpha begins at 1; §3.3: cwnd = cwnd * (1 - alpha / 2).
BOOST_AUTO_TEST_CASE(the_first_mark_halves) {
    dctcp d;
    congestion_window w{.smss = mss, .cwnd = 40 * mss};
    d.on_mark(w);
    BOOST_TEST(w.ssthresh == 20 * mss);
}

// RFC 8257 §3.3: alpha = alpha * (1 - g) + g * M, g = 1/16, once for each window of data.
BOOST_AUTO_TEST_CASE(alpha_moves_a_sixteenth_of_the_way_each_window) {
    dctcp d;
    double expected = 1;
    for (uint32_t marked : {0u, 20u, 5u, 0u, 10u}) {
        round(d, 20, marked);
        expected += (marked / 20.0 - expected) / 16;
        BOOST_TEST(alpha(d) == expected, boost::test_tools::tolerance(0.001));
    }
}

BOOST_AUTO_TEST_CASE(within_a_window_alpha_stands_still) {
    dctcp d;
    for (int i = 0; i < 19; ++i) d.on_delivered(mss, 19 * mss - uint32_t(i) * mss, 0);
    BOOST_TEST(d.alpha() == dctcp::whole);
    d.on_delivered(mss, 0, 0);
    BOOST_TEST(d.alpha() == dctcp::whole / 16 * 15);
    d.on_delivered(0, 0, 0);  // acknowledges nothing
    BOOST_TEST(d.alpha() == dctcp::whole / 16 * 15);
}

// RFC 8257 §3.3: where a tenth of the bytes is marked, a twentieth of the window goes.
BOOST_AUTO_TEST_CASE(the_reduction_follows_the_part_that_is_marked) {
    dctcp d;
    for (int i = 0; i < 200; ++i) round(d, 20, 2);
    BOOST_TEST(alpha(d) == 0.1, boost::test_tools::tolerance(0.01));
    congestion_window w{.smss = mss, .cwnd = 100 * mss};
    d.on_mark(w);
    BOOST_TEST((w.ssthresh > 94'500 && w.ssthresh < 95'500));
    for (int i = 0; i < 400; ++i) round(d, 20, 0);
    w.cwnd = 100 * mss;
    d.on_mark(w);
    BOOST_TEST(w.ssthresh > 99'990u);
}

BOOST_AUTO_TEST_CASE(two_segments_are_always_left) {
    dctcp d;
    congestion_window w{.smss = mss, .cwnd = 3 * mss};
    d.on_mark(w);
    BOOST_TEST(w.ssthresh == 2 * mss);
}

// RFC 8257 §3.5.
BOOST_AUTO_TEST_CASE(a_loss_is_answered_as_reno_does) {
    dctcp d;
    for (int i = 0; i < 100; ++i) round(d, 20, 0);
    congestion_window w{.smss = mss, .cwnd = 20 * mss};
    d.on_loss(w, 16 * mss);
    BOOST_TEST(w.ssthresh == 8 * mss);
    w.cwnd = w.ssthresh = 20 * mss;
    for (int i = 0; i < 20; ++i)
        d.on_ack(w, {.acked = mss, .flight = 20 * mss, .now = {}, .rtt = {}, .srtt = {}});
    BOOST_TEST(w.cwnd == 21 * mss);
}

BOOST_AUTO_TEST_SUITE_END()
