#include "net/kernel/socket_handle.hh"

#include "net/error.hh"
#include "tests/support/net_loopback.hh"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

using namespace millrace;
using namespace millrace::net;

namespace {

const auto need_ipv4 = boost::unit_test::precondition(has_loopback4);
const auto need_ipv6 = boost::unit_test::precondition(has_loopback6);

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kernel)

BOOST_AUTO_TEST_CASE(an_endpoint_stays_the_same_on_its_way_through_the_kernels_words) {
    const endpoint four{ipv4_address(10, 1, 2, 3), 80}, six{ipv6_address::loopback(), 443};
    BOOST_TEST((socket_address(four, AF_INET).to_endpoint() == four));
    BOOST_TEST((socket_address(six, AF_INET6).to_endpoint() == six));
    // RFC 3493 §3.7: by the mapped address.
    BOOST_TEST((socket_address(four, AF_INET6).to_endpoint().address == four.address));
}

BOOST_AUTO_TEST_CASE(errors_have_our_names_where_there_are_such) {
    BOOST_TEST((error_of(ECONNREFUSED) == net::errc::connection_refused));
    BOOST_TEST((error_of(EPIPE) == net::errc::connection_reset));
    BOOST_TEST((error_of(EACCES) == std::errc::permission_denied));
}

BOOST_AUTO_TEST_CASE(the_descriptor_goes_with_its_last_owner, *need_ipv4) {
    int fd = -1;
    {
        socket_handle s = socket_handle::open(AF_INET, SOCK_STREAM);
        fd = s.get();
        BOOST_TEST((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        BOOST_TEST((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        socket_handle other(std::move(s));
        BOOST_TEST(!s);
        BOOST_TEST(other.get() == fd);
    }
    BOOST_TEST(!is_open(fd));
}

BOOST_AUTO_TEST_CASE(a_bound_socket_tells_its_place_and_a_second_one_is_refused, *need_ipv4) {
    socket_handle s = socket_handle::open(AF_INET, SOCK_STREAM),
                  other = socket_handle::open(AF_INET, SOCK_STREAM);
    s.bind({loopback4, 0}, AF_INET);
    BOOST_TEST((s.local().address == loopback4));
    BOOST_TEST(s.local().port != 0u);
    BOOST_CHECK_EXCEPTION(other.bind(s.local(), AF_INET), std::system_error,
                          [](const auto& e) { return e.code() == net::errc::address_in_use; });
    BOOST_TEST(!s.pending_error());
}

BOOST_AUTO_TEST_CASE(the_unspecified_address_of_ipv6_serves_both_families, *need_ipv6) {
    int family = 0, only6 = -1;
    socklen_t length = sizeof only6;
    socket_handle s = socket_handle::open_for(ip_address(), SOCK_STREAM, family);
    if (family == AF_INET6) {
        ::getsockopt(s.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only6, &length);
        BOOST_TEST(only6 == 0);
    }
    socket_handle six = socket_handle::open_for(loopback6, SOCK_STREAM, family);
    BOOST_TEST(family == AF_INET6);
    ::getsockopt(six.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only6, &length);
    BOOST_TEST(only6 == 1);
}

BOOST_AUTO_TEST_SUITE_END()
