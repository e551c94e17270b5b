// Windows: RFC 9293 §3.8.6, scaling by RFC 7323 §2.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Established without options, so that windows are in bytes; segments of at most 1000.
struct plain : conversation {
    explicit plain(uint16_t peer_window = 5000, uint32_t receive_buffer = 4000)
        : conversation(with(peer_window, receive_buffer)) {
        establish(syn_ack().mss(1000));
    }
    static conversation_options with(uint16_t peer_window, uint32_t receive_buffer) {
        conversation_options o;
        o.peer_wnd = peer_window;
        o.settings.receive_buffer = receive_buffer;
        o.path_mss = 1000;
        return o;
    }
};

struct closed_window : plain {
    closed_window() {
        app_sends(1000);
        expects(data(1000));
        set_peer_window(0);
        peer_sends(ack(1001));
        app_sends("waiting");
        expects_nothing();
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(peer_window)

// RFC 9293 §3.8.6: never more than SND.UNA + SND.WND.
BOOST_AUTO_TEST_CASE(the_window_bounds_what_is_sent) {
    plain c(2500);
    c.app_sends(6000);
    c.expects_data(2, 1000);
    c.expects_nothing();
    c.peer_sends(ack(1001).wnd(2500));
    c.expects(data(1000).seq(2001));
    c.peer_sends(ack(3001).wnd(10000));
    c.expects_data(3, 1000);
}

// RFC 7323 §2.3.
BOOST_AUTO_TEST_CASE(the_window_is_scaled_if_agreed) {
    conversation c;
    c.establish(syn_ack().mss(1000).wscale(2).wnd(1000));
    BOOST_TEST(c.info().snd_wnd == 1000u);  // of a SYN: not scaled
    c.peer_sends(ack().wnd(1000));
    BOOST_TEST(c.info().snd_wnd == 4000u);
}

// RFC 9293 §3.8.6.1: the first probe after the retransmission timeout, then ever more slowly.
BOOST_FIXTURE_TEST_CASE(a_closed_window_is_probed, closed_window) {
    duration wait = info().rto;
    for (int i = 0; i < 4; ++i) {
        after(wait - 1ms).expects_nothing();
        after(1ms).expects(data("w").seq(1001));
        peer_sends(ack(1001));
        wait *= 2;
    }
    set_peer_window(5000);
    peer_sends(ack(1001));
    expects(data("waiting").seq(1001));
}

// RFC 9293 §3.8.6.1: an answered probe is no reason to give up, for however long.
BOOST_FIXTURE_TEST_CASE(a_peer_that_answers_probes_may_keep_its_window_closed, closed_window) {
    for (int i = 0; i < 50; ++i) {
        after(us().next_timeout() - now()).expects(data("w").seq(1001));
        peer_sends(ack(1001));
    }
    BOOST_TEST((us().next_timeout() - now() == 60s));
    in_state(connection_state::established);
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_does_not_answer_probes_is_given_up, closed_window) {
    int probes = 0;
    for (; us().state() == connection_state::established && probes < 100; ++probes) {
        after(us().next_timeout() - now());
        if (us().state() == connection_state::established) expects(data("w").seq(1001));
    }
    BOOST_TEST(probes > 10);
    BOOST_TEST(probes < 20);
    BOOST_TEST((us().error() == std::errc::timed_out));
    forget_sent();
}

// A probe is data: the peer may have room for it again.
BOOST_FIXTURE_TEST_CASE(a_probe_may_be_accepted, closed_window) {
    after(info().rto).expects(data("w").seq(1001));
    peer_sends(ack(1002));
    expects_nothing();
    peer_sends(ack(1002).wnd(3000));
    expects(data("aiting").seq(1002));
}

BOOST_FIXTURE_TEST_CASE(a_fin_behind_a_closed_window_is_delivered_too, closed_window) {
    app_shuts_down();
    after(info().rto).expects(data("w").seq(1001));
    peer_sends(ack(1001).wnd(100));
    expects(fin().payload("waiting").seq(1001));
}

// RFC 9293 §3.8.6.1: the update was sent before the probe came, and what acknowledges the probe follows at
// once.
BOOST_FIXTURE_TEST_CASE(a_probe_may_be_accepted_just_behind_the_window_update, closed_window) {
    after(info().rto).expects(data("w").seq(1001));
    peer_sends_together({ack(1001).wnd(5000), data("hello").ack(1002).wnd(5000)});
    refused(drop_reason::none);
    BOOST_TEST(app_reads() == "hello");
    expects(data("aiting").seq(1002).ack(6));
}

BOOST_FIXTURE_TEST_CASE(a_fin_as_a_probe_may_be_accepted_just_behind_the_window_update, closed_window) {
    app_shuts_down();
    peer_sends(ack(1001).wnd(7));
    forget_sent();
    peer_sends(ack(1008).wnd(0));
    after(us().next_timeout() - now()).expects(fin().seq(1008));
    peer_sends_together({ack(1008).wnd(5000), ack(1009).wnd(5000)});
    refused(drop_reason::none);
    in_state(connection_state::fin_wait_2);
}

// What was never sent is not acknowledged, whatever was taken back before.
BOOST_FIXTURE_TEST_CASE(more_than_the_probe_is_not_accepted, closed_window) {
    after(info().rto).expects(data("w").seq(1001));
    peer_sends_together({ack(1001).wnd(5000), ack(1003).wnd(5000)});
    refused(drop_reason::unacceptable_ack);
    expects(data("waiting").seq(1001));
}

// RFC 9293 §3.8.6.1: the long waits were those of a closed window.
BOOST_AUTO_TEST_CASE(data_behind_a_window_that_closed_goes_out_soon_after_it_opens) {
    plain c;
    c.app_sends(3000);
    c.expects_data(3, 1000);
    c.peer_sends(ack(1001).wnd(0));
    for (int i = 0; i < 8; ++i) c.after(c.us().next_timeout() - c.now()).expects(data(1000).seq(1001));
    BOOST_TEST((c.us().next_timeout() - c.now() > 10s));
    c.peer_sends(ack(1001).wnd(5000));
    c.after(200ms).expects(data(1000).seq(1001));
}

// Not so while it is open: a peer could put the timeout off for ever.
BOOST_AUTO_TEST_CASE(an_open_window_that_changes_does_not_put_the_timeout_off) {
    plain c;
    c.app_sends(1000);
    c.expects(data(1000).seq(1));
    const duration wait = c.us().next_timeout() - c.now();
    for (int i = 1; i <= 3; ++i) {
        c.after(wait / 4);
        c.peer_sends(ack(1).wnd(uint16_t(5000 + i)));
    }
    c.after(wait / 4).expects(data(1000).seq(1));
}

// RFC 9293 §3.8.6: a window that shrinks (which is discouraged) must do no harm.
BOOST_AUTO_TEST_CASE(a_window_that_shrinks_does_no_harm) {
    plain c;
    c.app_sends(3000);
    c.expects_data(3, 1000);
    c.peer_sends(ack(1001).wnd(500));
    c.app_sends(1000);
    c.expects_nothing();
    c.peer_sends(ack(3001).wnd(5000));
    c.expects(data(1000).seq(3001));
}

// RFC 9293 §3.8.6.2.1: a window that opens by little is not filled by little.
BOOST_AUTO_TEST_CASE(silly_windows_are_not_filled) {
    plain c(4000);
    c.app_sends(6000);
    c.expects_data(4, 1000);
    c.peer_sends(ack(4001).wnd(100));
    c.expects_nothing();
    c.peer_sends(ack(4001).wnd(900));
    c.expects_nothing();
    c.peer_sends(ack(4001).wnd(1000));
    c.expects(data(1000));
    c.peer_sends(ack(5001).wnd(4000));
    c.expects(data(1000));
}

// RFC 9293 §3.8.6.2.1: but not for ever.
BOOST_AUTO_TEST_CASE(a_silly_window_is_filled_after_a_while) {
    plain c(4000);
    c.app_sends(6000);
    c.expects_data(4, 1000);
    c.peer_sends(ack(4001).wnd(100));
    c.after(c.us().next_timeout() - c.now());
    c.expects(data(100).seq(4001));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(our_window)

BOOST_AUTO_TEST_CASE(it_closes_as_data_comes_and_opens_as_it_is_read) {
    plain c;
    uint32_t at = 1;
    for (uint16_t left : {3000, 2000, 1000, 0}) {
        c.peer_sends(data(1000));
        at += 1000;
        c.expects(ack(at).wnd(left));
    }
    BOOST_TEST(c.app_reads().size() == 4000u);
    c.expects(ack(4001).wnd(4000));
}

// RFC 9293 §3.8.6.2.2: MIN(half the buffer, a segment).
BOOST_AUTO_TEST_CASE(little_reads_do_not_open_it) {
    plain c;
    for (int i = 0; i < 8; ++i) c.peer_sends(data(500));
    c.forget_sent();
    BOOST_TEST(c.us().receive().size() == 500u);
    c.after(1s).expects_nothing();
    for (int i = 0; i < 2; ++i) BOOST_TEST(c.us().receive().size() == 500u);
    c.app_sends("x");
    const auto s = c.take_sent();
    BOOST_TEST(s.wnd >= 1000);
    BOOST_TEST(s.wnd <= 1500);
}

// RFC 9293 §3.10.7.4, first: RCV.WND is zero.
BOOST_AUTO_TEST_CASE(a_probe_of_our_closed_window_is_answered) {
    plain c;
    for (int i = 0; i < 4; ++i) c.peer_sends(data(1000));
    c.forget_sent();
    c.peer_sends(data("p").seq(4001));
    c.expects(ack(4001).wnd(0));
    BOOST_TEST(c.us().readable_bytes() == 4000u);
    c.peer_sends(ack().seq(4001));
    c.expects_nothing();
    c.app_reads();
    c.expects(ack(4001).wnd(4000));
    c.peer_sends(data("p").seq(4001));
    c.expects(ack(4002));
}

BOOST_AUTO_TEST_CASE(an_ack_is_taken_although_our_window_is_closed) {
    plain c;
    for (int i = 0; i < 4; ++i) c.peer_sends(data(1000));
    c.forget_sent();
    c.app_sends("abc");
    c.expects(data("abc").wnd(0));
    c.peer_sends(ack(4));
    BOOST_TEST(c.info().in_flight == 0u);
}

// RFC 9293 §3.10.7.4: a segment may be trimmed to the window, FIN included; but a FIN takes no room, and its
// peer would only send it again.
BOOST_AUTO_TEST_CASE(a_fin_behind_data_that_fills_it_is_taken_with_the_data) {
    plain c;
    c.peer_sends(data(3000));
    c.expects(ack(3001).wnd(1000));
    c.peer_sends(fin().bytes(1000).seq(3001));
    c.expects(ack(4002).wnd(0));
    c.in_state(connection_state::close_wait);
    BOOST_TEST(c.app_reads().size() == 4000u);
    BOOST_TEST(c.us().at_end());
    c.app_closes();
    c.expects(fin().ack(4002));
}

BOOST_AUTO_TEST_CASE(a_fin_of_its_own_is_taken_although_it_is_closed) {
    plain c;
    for (int i = 0; i < 4; ++i) c.peer_sends(data(1000));
    c.forget_sent();
    c.peer_sends(fin().seq(4001));
    c.expects(ack(4002).wnd(0));
    BOOST_TEST(c.app_reads().size() == 4000u);
    BOOST_TEST(c.us().at_end());
    c.forget_sent();
}

BOOST_AUTO_TEST_CASE(a_fin_behind_it_or_behind_data_that_does_not_fit_waits) {
    plain c;
    for (int i = 0; i < 3; ++i) c.peer_sends(data(1000));
    c.forget_sent();
    c.peer_sends(fin().seq(4001));
    c.expects(ack(3001));
    c.peer_sends(fin().bytes(1001).seq(3001));
    c.expects(ack(4001).wnd(0));
    c.peer_sends(fin().bytes(1).seq(4001));
    c.expects(ack(4001).wnd(0));
    c.in_state(connection_state::established);
    BOOST_TEST(c.app_reads().size() == 4000u);
    BOOST_TEST(!c.us().at_end());
    c.forget_sent();
}

BOOST_AUTO_TEST_CASE(a_fin_at_its_edge_waits_for_what_lies_before_it) {
    plain c;
    for (int i = 0; i < 2; ++i) c.peer_sends(data(1000));
    c.forget_sent();
    c.peer_sends(fin().bytes(1000).seq(3001));
    c.expects(ack(2001));
    c.in_state(connection_state::established);
    c.peer_sends(data(1000).seq(2001));
    c.expects(ack(4002));
    c.in_state(connection_state::close_wait);
    BOOST_TEST(c.app_reads().size() == 4000u);
    c.forget_sent();
}

// RFC 7323 §2.4, RFC 9293 §3.8.6: but by what a field of units of 32 bytes cannot say of the last bytes of
// the buffer.
BOOST_AUTO_TEST_CASE(its_right_edge_does_not_move_left) {
    conversation c;
    c.establish();
    uint32_t edge = 0;
    for (uint32_t i = 0; i < 200; ++i) {
        c.peer_sends(data(1 + i * 7 % 1400));
        if (c.has_sent()) {
            const auto s = c.take_sent();
            const uint32_t now = (s.ack.value() - 0xffffffc0u) + (uint32_t(s.wnd) << 5);
            BOOST_TEST_REQUIRE(now + 32 > edge);
            edge = std::max(edge, now);
        }
        if (i % 9 == 0) c.app_reads();
    }
    c.forget_sent();
}

// Many buffers with little in them hold much memory.
BOOST_AUTO_TEST_CASE(data_out_of_order_counts_against_it) {
    plain c;
    c.peer_sends(data(1000).seq(1001));
    c.expects(ack(1).wnd(4000));
    c.peer_sends(data(1000).seq(1));
    c.expects(ack(2001).wnd(2000));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nagle)

namespace {

struct with_nagle : conversation {
    with_nagle() : conversation(options()) { establish(syn_ack().mss(1000)); }
    static conversation_options options() {
        conversation_options o;
        o.settings.no_delay = false;
        return o;
    }
};

}  // namespace

// RFC 9293 §3.7.4.
BOOST_FIXTURE_TEST_CASE(small_data_waits_while_something_is_in_flight, with_nagle) {
    app_sends("a");
    expects(data("a"));
    app_sends("b");
    app_sends("c");
    expects_nothing();
    peer_sends(ack());
    expects(data("bc"));
}

BOOST_FIXTURE_TEST_CASE(a_full_segment_does_not_wait, with_nagle) {
    app_sends("a");
    expects(data("a"));
    app_sends(1500);
    expects(data(1000));
    expects_nothing();
    peer_sends(ack(1002));
    expects(data(500));
}

BOOST_FIXTURE_TEST_CASE(the_last_data_does_not_wait_once_the_application_is_done, with_nagle) {
    app_sends("a");
    expects(data("a"));
    app_sends("b");
    app_shuts_down();
    expects(fin().payload("b"));
}

BOOST_FIXTURE_TEST_CASE(a_setting_of_the_connection_turns_it_off, with_nagle) {
    us().set_no_delay(true);
    app_sends("a");
    expects(data("a"));
    app_sends("b");
    expects(data("b"));
}

BOOST_AUTO_TEST_CASE(by_default_small_data_goes_out_at_once) {
    conversation c;
    c.establish();
    for (const char* text : {"a", "b", "c"}) {
        c.app_sends(text);
        c.expects(data(text));
    }
}

// RFC 9293 §3.9.1.2: PSH where the data at hand ends.
BOOST_AUTO_TEST_CASE(the_last_segment_of_a_write_is_pushed) {
    conversation c;
    c.establish(syn_ack().mss(1000));
    c.app_sends(2500);
    c.expects(data(1000).push(false));
    c.expects(data(1000).push(false));
    c.expects(data(500).push());
}

BOOST_AUTO_TEST_SUITE_END()
