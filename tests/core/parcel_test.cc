// Functions in parcels.
#include "core/parcel.hh"

#include <boost/test/unit_test.hpp>

#include <array>
#include <memory>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core_parcel)

BOOST_AUTO_TEST_CASE(a_move_only_function_travels_and_is_called_once) {
    int result = 0;
    parcel a;
    a.fill([&result, n = std::make_unique<int>(7)] { result += *n; });
    parcel b(std::move(a));
    BOOST_TEST(a.empty());
    parcel c;
    c = std::move(b);
    c.open();
    BOOST_TEST(result == 7);
    BOOST_TEST(c.empty());
    c.open();
    BOOST_TEST(result == 7);
}

BOOST_AUTO_TEST_CASE(a_large_function_travels_in_a_box) {
    std::array<char, 1000> big{};
    big[999] = 5;
    int result = 0;
    parcel a;
    a.fill([&result, big] { result = big[999]; });
    parcel b(std::move(a));
    b.open();
    BOOST_TEST(result == 5);
}

BOOST_AUTO_TEST_CASE(an_unopened_function_is_destroyed_with_its_parcel) {
    auto witness = std::make_shared<int>(0);
    {
        parcel a;
        a.fill([witness] { ++*witness; });
        BOOST_TEST(witness.use_count() == 2);
    }
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
