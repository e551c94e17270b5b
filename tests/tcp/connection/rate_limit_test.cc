#include "tcp/connection/rate_limit.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(connection)

// RFC 5961 §7.
BOOST_AUTO_TEST_CASE(so_many_a_second_and_the_rest_is_counted) {
    rate_limit limit(3);
    const time_point now{100s};
    for (int i = 0; i < 3; ++i) BOOST_TEST(limit.take(now));
    BOOST_TEST(!limit.take(now + 999ms));
    BOOST_TEST(limit.refused() == 1u);
    BOOST_TEST(limit.take(now + 1s));
}

BOOST_AUTO_TEST_SUITE_END()
