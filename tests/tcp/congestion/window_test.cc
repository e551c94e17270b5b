#include "tcp/congestion/window.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(congestion)

// RFC 6928 §2: min(10 * MSS, max(2 * MSS, 14600)).
BOOST_AUTO_TEST_CASE(the_initial_window_is_ten_segments_within_bounds) {
    BOOST_TEST(initial_window(1460) == 14600u);
    BOOST_TEST(initial_window(536) == 5360u);
    BOOST_TEST(initial_window(8960) == 17920u);
    BOOST_TEST(initial_window(1460, 3) == 4380u);
}

// RFC 7323 §2.3.
BOOST_AUTO_TEST_CASE(no_growth_exceeds_what_a_window_can_say) {
    congestion_window w{.smss = 1000, .cwnd = congestion_window::max - 5};
    w.grow(3);
    BOOST_TEST(w.cwnd == congestion_window::max - 2);
    w.grow(UINT32_MAX);
    BOOST_TEST(w.cwnd == congestion_window::max);
    w.grow(uint64_t(1) << 60);
    BOOST_TEST(w.cwnd == congestion_window::max);
}

BOOST_AUTO_TEST_SUITE_END()
