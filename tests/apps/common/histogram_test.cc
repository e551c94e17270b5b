#include "apps/common/histogram.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(apps_histogram)

BOOST_AUTO_TEST_CASE(an_empty_histogram_says_zero) {
    histogram h;
    BOOST_TEST(h.count() == 0u);
    BOOST_TEST((h.percentile(50) == 0ns && h.min() == 0ns && h.max() == 0ns && h.mean() == 0ns));
}

BOOST_AUTO_TEST_CASE(small_values_are_exact) {
    histogram h;
    for (int i = 1; i <= 60; ++i) h.record(duration(i));
    BOOST_TEST((h.percentile(50) == 30ns));
    BOOST_TEST((h.percentile(100) == 60ns));
    BOOST_TEST((h.percentile(0) == 1ns));
    BOOST_TEST((h.mean() == 30ns));
}

BOOST_AUTO_TEST_CASE(percentiles_are_within_their_error_of_the_truth) {
    std::mt19937_64 rng(3);
    histogram h;
    std::vector<int64_t> all;
    for (int i = 0; i < 50'000; ++i) {
        all.push_back(int64_t(rng() >> (20 + rng() % 40)));
        all.back() = std::min<int64_t>(all.back(), (int64_t(1) << 43) - 1);
        h.record(duration(all.back()));
    }
    std::sort(all.begin(), all.end());
    for (double p : {1.0, 25.0, 50.0, 90.0, 99.0, 99.9}) {
        auto truth = double(all[size_t(p / 100 * double(all.size())) - 1]);
        auto told = double(h.percentile(p).count());
        BOOST_TEST((told >= truth && told <= truth * 1.017 + 1), p << ": " << told << " for " << truth);
    }
    BOOST_TEST(h.min().count() == all.front());
    BOOST_TEST(h.max().count() == all.back());
}

BOOST_AUTO_TEST_CASE(merging_is_the_same_as_recording_into_one) {
    histogram a, b, both;
    for (int i = 0; i < 1000; ++i) {
        (i % 3 ? a : b).record(duration(i * i));
        both.record(duration(i * i));
    }
    a.merge(b);
    BOOST_TEST(a.count() == both.count());
    for (double p : {1.0, 50.0, 99.0}) BOOST_TEST((a.percentile(p) == both.percentile(p)));
    BOOST_TEST((a.min() == both.min() && a.max() == both.max() && a.mean() == both.mean()));
}

BOOST_AUTO_TEST_CASE(a_percentile_is_not_rounded_up_to_the_next_value) {
    histogram h;
    h.record(10ns, 999);
    h.record(50ns);
    BOOST_TEST((h.percentile(99.9) == 10ns));
    BOOST_TEST((h.percentile(99.91) == 50ns));
    histogram more;
    more.record(10ns, 9999);
    more.record(50ns);
    BOOST_TEST((more.percentile(99.99) == 10ns));
    BOOST_TEST((more.percentile(100) == 50ns));
}

BOOST_AUTO_TEST_CASE(what_was_added_since_can_be_told) {
    histogram h;
    h.record(10us, 5);
    const histogram earlier = h;
    h.record(3us, 2);
    h.record(70us);
    const histogram added = h.since(earlier);
    BOOST_TEST(added.count() == 3u);
    BOOST_TEST((added.percentile(50) >= 3us && added.percentile(50) < 4us));
    BOOST_TEST((added.max() == 70us));
    BOOST_TEST((added.min() <= 3us && added.min() > 2us));
    BOOST_TEST(h.since(h).count() == 0u);
    BOOST_TEST((h.since(h).min() == 0ns));
}

BOOST_AUTO_TEST_CASE(values_out_of_range_are_counted_at_its_ends) {
    histogram h;
    h.record(-5ns);
    h.record(100h);
    BOOST_TEST((h.min() == 0ns));
    BOOST_TEST((h.max() > 2h && h.max() < 3h));
    BOOST_TEST(h.count() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
