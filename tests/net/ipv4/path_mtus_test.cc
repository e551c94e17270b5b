#include "net/ipv4/path_mtus.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace std::chrono_literals;

namespace {

const ipv4_address far(192, 0, 2, 1);
const time_point start{1s};

uint16_t mtu_of(const path_mtus& m, ipv4_address a, time_point now) {
    time_point until = never;
    return m.lookup(a, 1500, now, until);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

// RFC 1191 §6.3.
BOOST_AUTO_TEST_CASE(a_lowered_mtu_is_forgotten_after_its_lifetime) {
    path_mtus m(4, 10min);
    BOOST_TEST(m.lower(far, 1400, start));
    BOOST_TEST(mtu_of(m, far, start) == 1400);
    BOOST_TEST(mtu_of(m, ipv4_address(192, 0, 2, 2), start) == 1500);
    time_point until = never;
    m.lookup(far, 1500, start, until);
    BOOST_TEST((until == start + 10min));
    BOOST_TEST(mtu_of(m, far, start + 10min) == 1500);
}

// RFC 1191 §3: a host must not raise its estimate because of an ICMP message.
BOOST_AUTO_TEST_CASE(an_mtu_is_only_lowered) {
    path_mtus m(4, 10min);
    m.lower(far, 1400, start);
    BOOST_TEST(!m.lower(far, 1450, start));
    BOOST_TEST(!m.lower(far, 1400, start));
    BOOST_TEST(m.lower(far, 1300, start));
    BOOST_TEST(mtu_of(m, far, start) == 1300);
    BOOST_TEST(m.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_list_forgets_the_oldest) {
    path_mtus m(2, 10min);
    for (uint8_t i = 1; i <= 3; ++i) m.lower(ipv4_address(192, 0, 2, i), 1400, start);
    BOOST_TEST(m.size() == 2u);
    BOOST_TEST(mtu_of(m, far, start) == 1500);
    BOOST_TEST(mtu_of(m, ipv4_address(192, 0, 2, 3), start) == 1400);
}

BOOST_AUTO_TEST_SUITE_END()
