#include "tcp/connection/rate_limit.hh"

#include <boost/test/unit_test.hpp>

#include <set>

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

// Who can provoke answers must not learn from the number left how many others provoked: a fixed one told
// attackers which connections exist, and their numbers (Cao et al., USENIX Security 2016; CVE-2016-5696).
BOOST_AUTO_TEST_CASE(a_seed_makes_the_number_of_each_second_hard_to_guess) {
    rate_limit limit(1000, 7);
    std::set<int> numbers;
    for (int second = 100; second < 150; ++second) {
        int n = 0;
        while (limit.take(time_point{std::chrono::seconds(second)})) ++n;
        BOOST_TEST(n >= 500);
        BOOST_TEST(n < 1500);
        numbers.insert(n);
    }
    BOOST_TEST(numbers.size() > 40u);
    BOOST_TEST(!rate_limit(0, 7).take(time_point{100s}));
    BOOST_TEST(rate_limit(1, 7).take(time_point{100s}));
}

BOOST_AUTO_TEST_SUITE_END()
