#include "net/kernel/port_claims.hh"

#include "net/error.hh"
#include "tests/support/net_loopback.hh"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace millrace;
using namespace millrace::net;

namespace {

struct claimed {
    explicit claimed(const endpoint& e, port_claim::protocol p = port_claim::protocol::tcp)
        : socket(socket_handle::open(AF_INET, p == port_claim::protocol::tcp ? SOCK_STREAM : SOCK_DGRAM)),
          claim(socket, p, e, AF_INET) {}
    socket_handle socket;
    port_claim claim;
};

bool in_use(const std::system_error& e) {
    return e.code() == net::errc::address_in_use;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kernel, *boost::unit_test::precondition(has_loopback4))

BOOST_AUTO_TEST_CASE(sockets_of_this_process_share_a_port) {
    claimed first({loopback4, 0});
    claimed second(first.socket.local()), third(first.socket.local());
    BOOST_TEST((second.socket.local() == first.socket.local()));
}

// As another process would: it also says SO_REUSEPORT, but this table does not know it.
BOOST_AUTO_TEST_CASE(a_port_of_somebody_else_is_in_use_although_it_would_be_shared) {
    socket_handle other = socket_handle::open(AF_INET, SOCK_STREAM);
    other.set(SOL_SOCKET, SO_REUSEPORT, 1);
    other.bind({loopback4, 0}, AF_INET);
    BOOST_CHECK_EXCEPTION(claimed(other.local()), std::system_error, in_use);
    // What was refused claims nothing.
    BOOST_CHECK_EXCEPTION(claimed(other.local()), std::system_error, in_use);
}

BOOST_AUTO_TEST_CASE(a_claim_lasts_as_long_as_its_last_holder) {
    std::optional<claimed> first(std::in_place, endpoint{loopback4, 0});
    const endpoint place = first->socket.local();
    std::optional<claimed> second(std::in_place, place);
    first.reset();
    claimed third(place);
    second.reset();
}

BOOST_AUTO_TEST_CASE(protocols_have_ports_of_their_own) {
    claimed tcp({loopback4, 0});
    claimed udp(tcp.socket.local(), port_claim::protocol::udp);
    BOOST_TEST((udp.socket.local() == tcp.socket.local()));
}

BOOST_AUTO_TEST_SUITE_END()
