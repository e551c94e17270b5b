#include "apps/perf/schedule.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(perf_schedule)

BOOST_AUTO_TEST_CASE(requests_are_due_at_a_constant_rate) {
    const time_point start(5s);
    const perf::schedule s(start, 1000);
    BOOST_TEST((s.due(0) == start));
    BOOST_TEST((s.due(1) == start + 1ms));
    BOOST_TEST((s.due(12'345) == start + 12'345ms));
}

BOOST_AUTO_TEST_CASE(rates_that_are_no_fraction_of_a_second_do_not_drift) {
    const perf::schedule s(time_point(0s), 3);
    BOOST_TEST((s.due(3'000'000) == time_point(1'000'000s)));
    BOOST_TEST((s.due(1) >= time_point(333'333'333ns) && s.due(1) <= time_point(333'333'334ns)));
    const perf::schedule fast(time_point(0s), 7e6);
    const duration day = fast.due(uint64_t(7e6) * 86'400) - time_point(24h);
    BOOST_TEST((day > -1us && day < 1us));
}

BOOST_AUTO_TEST_SUITE_END()
