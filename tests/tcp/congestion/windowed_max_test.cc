// draft-ietf-ccwg-bbr §5.5.5: the filter of the aggregation.
#include "tcp/congestion/windowed_max.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <vector>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(congestion)

BOOST_AUTO_TEST_CASE(the_largest_value_is_kept_until_it_is_old) {
    windowed_max m;
    BOOST_TEST(m.value() == 0u);
    BOOST_TEST(m.update(50, 1, 10) == 50u);
    BOOST_TEST(m.update(30, 5, 10) == 50u);
    BOOST_TEST(m.update(20, 10, 10) == 50u);
    BOOST_TEST(m.update(10, 11, 10) == 30u);
    BOOST_TEST(m.update(10, 14, 10) == 30u);
    BOOST_TEST(m.update(60, 15, 10) == 60u);
}

BOOST_AUTO_TEST_CASE(a_window_of_one_round_knows_only_this_one) {
    windowed_max m;
    m.update(50, 1, 1);
    BOOST_TEST(m.update(7, 1, 1) == 50u);
    BOOST_TEST(m.update(7, 2, 1) == 7u);
}

BOOST_AUTO_TEST_CASE(a_silence_longer_than_the_window_forgets_all) {
    windowed_max m;
    m.update(50, 1, 10);
    m.update(40, 2, 10);
    BOOST_TEST(m.update(1, 1000, 10) == 1u);
}

// Three candidates do not know all: when the largest grows old, the next may be less than what was forgotten
// for being small then. Never is it more than the window has seen, or less than what came last.
BOOST_AUTO_TEST_CASE(it_is_never_above_the_largest_of_the_window_nor_below_the_last_value) {
    windowed_max m;
    std::vector<uint64_t> values;
    uint64_t x = 88172645463325252;
    for (uint32_t round = 0; round < 1000; ++round) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        values.push_back(x % 1000);
        const uint64_t now = m.update(values.back(), round, 10);
        const auto last = [&](ptrdiff_t n) {
            return *std::max_element(values.end() - std::min<ptrdiff_t>(n, ptrdiff_t(values.size())),
                                     values.end());
        };
        BOOST_TEST(now <= last(10));
        BOOST_TEST(now >= last(1));
    }
}

BOOST_AUTO_TEST_SUITE_END()
