#include "tcp/congestion/percent.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(congestion)

BOOST_AUTO_TEST_CASE(parts_of_large_numbers_are_exact) {
    BOOST_TEST(percent_of(200, 70) == 140u);
    BOOST_TEST(percent_of(uint64_t(1) << 60, 125) == (uint64_t(1) << 60) + (uint64_t(1) << 58));
    BOOST_TEST(percent_of(no_limit, 70) == no_limit);
}

BOOST_AUTO_TEST_CASE(a_part_exceeds_a_share_only_if_it_is_more) {
    BOOST_TEST(!exceeds(2, 2, 100));
    BOOST_TEST(exceeds(3, 2, 100));
    BOOST_TEST(exceeds(1, 2, 0));
    BOOST_TEST(!exceeds(0, 2, 0));
}

BOOST_AUTO_TEST_CASE(a_rate_and_a_time_make_bytes_and_back) {
    BOOST_TEST(bytes_in(50ms, 12'500'000) == 625'000u);
    BOOST_TEST(rate_of(625'000, 50ms) == 12'500'000u);
    BOOST_TEST(bytes_in(-1s, 1000) == 0u);
    BOOST_TEST(bytes_in(1h, 100'000'000'000) == 360'000'000'000'000u);
}

BOOST_AUTO_TEST_SUITE_END()
