#include "tcp/send/send_window.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(send)

BOOST_AUTO_TEST_CASE(the_usable_window_is_never_negative) {
    send_window w{.una = seq(100), .nxt = seq(600), .wnd = 1000};
    BOOST_TEST(w.usable() == 500u);
    w.wnd = 300;
    BOOST_TEST(w.usable() == 0u);
    BOOST_TEST(w.nxt_in_window(false).value() == 400u);
}

// What a field says in rounded form may fall behind the edge that was used before: the peer has taken it all.
BOOST_AUTO_TEST_CASE(less_than_a_unit_behind_the_window_is_no_shrunk_window) {
    send_window w{.una = seq(100), .nxt = seq(611), .wnd = 384, .scale = 7};
    BOOST_TEST(w.nxt_in_window(false).value() == 611u);
    BOOST_TEST(w.nxt_in_window(true).value() == 484u);
    w.nxt += 1;
    BOOST_TEST(w.nxt_in_window(false).value() == 484u);
}

// RFC 9293 §3.10.7.4, fifth.
BOOST_AUTO_TEST_CASE(an_older_segment_does_not_change_the_window) {
    send_window w{.una = seq(100), .nxt = seq(100), .scale = 2};
    w.start(seq(10), seq(100), 500);
    BOOST_TEST(w.wnd == 500u);
    BOOST_TEST(w.update(seq(11), seq(100), 1000));
    BOOST_TEST(w.wnd == 4000u);
    BOOST_TEST(!w.update(seq(10), seq(100), 1));
    BOOST_TEST(!w.update(seq(11), seq(99), 1));
    BOOST_TEST(!w.update(seq(12), seq(99), 1));
    BOOST_TEST(!w.update(seq(11), seq(100), 1000));
    BOOST_TEST(w.update(seq(11), seq(101), 0));
    BOOST_TEST(w.wnd == 0u);
    BOOST_TEST(w.max_wnd == 4000u);
}

// Data that is sent again has an old number and the newest ACK: were its window not taken, SND.UNA would move
// with it, and the window's right edge beyond what the peer has offered.
BOOST_AUTO_TEST_CASE(an_ack_of_more_is_newer_whatever_its_number) {
    send_window w{.una = seq(100), .nxt = seq(300)};
    w.start(seq(10), seq(100), 500);
    BOOST_TEST(w.update(seq(5), seq(200), 400));
    BOOST_TEST(w.wnd == 400u);
    BOOST_TEST(!w.update(seq(10), seq(100), 500));
    BOOST_TEST(w.wnd == 400u);
}

// A peer whose window we closed answers from its left edge, before what it sent last.
BOOST_AUTO_TEST_CASE(a_wider_window_is_newer_whatever_its_number) {
    send_window w{.una = seq(100), .nxt = seq(100)};
    w.start(seq(10), seq(100), 500);
    BOOST_TEST(w.update(seq(5), seq(100), 600));
    BOOST_TEST(w.wnd == 600u);
    BOOST_TEST(!w.update(seq(4), seq(99), 700));
    BOOST_TEST(!w.update(seq(9), seq(100), 0));  // late: SEG.SEQ 10 told of the window behind it
    BOOST_TEST(w.wnd == 600u);
}

BOOST_AUTO_TEST_CASE(an_ack_is_of_what_was_sent_across_the_wrap_too) {
    send_window w{.una = seq(0xfffffff0u), .nxt = seq(0x10)};
    BOOST_TEST(w.acknowledges_sent(seq(0xfffffff0u)));
    BOOST_TEST(w.acknowledges_sent(seq(0x10)));
    BOOST_TEST(!w.acknowledges_sent(seq(0x11)));
    BOOST_TEST(!w.acknowledges_sent(seq(0xffffffefu)));
    BOOST_TEST(w.outstanding() == 0x20u);
}

BOOST_AUTO_TEST_SUITE_END()
