#include "tcp/recovery/prr.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

namespace {

constexpr uint32_t mss = 1000;

// Twenty segments in flight, the first one lost; a threshold of ten or fourteen.
struct episode {
    explicit episode(uint32_t threshold, uint32_t flight = 20 * mss)
        : ssthresh(threshold), reduction(flight) {}

    // An ACK that delivers `delivered`; then as many whole segments go out as the window lets out.
    uint32_t ack(uint32_t delivered, uint32_t lost = 0, bool safe = false) {
        pipe -= delivered + lost;
        const uint32_t window = reduction.window({.delivered = delivered,
                                                  .pipe = pipe,
                                                  .out = out,
                                                  .ssthresh = ssthresh,
                                                  .smss = mss,
                                                  .safe = safe});
        uint32_t sent = 0;
        for (; pipe + mss <= window; ++sent) {
            pipe += mss;
            out += mss;
        }
        return sent;
    }

    uint32_t ssthresh;
    uint32_t pipe = 20 * mss;
    uint32_t out = 0;
    prr reduction;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// RFC 9937 §6.1, §6.2: the first retransmission goes out at once.
BOOST_AUTO_TEST_CASE(the_first_ack_lets_a_segment_out) {
    episode e(10 * mss);
    BOOST_TEST(e.ack(mss, mss) == 1u);
    episode empty_handed(10 * mss);
    BOOST_TEST(empty_handed.ack(0, mss) == 1u);
}

// RFC 9937 §6.2: one segment for every two delivered with a threshold of half the flight, seven of ten with
// CUBIC's; the flight ends at the threshold.
BOOST_AUTO_TEST_CASE(sending_goes_on_in_the_proportion_of_the_reduction) {
    for (uint32_t threshold : {10 * mss, 14 * mss}) {
        episode e(threshold);
        uint32_t sent = e.ack(mss, mss);
        for (int i = 0; i < 18; ++i) {
            const uint32_t now = e.ack(mss);
            BOOST_TEST(now <= 1u);
            sent += now;
        }
        BOOST_TEST(sent * mss + mss >= threshold * 19 / 20);
        BOOST_TEST(sent * mss <= threshold);
        BOOST_TEST(e.pipe <= threshold);
        BOOST_TEST(e.pipe + mss >= threshold * 19 / 20);
    }
}

// RFC 9937 §6.2, PRR-CRB: when more is lost than the reduction asks for, a segment goes out for one that
// arrived, and no more while loss goes on.
BOOST_AUTO_TEST_CASE(below_the_threshold_packets_are_conserved) {
    episode e(10 * mss);
    e.ack(mss, 15 * mss);
    BOOST_TEST(e.pipe == 5 * mss);
    for (int i = 0; i < 4; ++i) BOOST_TEST(e.ack(mss) == 1u);
    BOOST_TEST(e.pipe == 5 * mss);
}

// RFC 9937 §6.2, PRR-SSRB: it climbs back to the threshold, by a segment more for each ACK, while recovery
// goes well.
BOOST_AUTO_TEST_CASE(below_the_threshold_it_climbs_back_while_nothing_more_is_lost) {
    episode e(10 * mss);
    e.ack(mss, 15 * mss);
    for (int i = 0; i < 5; ++i) BOOST_TEST(e.ack(mss, 0, true) == 2u);
    BOOST_TEST(e.pipe == 10 * mss);
    BOOST_TEST(e.ack(mss, 0, true) == 1u);
    BOOST_TEST(e.pipe == 10 * mss);
}

// What does not make a whole segment is not forgotten.
BOOST_AUTO_TEST_CASE(fractions_add_up) {
    episode e(10 * mss);
    uint32_t sent = e.ack(mss, mss);
    for (int i = 0; i < 180; ++i) sent += e.ack(mss / 10);
    BOOST_TEST(sent >= 9u);
    BOOST_TEST(sent <= 10u);
}

BOOST_AUTO_TEST_CASE(an_empty_flight_divides_nothing_by_zero) {
    prr p(0);
    BOOST_TEST(p.window({.delivered = mss, .pipe = 0, .out = 0, .ssthresh = 2 * mss, .smss = mss}) == mss);
}

BOOST_AUTO_TEST_SUITE_END()
