#include "tcp/congestion/cube_root.hh"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(congestion)

BOOST_AUTO_TEST_CASE(cube_roots_are_exact_at_every_cube_and_beside_it) {
    BOOST_TEST(cube_root(0) == 0u);
    BOOST_TEST(cube_root(1) == 1u);
    const auto check = [](uint64_t r) {
        const uint128 cube = uint128(r) * r * r;
        BOOST_TEST_REQUIRE(cube_root(cube) == r);
        BOOST_TEST_REQUIRE(cube_root(cube - 1) == r - 1);
        BOOST_TEST_REQUIRE(cube_root(cube + 1) == r);
    };
    for (uint64_t r = 2; r < 2000; ++r) check(r);
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) check(2 + (random() & ((uint64_t(1) << (2 + i % 40)) - 1)));
}

BOOST_AUTO_TEST_CASE(the_cube_root_of_the_largest_argument_is_the_largest_root) {
    const uint128 last = (uint128(1) << 126) - 1;
    BOOST_TEST(cube_root(last) == (uint64_t(1) << 42) - 1);
}

BOOST_AUTO_TEST_SUITE_END()
