#include "net/simulation.hh"
#include "tests/support/net_frames.hh"

#include <boost/test/unit_test.hpp>

#include <utility>
#include <vector>

using namespace millrace;
using namespace millrace::net;

BOOST_AUTO_TEST_SUITE(net)

BOOST_AUTO_TEST_CASE(packets_are_moved_to_the_other_end_without_a_copy) {
    link_pair l = make_link();
    packet p = frames::in_device_buffer(l.a->queue(0), "head");
    p.fragments.push_back(buffer::copy_of("and fragment"));
    const char* where = p.head.data();
    BOOST_TEST(l.a->queue(0).transmit(std::span(&p, 1)) == 1u);
    BOOST_TEST(p.size() == 0u);
    packet got;
    BOOST_REQUIRE(l.b->queue(0).receive(std::span(&got, 1)) == 1u);
    BOOST_TEST(frames::bytes_of(got) == "headand fragment");
    BOOST_TEST(static_cast<const void*>(got.head.data()) == static_cast<const void*>(where));
    BOOST_TEST(l.a->queue(0).counters().tx_bytes == 16u);
    BOOST_TEST(l.b->queue(0).counters().rx_bytes == 16u);
    BOOST_TEST(frames::receive_all(l.a->queue(0)).empty());
}

BOOST_AUTO_TEST_CASE(a_full_link_leaves_the_rest_with_the_caller) {
    link_pair l = make_link({.queue_packets = 4});
    std::vector<packet> burst(6);
    for (size_t i = 0; i < 6; ++i)
        burst[i] = frames::in_device_buffer(l.b->queue(0), frames::pattern(60 + i));
    BOOST_TEST(l.b->queue(0).transmit(burst) == 4u);
    BOOST_TEST(frames::bytes_of(burst[4]) == frames::pattern(64));
    BOOST_TEST(l.b->queue(0).counters().tx_rejected == 2u);
    BOOST_TEST(frames::receive_all(l.a->queue(0)).size() == 4u);
    BOOST_TEST(l.b->queue(0).transmit(std::span(burst).last(2)) == 2u);
    BOOST_TEST(frames::receive_all(l.a->queue(0)).size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_end_may_go_before_the_other) {
    link_pair l = make_link();
    BOOST_TEST(frames::send(l.a->queue(0), frames::pattern(60)));
    l.a.reset();
    const auto got = frames::receive_all(l.b->queue(0));
    BOOST_REQUIRE(got.size() == 1u);
    BOOST_TEST(got[0] == frames::pattern(60));
    BOOST_TEST(frames::send(l.b->queue(0), frames::pattern(60)));
}

// What is received and kept are the sender's buffers.
BOOST_AUTO_TEST_CASE(a_receiver_learns_that_the_sender_runs_short_of_buffers) {
    link_pair l = make_link({.buffers = 16});
    std::vector<packet> kept(13);
    for (size_t i = 0; i < 12; ++i) {
        BOOST_TEST(frames::send(l.a->queue(0), frames::pattern(60)));
        BOOST_TEST(l.b->queue(0).receive(std::span(&kept[i], 1)) == 1u);
        BOOST_TEST(!l.b->queue(0).scarce());
    }
    BOOST_TEST(frames::send(l.a->queue(0), frames::pattern(60)));
    BOOST_TEST(l.b->queue(0).scarce());
    BOOST_TEST(!l.a->queue(0).scarce());
    BOOST_TEST(l.b->queue(0).receive(std::span(&kept[12], 1)) == 1u);
    kept.clear();
    BOOST_TEST(frames::send(l.a->queue(0), frames::pattern(60)));
    BOOST_TEST(!l.b->queue(0).scarce());
}

BOOST_AUTO_TEST_SUITE_END()
