#include "net/ethernet/transmit_queue.hh"

#include "net/simulation.hh"
#include "tests/support/net_wire.hh"

#include <boost/test/unit_test.hpp>

#include <array>

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

BOOST_AUTO_TEST_CASE(it_holds_as_many_as_it_may_wherever_it_begins) {
    fake_queue device;
    drop_counters drops;
    transmit_queue q(device, 4, drops);
    size_t refused = 0;
    for (int i = 0; i < 40; ++i) {
        device.room = 1;
        q.flush();
        device.room = 0;
        while (q.push(frame(i))) BOOST_TEST_REQUIRE(q.size() <= 4u);
        ++refused;
        BOOST_TEST(q.size() == 4u);
        BOOST_TEST(!q.draft());
        ++refused;
    }
    BOOST_TEST(drops[drop_reason::transmit_queue_full] == refused);
}

BOOST_AUTO_TEST_CASE(a_draft_becomes_the_last_frame_where_it_stands) {
    fake_queue device;
    drop_counters drops;
    transmit_queue q(device, 4, drops);
    BOOST_TEST(q.push(frame(0)));
    packet* p = q.draft();
    BOOST_TEST_REQUIRE(p);
    BOOST_TEST(p->head.headroom() >= 128u);
    BOOST_TEST(q.draft() == p);
    *p->head.append(1) = '1';
    q.push_draft();
    BOOST_TEST(q.push(frame(2)));
    BOOST_TEST(q.size() == 3u);
    q.flush();
    BOOST_TEST((device.sent == std::vector<std::string>{"0", "1", "2"}));
    BOOST_TEST(device.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(a_draft_not_sent_is_forgotten) {
    fake_queue device;
    drop_counters drops;
    transmit_queue q(device, 4, drops);
    packet* p = q.draft();
    p->head.append(3);
    p->fragments.push_back(buffer::copy_of("left over"));
    p = q.draft();
    BOOST_TEST(p->size() == 0u);
    *p->head.append(1) = 'x';
    BOOST_TEST(q.push(frame(1)));  // takes the place
    p = q.draft();
    BOOST_TEST(p->size() == 0u);
    *p->head.append(1) = '2';
    q.push_draft();
    q.flush();
    BOOST_TEST((device.sent == std::vector<std::string>{"1", "2"}));
    BOOST_TEST(device.buffers_out == 0u);
}

BOOST_AUTO_TEST_CASE(without_buffers_or_room_there_is_no_draft) {
    fake_queue device;
    drop_counters drops;
    transmit_queue q(device, 2, drops);
    device.buffers = 0;
    BOOST_TEST(!q.draft());
    BOOST_TEST(drops[drop_reason::no_buffer] == 1u);
    device.buffers = SIZE_MAX;
    device.room = 0;
    for (int i = 0; i < 2; ++i) BOOST_TEST(q.push(frame(i)));
    BOOST_TEST(!q.draft());
    BOOST_TEST(drops[drop_reason::transmit_queue_full] == 1u);
    device.room = SIZE_MAX;
    BOOST_TEST(q.draft());
}

// A device that gives several buffers at once, as NICs do.
BOOST_AUTO_TEST_CASE(buffers_prepared_in_advance_are_used_and_given_back) {
    const link_pair link = make_link({.buffers = 256});
    auto &from = link.a->queue(0), &to = link.b->queue(0);
    std::array<packet, 64> got;
    std::string expected, arrived;
    {
        drop_counters drops;
        transmit_queue q(from, 200, drops);
        millrace::random rng(5);
        for (int i = 0; i < 3000; ++i) {
            const char letter = char('a' + i % 26);
            if (rng.chance(0.1)) {
                packet p;
                p.head = q.allocate();
                *p.head.append(1) = letter;
                BOOST_TEST_REQUIRE(q.push(std::move(p)));
            } else {
                packet* p = q.draft();
                BOOST_TEST_REQUIRE(p);
                *p->head.append(1) = letter;
                q.push_draft();
            }
            expected += letter;
            if (!rng.chance(0.1)) continue;
            q.flush();
            while (const size_t n = to.receive(got))
                for (packet& p : std::span(got).first(n)) arrived += std::exchange(p, packet{}).head.view();
        }
        q.flush();
        while (const size_t n = to.receive(got))
            for (packet& p : std::span(got).first(n)) arrived += std::exchange(p, packet{}).head.view();
        BOOST_TEST(drops.total() == 0u);
    }
    BOOST_TEST(arrived == expected);
    // All of the pool's buffers are back.
    std::vector<buffer> all;
    while (all.size() < 1000) {
        buffer b = from.allocate();
        if (!b.storage()) break;
        all.push_back(std::move(b));
    }
    BOOST_TEST(all.size() == 256u);
}

BOOST_AUTO_TEST_SUITE_END()
