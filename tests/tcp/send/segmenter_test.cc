#include "tcp/send/segmenter.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

namespace {

constexpr send_question plenty{.unsent = 10000,
                               .usable_window = 60000,
                               .cwnd_room = 14480,
                               .mss = 1448,
                               .max_wnd = 60000,
                               .idle = false,
                               .no_delay = false,
                               .finishing = false};
send_question with(auto change) {
    send_question q = plenty;
    change(q);
    return q;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(send)

// RFC 9293 §3.8.6.2.1 (1).
BOOST_AUTO_TEST_CASE(a_full_segment_always_goes) {
    BOOST_TEST(segment_size(plenty) == 1448u);
}

// RFC 9293 §3.7.4, Nagle.
BOOST_AUTO_TEST_CASE(a_small_rest_waits_while_something_is_in_flight) {
    BOOST_TEST(segment_size(with([](auto& q) { q.unsent = 100; })) == 0u);
    BOOST_TEST(segment_size(with([](auto& q) { q.unsent = 100, q.idle = true; })) == 100u);
    BOOST_TEST(segment_size(with([](auto& q) { q.unsent = 100, q.no_delay = true; })) == 100u);
    BOOST_TEST(segment_size(with([](auto& q) { q.unsent = 100, q.finishing = true; })) == 100u);
}

// RFC 9293 §3.8.6.2.1 (3): half of the largest window is worth a segment, less is not.
BOOST_AUTO_TEST_CASE(a_small_window_is_used_only_if_it_is_half_of_the_largest) {
    BOOST_TEST(segment_size(with([](auto& q) { q.usable_window = 500, q.idle = true; })) == 0u);
    BOOST_TEST(segment_size(with([](auto& q) { q.usable_window = 500, q.idle = true, q.max_wnd = 1000; })) ==
               500u);
    BOOST_TEST(segment_size(with([](auto& q) { q.usable_window = 0, q.idle = true, q.max_wnd = 0; })) == 0u);
}

BOOST_AUTO_TEST_CASE(the_congestion_window_is_not_filled_with_crumbs) {
    BOOST_TEST(segment_size(with([](auto& q) { q.cwnd_room = 700, q.no_delay = true; })) == 0u);
    BOOST_TEST(segment_size(with([](auto& q) { q.cwnd_room = 0; })) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
