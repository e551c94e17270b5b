#include "net/ethernet/transmit_queue.hh"

#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::net;
using namespace millrace::net::wire_test;

namespace {

packet frame(int i) {
    packet p;
    p.head = buffer::copy_of(std::to_string(i));
    return p;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(a_turns_frames_leave_in_one_burst) {
    fake_queue device;
    drop_counters drops;
    transmit_queue q(device, 4, drops);
    for (int i = 0; i < 3; ++i) BOOST_TEST(q.push(frame(i)));
    BOOST_TEST(device.sent.empty());
    q.flush();
    BOOST_TEST((device.sent == std::vector<std::string>{"0", "1", "2"}));
    BOOST_TEST(q.sent() == 3u);
}

BOOST_AUTO_TEST_CASE(order_is_kept_however_little_the_device_takes) {
    fake_queue device;
    drop_counters drops;
    transmit_queue q(device, 5, drops);
    std::vector<std::string> expected;
    for (int i = 0; i < 50; ++i) {
        device.room = size_t(i % 3);
        if (q.push(frame(i))) expected.push_back(std::to_string(i));
        if (i % 2) q.flush();
    }
    device.room = SIZE_MAX;
    q.flush();
    BOOST_TEST(q.size() == 0u);
    BOOST_TEST(device.sent == expected, boost::test_tools::per_element());
    BOOST_TEST(drops[drop_reason::transmit_queue_full] == 50 - expected.size());
    BOOST_TEST(!expected.empty());
}

BOOST_AUTO_TEST_SUITE_END()
