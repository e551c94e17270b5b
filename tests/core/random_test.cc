// Seeded random numbers.
#include "core/random.hh"

#include <boost/test/unit_test.hpp>

#include <array>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core_random)

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_numbers_on_every_machine) {
    millrace::random a(5489), b(5489);
    // The 10,000th output of the default-seeded engine is fixed by the C++ standard ([rand.predef]).
    for (int i = 0; i < 9999; ++i) {
        a.next();
        b.next();
    }
    BOOST_TEST(a.next() == 9981545732273789042u);
    BOOST_TEST(b.below(1000) ==
               uint64_t((static_cast<unsigned __int128>(9981545732273789042u) * 1000) >> 64));
}

BOOST_AUTO_TEST_CASE(below_reaches_every_number_about_equally_often) {
    millrace::random r(7);
    std::array<int, 10> seen{};
    for (int i = 0; i < 100000; ++i) ++seen[r.below(10)];
    for (int n : seen) BOOST_TEST((n > 9500 && n < 10500));
}

BOOST_AUTO_TEST_CASE(below_zero_and_one_have_one_answer) {
    millrace::random r(7);
    BOOST_TEST(r.below(0) == 0u);
    BOOST_TEST(r.below(1) == 0u);
}

BOOST_AUTO_TEST_CASE(unit_lies_between_zero_and_one_and_chance_follows_it) {
    millrace::random r(11);
    int hits = 0;
    for (int i = 0; i < 10000; ++i) {
        const double u = r.unit();
        BOOST_REQUIRE((u >= 0 && u < 1));
        hits += r.chance(0.25);
    }
    BOOST_TEST((hits > 2300 && hits < 2700));
    BOOST_TEST(!r.chance(0));
    BOOST_TEST(r.chance(1));
}

BOOST_AUTO_TEST_SUITE_END()
