#include "tcp/recovery/rtt.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(nothing_is_known_before_the_first_sample) {
    rtt r;
    BOOST_TEST(!r.has_sample());
    BOOST_TEST((r.smoothed() == 0s));
}

// RFC 6298 §2.2.
BOOST_AUTO_TEST_CASE(the_first_sample_sets_both) {
    rtt r;
    r.on_sample(80ms);
    BOOST_TEST(r.has_sample());
    BOOST_TEST((r.smoothed() == 80ms));
    BOOST_TEST((r.variation() == 40ms));
}

// RFC 6298 §2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R|, then SRTT = 7/8 SRTT + 1/8 R.
BOOST_AUTO_TEST_CASE(later_samples_are_averaged_in) {
    rtt r;
    r.on_sample(80ms);
    r.on_sample(160ms);
    BOOST_TEST((r.variation() == 50ms));
    BOOST_TEST((r.smoothed() == 90ms));
    r.on_sample(50ms);
    BOOST_TEST((r.variation() == 47500us));
    BOOST_TEST((r.smoothed() == 85ms));
}

BOOST_AUTO_TEST_CASE(the_minimum_and_the_latest_are_kept) {
    rtt r;
    for (auto sample : {30ms, 10ms, 20ms}) r.on_sample(sample);
    BOOST_TEST((r.minimum() == 10ms));
    BOOST_TEST((r.latest() == 20ms));
}

BOOST_AUTO_TEST_CASE(steady_samples_converge) {
    rtt r;
    r.on_sample(1s);
    for (int i = 0; i < 200; ++i) r.on_sample(100us);
    BOOST_TEST((r.smoothed() < 101us));
    BOOST_TEST((r.variation() < 1us));
}

BOOST_AUTO_TEST_CASE(a_negative_sample_counts_as_zero) {
    rtt r;
    r.on_sample(-5ms);
    BOOST_TEST((r.smoothed() == 0s));
}

BOOST_AUTO_TEST_SUITE_END()
