#include "net/dpdk_device.hh"

#include "tests/support/net_frames.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

namespace {

dpdk_options small(const std::string& device) {
    dpdk_options o;
    o.device = device;
    o.buffers = 1024;
    o.descriptors = 256;
    return o;
}

}  // namespace

BOOST_AUTO_TEST_CASE(frames_cross_a_pair_of_rings_unchanged_and_in_order) {
    auto pair = open_dpdk_ring_pair(small(""));
    auto& a = pair.a->queue(0);
    auto& b = pair.b->queue(0);
    std::vector<std::string> sent;
    for (size_t size : {60, 61, 500, 1514}) {
        sent.push_back(frames::pattern(size));
        BOOST_REQUIRE(frames::send(a, sent.back()));
    }
    BOOST_TEST(frames::receive_all(b) == sent, boost::test_tools::per_element());
    BOOST_TEST(frames::receive_all(a).empty());
    BOOST_TEST(a.counters().tx_packets == 4u);
    BOOST_TEST(b.counters().rx_packets == 4u);
    BOOST_TEST(b.counters().rx_bytes == 60u + 61 + 500 + 1514);
}

BOOST_AUTO_TEST_SUITE_END()
