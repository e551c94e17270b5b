#include "tcp/listen/fast_open_cookies.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;
using verdict = fast_open_cookies::verdict;

namespace {

const time_point start{1000h};
const net::ip_address here(net::ipv4_address(10, 0, 0, 1));
const net::ip_address there(net::ipv4_address(10, 0, 0, 2));
const net::ip_address elsewhere(net::ipv4_address(10, 0, 0, 3));

}  // namespace

BOOST_AUTO_TEST_SUITE(listen)

// RFC 7413 §4.1.2: it "authenticates the client's (source) IP address of the SYN packet".
BOOST_AUTO_TEST_CASE(a_cookie_is_of_one_pair_of_addresses_and_one_secret) {
    const fast_open_cookies cookies({1, 2}, 1h);
    const fast_open_cookie c = cookies.make(here, there, start);
    BOOST_TEST(int(c.size) == 8);
    BOOST_TEST((cookies.check(here, there, c, start) == verdict::good));
    BOOST_TEST((cookies.check(here, elsewhere, c, start) == verdict::bad));
    BOOST_TEST((cookies.check(elsewhere, there, c, start) == verdict::bad));
    BOOST_TEST((fast_open_cookies({1, 3}, 1h).check(here, there, c, start) == verdict::bad));
    BOOST_TEST((fast_open_cookies({1, 2}, 1h).check(here, there, c, start) == verdict::good));
}

BOOST_AUTO_TEST_CASE(a_request_or_a_cookie_of_another_size_is_no_good_one) {
    const fast_open_cookies cookies({1, 2}, 1h);
    fast_open_cookie c = cookies.make(here, there, start);
    BOOST_TEST((cookies.check(here, there, fast_open_cookie(), start) == verdict::bad));
    c.size = 4;
    BOOST_TEST((cookies.check(here, there, c, start) == verdict::bad));
}

// RFC 7413 §4.1.2: it "expires after a certain amount of time"; until then the old key is good beside the
// new.
BOOST_AUTO_TEST_CASE(a_cookie_grows_old_and_expires) {
    const fast_open_cookies cookies({1, 2}, 1h);
    const fast_open_cookie c = cookies.make(here, there, start);
    BOOST_TEST((cookies.check(here, there, c, start + 59min) == verdict::good));
    BOOST_TEST((cookies.check(here, there, c, start + 61min) == verdict::old));
    BOOST_TEST((cookies.check(here, there, c, start + 121min) == verdict::bad));
    BOOST_TEST(!(cookies.make(here, there, start + 61min) == c));
}

BOOST_AUTO_TEST_SUITE_END()
