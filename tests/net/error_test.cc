#include "net/error.hh"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(errors_equal_the_standard_ones) {
    BOOST_TEST((make_error_code(errc::connection_refused) == std::errc::connection_refused));
    BOOST_TEST((make_error_code(errc::timed_out) == std::errc::timed_out));
    BOOST_TEST((make_error_code(errc::message_too_long) == std::errc::message_size));
    BOOST_TEST((make_error_code(errc::address_in_use) != std::errc::connection_refused));
}

BOOST_AUTO_TEST_CASE(each_error_has_a_message_of_its_own) {
    std::set<std::string> messages;
    for (int i = 1; i <= int(errc::not_supported); ++i) messages.insert(error_category().message(i));
    BOOST_TEST(messages.size() == size_t(errc::not_supported));
    for (const auto& m : messages) BOOST_TEST(m.find("unknown") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
