// Failures as text and as counted reports; error codes.
#include "core/failure.hh"

#include "core/log.hh"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(exceptions_describe_themselves) {
    BOOST_TEST(describe(to_exception_ptr(std::runtime_error("plain"))) == "plain");
    BOOST_TEST(describe(to_exception_ptr(errc::timed_out)) == "timed out (millrace 2)");
    BOOST_TEST(describe(to_exception_ptr(7)) == "an exception that is no std::exception");
    BOOST_TEST(describe(std::exception_ptr()) == "no error");
}

BOOST_AUTO_TEST_CASE(forgotten_failure_is_counted_and_logged) {
    std::vector<std::string> lines;
    set_log_sink([&](const log_line& l) { lines.emplace_back(l.message); });
    uint64_t before = forgotten_failures();
    report_forgotten({to_exception_ptr(std::runtime_error("lost")), std::source_location::current()});
    set_log_sink({});
    BOOST_TEST(forgotten_failures() == before + 1);
    BOOST_TEST_REQUIRE(lines.size() == 1u);
    BOOST_TEST(lines[0].find("lost (from ") != std::string::npos);
    BOOST_TEST(lines[0].find("failure_test.cc") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(codes_compare_with_the_conditions_of_the_standard) {
    BOOST_CHECK(make_error_code(errc::timed_out) == std::errc::timed_out);
    BOOST_CHECK(make_error_code(errc::aborted) == std::errc::operation_canceled);
    BOOST_CHECK(make_error_code(errc::gate_closed) != std::errc::operation_canceled);
    BOOST_TEST(std::string(error_category().name()) == "millrace");
    for (int e = int(errc::broken_promise); e <= int(errc::shard_stopped); ++e)
        BOOST_TEST(error_category().message(e).find("unknown") == std::string::npos);
    BOOST_TEST(error_category().message(99) == "unknown error 99");
}

BOOST_AUTO_TEST_SUITE_END()
