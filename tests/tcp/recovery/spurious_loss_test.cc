#include "tcp/recovery/spurious_loss.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1s};

// Ten segments of 100 bytes from 1000 on were in flight; two of them were sent again 50 ms later.
struct two_sent_again {
    two_sent_again() {
        for (uint32_t i = 0; i < 10; ++i) flight.push(seq(1000 + i * 100), 100, start);
        doubt.begin(seq(1000), seq(2000));
        for (size_t i : {0u, 3u}) {
            flight.on_retransmit(i, start + 50ms);
            doubt.on_retransmit(flight[i]);
        }
    }
    in_flight flight;
    spurious_loss doubt;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// RFC 3522 §3.2.
BOOST_FIXTURE_TEST_CASE(an_echo_of_the_first_transmission_tells, two_sent_again) {
    BOOST_TEST(doubt.by_timestamp(seq(1100), start + 1ms));
    BOOST_TEST(doubt.by_timestamp(seq(1100), start + 50ms));
    BOOST_TEST(!doubt.by_timestamp(seq(1100), start + 51ms));
    BOOST_TEST(!doubt.by_timestamp(seq(1000), start + 1ms));  // not of that segment
    BOOST_TEST(!doubt.by_timestamp(seq(1100), never));        // no timestamps
    doubt.end();
    BOOST_TEST(!doubt.by_timestamp(seq(1100), start + 1ms));
}

// RFC 3708 §2.
BOOST_FIXTURE_TEST_CASE(duplicates_of_all_that_was_sent_again_tell, two_sent_again) {
    BOOST_TEST(!doubt.by_duplicates({seq(900), seq(1000)}));   // of something earlier
    BOOST_TEST(!doubt.by_duplicates({seq(2000), seq(2200)}));  // or later
    BOOST_TEST(!doubt.by_duplicates({seq(1000), seq(1100)}));
    BOOST_TEST(doubt.by_duplicates({seq(1300), seq(1400)}));
}

BOOST_AUTO_TEST_CASE(nothing_sent_again_is_nothing_spurious) {
    spurious_loss doubt;
    BOOST_TEST(!doubt.by_duplicates({seq(1000), seq(1100)}));
    doubt.begin(seq(1000), seq(2000));
    BOOST_TEST(!doubt.by_duplicates({seq(1000), seq(1100)}));
    BOOST_TEST(!doubt.by_timestamp(seq(1100), start));
}

// RFC 5682 §3.1 step (3).
BOOST_FIXTURE_TEST_CASE(what_was_sent_once_before_the_timeout_tells_by_its_arrival, two_sent_again) {
    BOOST_TEST(!doubt.by_arrival(flight[0]));
    BOOST_TEST(doubt.by_arrival(flight[1]));
    flight.push(seq(2000), 100, start + 60ms);
    BOOST_TEST(!doubt.by_arrival(flight[10]));
}

BOOST_AUTO_TEST_SUITE_END()
