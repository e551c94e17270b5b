#include "tcp/send/send_window.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace::tcp;

BOOST_AUTO_TEST_SUITE(send)

BOOST_AUTO_TEST_CASE(the_usable_window_is_never_negative) {
    send_window w{.una = seq(100), .nxt = seq(600), .wnd = 1000};
    BOOST_TEST(w.usable() == 500u);
    w.wnd = 300;
    BOOST_TEST(w.usable() == 0u);
    BOOST_TEST(w.nxt_in_window().value() == 400u);
}

// RFC 9293 §3.10.7.4, fifth: SND.WL1 < SEG.SEQ, or equal and SND.WL2 =< SEG.ACK.
BOOST_AUTO_TEST_CASE(an_older_segment_does_not_change_the_window) {
    send_window w{.una = seq(100), .nxt = seq(100), .scale = 2};
    w.start(seq(10), seq(100), 500);
    BOOST_TEST(w.wnd == 500u);
    BOOST_TEST(w.update(seq(11), seq(100), 1000));
    BOOST_TEST(w.wnd == 4000u);
    BOOST_TEST(!w.update(seq(10), seq(200), 1));
    BOOST_TEST(!w.update(seq(11), seq(99), 1));
    BOOST_TEST(!w.update(seq(11), seq(100), 1000));
    BOOST_TEST(w.update(seq(11), seq(101), 0));
    BOOST_TEST(w.wnd == 0u);
    BOOST_TEST(w.max_wnd == 4000u);
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
