#include "tcp/connection/failure.hh"

#include "net/error.hh"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using namespace millrace;
using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(failures)

BOOST_AUTO_TEST_CASE(each_has_an_error_of_its_own_and_none_has_none) {
    BOOST_TEST(!error_of(tcp::failure::none));
    std::set<std::string> messages;
    for (tcp::failure f :
         {tcp::failure::refused, tcp::failure::reset, tcp::failure::aborted, tcp::failure::timed_out,
          tcp::failure::host_unreachable, tcp::failure::network_unreachable}) {
        BOOST_TEST(bool(error_of(f)));
        messages.insert(error_of(f).message());
    }
    BOOST_TEST(messages.size() == 6u);
    BOOST_TEST((error_of(tcp::failure::timed_out) == std::errc::timed_out));
    BOOST_TEST((error_of(tcp::failure::refused) == net::errc::connection_refused));
}

BOOST_AUTO_TEST_SUITE_END()
