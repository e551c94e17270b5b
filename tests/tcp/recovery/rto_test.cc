#include "tcp/recovery/rto.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const rto_limits limits;

rtt measured(std::initializer_list<duration> samples) {
    rtt r;
    for (auto s : samples) r.on_sample(s);
    return r;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// RFC 6298 §2.1.
BOOST_AUTO_TEST_CASE(one_second_before_the_first_sample) {
    BOOST_TEST((rto().value() == 1s));
}

// RFC 6298 §2.2, §2.3: SRTT + 4 * RTTVAR.
BOOST_AUTO_TEST_CASE(the_timeout_covers_four_variations) {
    rto t;
    t.on_sample(measured({400ms}), limits);
    BOOST_TEST((t.value() == 1200ms));
}

// RFC 6298 §2.4, which rounds up to a second instead.
BOOST_AUTO_TEST_CASE(a_steady_path_still_leaves_the_minimum_beyond_the_round_trip) {
    rto t;
    t.on_sample(measured({1ms}), limits);
    BOOST_TEST((t.value() == 201ms));
    const rto_limits short_ones{.min = 1ms};
    rto fast(short_ones);
    fast.on_sample(measured({100us}), short_ones);
    BOOST_TEST((fast.value() == 1100us));
}

// RFC 6298 §5.5 and §2.5.
BOOST_AUTO_TEST_CASE(each_timeout_doubles_up_to_the_maximum) {
    rto t;
    t.on_sample(measured({0ms}), limits);
    duration expected = 200ms;
    for (int i = 0; i < 8; ++i) {
        BOOST_TEST((t.value() == expected));
        t.back_off(limits);
        expected *= 2;
    }
    for (int i = 0; i < 1000; ++i) t.back_off(limits);
    BOOST_TEST((t.value() == 60s));
}

// RFC 6298 §5, last note.
BOOST_AUTO_TEST_CASE(a_new_sample_takes_the_backoff_back) {
    rto t;
    const auto r = measured({10ms});
    t.on_sample(r, limits);
    t.back_off(limits);
    t.back_off(limits);
    BOOST_TEST(t.backoffs() == 2u);
    t.on_sample(r, limits);
    BOOST_TEST(t.backoffs() == 0u);
    BOOST_TEST((t.value() == 210ms));
}

BOOST_AUTO_TEST_CASE(progress_takes_the_backoff_back) {
    rto t;
    t.back_off(limits);
    t.reset_backoff(limits);
    BOOST_TEST((t.value() == 1s));
}

// RFC 6298 §5.7.
BOOST_AUTO_TEST_CASE(after_a_lost_syn_data_starts_with_three_seconds) {
    rto t;
    t.back_off(limits);
    t.reset_backoff(limits);
    t.on_handshake_timed_out(limits);
    BOOST_TEST((t.value() == 3s));
}

BOOST_AUTO_TEST_SUITE_END()
