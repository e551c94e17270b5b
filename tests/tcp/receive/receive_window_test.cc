#include "tcp/receive/receive_window.hh"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace millrace::tcp;

namespace {

constexpr uint32_t mss = 1000;
const seq nxt(0xfffffff0);

// `size` bytes offered, unscaled.
receive_window offered(uint32_t size) {
    receive_window w(nxt, 0);
    w.offer(size, size, size, mss);
    return w;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(receive)

// RFC 7323 §2.3.
BOOST_AUTO_TEST_CASE(the_scale_is_the_smallest_that_can_say_the_buffer) {
    BOOST_TEST(int(receive_window::scale_for(0)) == 0);
    BOOST_TEST(int(receive_window::scale_for(65535)) == 0);
    BOOST_TEST(int(receive_window::scale_for(65536)) == 1);
    BOOST_TEST(int(receive_window::scale_for(1 << 20)) == 5);
    BOOST_TEST(int(receive_window::scale_for(UINT32_MAX)) == 14);
}

// RFC 9293 §3.10.7.4, first check: the four cases of its table.
BOOST_AUTO_TEST_CASE(segments_are_acceptable_if_they_touch_the_window) {
    const receive_window w = offered(100);
    BOOST_TEST(w.acceptable(nxt, 0));
    BOOST_TEST(w.acceptable(nxt + 99, 0));
    BOOST_TEST(w.acceptable(nxt + 100, 0));  // an ACK of a peer that has sent all of it
    BOOST_TEST(!w.acceptable(nxt + 101, 0));
    BOOST_TEST(!w.acceptable(nxt - 1, 0));
    BOOST_TEST(w.acceptable(nxt - 10, 11));
    BOOST_TEST(!w.acceptable(nxt - 10, 10));
    BOOST_TEST(w.acceptable(nxt + 99, 50));
    BOOST_TEST(!w.acceptable(nxt + 100, 50));
}

BOOST_AUTO_TEST_CASE(a_closed_window_accepts_only_empty_segments_in_order) {
    const receive_window w(nxt, 0);
    BOOST_TEST(w.acceptable(nxt, 0));
    BOOST_TEST(!w.acceptable(nxt + 1, 0));
    BOOST_TEST(!w.acceptable(nxt, 1));
}

BOOST_AUTO_TEST_CASE(data_uses_the_window_up) {
    receive_window w = offered(5000);
    BOOST_TEST(w.wnd() == 5000u);
    w.advance(1200);
    BOOST_TEST(w.wnd() == 3800u);
    BOOST_TEST((w.nxt() == nxt + 1200));
    w.advance_to(nxt + 6000);
    BOOST_TEST(w.wnd() == 0u);
}

// RFC 7323 §2.2.
BOOST_AUTO_TEST_CASE(the_window_of_a_syn_is_not_scaled) {
    receive_window w(nxt, 7);
    BOOST_TEST(w.offer_in_syn(1 << 20) == 65535);
    BOOST_TEST(w.wnd() == 65535u);
    BOOST_TEST(w.offer(1 << 20, 1 << 20, 1 << 20, mss) == (1 << 20) >> 7);
    BOOST_TEST(w.wnd() == uint32_t(1) << 20);
}

BOOST_AUTO_TEST_CASE(without_scaling_no_more_than_the_field_is_offered) {
    receive_window w(nxt, 0);
    BOOST_TEST(w.offer(1 << 20, 1 << 20, 1 << 20, mss) == 65535);
    BOOST_TEST(w.wnd() == 65535u);
    BOOST_TEST(!w.update_due(1 << 20, 1 << 20, mss));
}

// RFC 9293 §3.8.6.2.2.
BOOST_AUTO_TEST_CASE(the_edge_moves_only_by_a_segment_or_half_the_buffer) {
    receive_window w = offered(4000);
    w.advance(4000);
    BOOST_TEST(w.offer(999, 999, 4000, mss) == 0);
    BOOST_TEST(!w.update_due(999, 4000, mss));
    BOOST_TEST(w.update_due(1000, 4000, mss));
    BOOST_TEST(w.offer(1000, 1000, 4000, mss) == 1000);
    receive_window small = offered(800);
    small.advance(800);
    BOOST_TEST(small.offer(399, 399, 800, mss) == 0);
    BOOST_TEST(small.offer(400, 400, 800, mss) == 400);
}

// RFC 9293 §3.8.6 SHLD-14.
BOOST_AUTO_TEST_CASE(the_edge_never_moves_back) {
    receive_window w = offered(5000);
    w.advance(1000);
    BOOST_TEST(w.offer(100, 4000, 5000, mss) == 4000);
    BOOST_TEST((w.edge() == nxt + 5000));
}

// RFC 7323 §2.4.
BOOST_AUTO_TEST_CASE(rounding_by_the_scale_does_not_pull_the_edge_back) {
    receive_window w(nxt, 7);
    w.offer(12800, 12800, 12800, mss);
    w.advance(1);
    const uint16_t field = w.offer(0, 12799, 12800, mss);
    BOOST_TEST((w.nxt() + (uint32_t(field) << 7) >= nxt + 12800));
    BOOST_TEST((w.edge() == w.nxt() + (uint32_t(field) << 7)));
}

// Segments that are no multiple of the unit, and nobody who reads: RFC 7323 §2.4.
BOOST_AUTO_TEST_CASE(the_edge_does_not_creep_beyond_what_can_be_kept) {
    for (uint32_t size : {1u, 31u, 1436u}) {
        constexpr uint32_t capacity = 1 << 16;
        receive_window w(nxt, 5);
        w.offer(capacity, capacity, capacity, mss);
        for (uint32_t kept = 0; w.wnd() >= size; kept += size) {
            BOOST_TEST_REQUIRE((w.edge() < nxt + (capacity + 32)));
            w.advance(size);
            const uint32_t room = capacity - std::min(kept + size, capacity);
            const uint16_t field = w.offer(0, room, capacity, mss);
            BOOST_TEST_REQUIRE((w.nxt() + (uint32_t(field) << 5) <= w.edge()));
            BOOST_TEST_REQUIRE((w.edge() < w.nxt() + ((uint32_t(field) + 1) << 5)));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_update_is_due_when_the_window_has_at_least_doubled) {
    receive_window w = offered(60000);
    w.advance(20000);
    BOOST_TEST(!w.update_due(60000, 60000, mss));
    w.advance(20000);
    BOOST_TEST(w.update_due(60000, 60000, mss));
}

BOOST_AUTO_TEST_CASE(whatever_is_read_and_received_the_edge_is_monotonous_and_the_field_true) {
    for (uint32_t run = 0; run < 200; ++run) {
        std::mt19937 random(run);
        const uint8_t scale = uint8_t(random() % 15);
        const uint32_t capacity = 1 + random() % (1 << 22);
        receive_window w(nxt, scale);
        uint32_t free = capacity;
        for (int i = 0; i < 200; ++i) {
            const seq edge = w.edge();
            const uint16_t field = w.offer(free, free, capacity, mss);
            BOOST_TEST_REQUIRE((w.edge() >= edge));
            BOOST_TEST_REQUIRE((w.edge() == later(edge, w.nxt() + (uint32_t(field) << scale))));
            BOOST_TEST_REQUIRE(w.wnd() < free + (uint32_t(1) << scale));
            const uint32_t n = std::min(free, w.wnd() ? uint32_t(random() % w.wnd()) : 0);
            w.advance(n);
            free -= n;
            free += (capacity - free) ? random() % (capacity - free + 1) : 0;
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
