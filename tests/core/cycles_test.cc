// The cycle counter and its rate.
#include "core/cycles.hh"

#include "core/time.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core_cycles)

BOOST_AUTO_TEST_CASE(counter_goes_on) {
    const uint64_t before = read_cycles();
    system_clock clock;
    const time_point start = clock.now();
    while (clock.now() - start < std::chrono::microseconds(100)) {
    }
    BOOST_TEST(read_cycles() > before);
}

BOOST_AUTO_TEST_CASE(rate_is_the_same_whenever_it_is_asked) {
    const double first = cycles_per_second();
    BOOST_TEST(first > 1e6);
    BOOST_TEST(cycles_per_second() == first, boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_SUITE_END()
