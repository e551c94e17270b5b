#include "core/units.hh"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <stdexcept>
#include <string>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

std::string refusal(std::function<void()> parse) {
    try {
        parse();
    } catch (const std::invalid_argument& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(units)

BOOST_AUTO_TEST_CASE(durations_are_read_in_every_unit) {
    BOOST_TEST((parse_duration("15ns") == 15ns));
    BOOST_TEST((parse_duration("20us") == 20us));
    BOOST_TEST((parse_duration("200ms") == 200ms));
    BOOST_TEST((parse_duration("1.5s") == 1500ms));
    BOOST_TEST((parse_duration("0.001ms") == 1us));
    BOOST_TEST((parse_duration("2m") == 2min));
    BOOST_TEST((parse_duration("3h") == 3h));
    BOOST_TEST((parse_duration("0") == 0s));
}

BOOST_AUTO_TEST_CASE(sizes_count_by_1000_or_by_1024) {
    BOOST_TEST(parse_bytes("512") == 512u);
    BOOST_TEST(parse_bytes("512B") == 512u);
    BOOST_TEST(parse_bytes("64KiB") == 65536u);
    BOOST_TEST(parse_bytes("64KB") == 64000u);
    BOOST_TEST(parse_bytes("1.5MiB") == 1536u * 1024);
    BOOST_TEST(parse_bytes("2GiB") == 2ull << 30);
}

BOOST_AUTO_TEST_CASE(rates_are_bits_per_second) {
    BOOST_TEST(parse_rate("10Gbit") == 10'000'000'000u);
    BOOST_TEST(parse_rate("2.5Gbit") == 2'500'000'000u);
    BOOST_TEST(parse_rate("100Mbit") == 100'000'000u);
}

BOOST_AUTO_TEST_CASE(counts_are_whole_numbers_and_nothing_else) {
    BOOST_TEST(parse_count("0") == 0u);
    BOOST_TEST(parse_count("18446744073709551615") == 18446744073709551615u);
    BOOST_TEST(refusal([] { parse_count("18446744073709551616"); }) ==
               "'18446744073709551616' is too large a number");
    for (const char* wrong : {"", "-1", "+1", "1.5", " 1", "1 ", "0x10", "two"})
        BOOST_TEST(refusal([&] { parse_count(wrong); }) ==
                   "'" + std::string(wrong) + "' is not a whole number, such as 8");
}

BOOST_AUTO_TEST_CASE(a_refusal_says_what_would_be_right) {
    BOOST_TEST(refusal([] { parse_duration("200"); }) ==
               "'200' is not a duration: it needs a unit, such as 200ms (ns us ms s m h)");
    BOOST_TEST(
        refusal([] { parse_duration("200 parsecs"); }) ==
        "'200 parsecs' is not a duration: there is no unit ' parsecs', such as 200ms (ns us ms s m h)");
    BOOST_TEST(
        refusal([] { parse_bytes("64kib"); }) ==
        "'64kib' is not a size: there is no unit 'kib', such as 64KiB (B KB KiB MB MiB GB GiB TB TiB)");
    BOOST_TEST(refusal([] { parse_rate("10"); }).find("needs a unit") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_number_is_refused) {
    for (const char* wrong : {"", "ms", "-5ms", "1.2.3s", ".", "5.", "1.s", "1e3s", "0.5ns"})
        BOOST_CHECK_THROW(parse_duration(wrong), std::invalid_argument);
    BOOST_CHECK_THROW(parse_bytes("0.3B"), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused_and_never_wraps) {
    for (const char* wrong : {"9999999TiB", "99999999999999999999999B", "18446744073709551616"})
        BOOST_TEST(refusal([&] { parse_bytes(wrong); }) != "accepted");
    BOOST_TEST(refusal([] { parse_duration("3000000h"); }) != "accepted");
}

BOOST_AUTO_TEST_CASE(formatting_takes_the_largest_exact_unit) {
    BOOST_TEST(format_duration(1500ms) == "1500ms");
    BOOST_TEST(format_duration(60s) == "1m");
    BOOST_TEST(format_duration(0s) == "0ns");
    BOOST_TEST(format_duration(-2s) == "-2s");
    BOOST_TEST(format_bytes(65536) == "64KiB");
    BOOST_TEST(format_bytes(1'000'000) == "1MB");
    BOOST_TEST(format_bytes(1000u * 1024) == "1000KiB");
    BOOST_TEST(format_rate(2'500'000'000) == "2500Mbit");
}

BOOST_AUTO_TEST_CASE(what_is_formatted_is_read_back) {
    for (uint64_t n : {0ull, 1ull, 1023ull, 1024ull, 1000ull, 1ull << 33, 123456789ull, 5'000'000'000ull}) {
        BOOST_TEST(parse_bytes(format_bytes(n)) == n);
        BOOST_TEST(parse_rate(format_rate(n)) == n);
        BOOST_TEST((parse_duration(format_duration(duration(int64_t(n)))) == duration(int64_t(n))));
    }
}

BOOST_AUTO_TEST_SUITE_END()
