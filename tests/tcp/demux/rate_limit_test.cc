#include "tcp/demux/rate_limit.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{100s};

int taken(rate_limit& limit, time_point now, int asked) {
    int n = 0;
    for (int i = 0; i < asked; ++i) n += limit.allow(now);
    return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demux)

BOOST_AUTO_TEST_CASE(a_burst_gets_at_most_a_few_seconds_worth) {
    rate_limit limit(100);
    BOOST_TEST(taken(limit, start, 1000) <= 200);
    BOOST_TEST(taken(limit, start, 1000) == 0);
}

BOOST_AUTO_TEST_CASE(tokens_come_back_with_time) {
    rate_limit limit(100);
    taken(limit, start, 1000);
    BOOST_TEST(taken(limit, start + 50ms, 1000) == 5);
    BOOST_TEST(taken(limit, start + 10s, 1000) == 100);
}

BOOST_AUTO_TEST_CASE(over_a_long_time_the_rate_holds_however_often_it_is_asked) {
    rate_limit limit(100);
    int n = taken(limit, start, 1000);
    for (int i = 1; i <= 10000; ++i) n += limit.allow(start + i * 1ms);
    BOOST_TEST(n <= 200 + 1000);
    BOOST_TEST(n >= 1000);
}

BOOST_AUTO_TEST_CASE(a_limit_of_zero_allows_nothing) {
    rate_limit limit(0);
    BOOST_TEST(taken(limit, start, 10) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
