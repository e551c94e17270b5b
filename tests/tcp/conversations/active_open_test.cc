// RFC 9293 §3.10.1 and §3.10.7.3: we send the SYN.
#include "net/error.hh"
#include "tests/support/tcp/conversation.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(active_open)

// RFC 9293 §3.5, figure 6.
BOOST_AUTO_TEST_CASE(three_way_handshake) {
    conversation c;
    c.app_connects();
    c.expects(syn().seq(0).wnd(65535).mss(1460).sack_ok().ts(0, 0).wscale(7));
    c.in_state(connection_state::syn_sent);
    c.after(30ms).peer_sends(syn_ack().seq(0).ack(1).mss(1460).sack_ok().ts(500, 0).wscale(7));
    c.expects(ack(1).seq(1).ts(30, 500).wnd(65536 >> 7));
    c.in_state(connection_state::established);
    c.happened(events::connected);
    BOOST_TEST((c.info().srtt == 30ms));
}

BOOST_AUTO_TEST_CASE(settings_decide_what_is_offered) {
    conversation_options o;
    o.settings.timestamps = false;
    o.settings.sack = false;
    o.settings.window_scaling = false;
    o.settings.receive_buffer = 20000;
    o.path_mss = 8960;
    conversation c(o);
    c.app_connects();
    c.expects(syn().mss(8960).wnd(20000).no_ts());
    c.peer_sends(syn_ack().mss(1460).sack_ok().ts(500, 0).wscale(7));
    c.expects(ack(1).no_ts().wnd(20000));
    BOOST_TEST(!c.info().sack);
    BOOST_TEST(!c.info().window_scaling);
    BOOST_TEST(!c.info().timestamps);
}

// RFC 7323 §1.3, RFC 2018 §2: an option counts only if both SYNs have it.
BOOST_AUTO_TEST_CASE(options_that_the_peer_does_not_answer_are_not_used) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(syn_ack().mss(1460).wnd(1000));
    c.expects(ack(1).no_ts().wnd(65535));
    BOOST_TEST(c.info().snd_wnd == 1000u);
    BOOST_TEST(!c.info().sack);
    c.peer_sends(ack().wnd(2000));
    BOOST_TEST(c.info().snd_wnd == 2000u);
    c.app_sends("x");
    c.expects(data("x").no_ts());
}

// RFC 9293 §3.8.3 R2, RFC 6298 §5.5.
BOOST_AUTO_TEST_CASE(an_unanswered_syn_is_repeated_ever_more_slowly_then_given_up) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    for (auto t : {1s, 3s, 7s, 15s, 31s, 63s}) {
        c.at(t - 1ms).expects_nothing();
        c.at(t).expects(syn().seq(0).mss(1460).wscale(7).sack_ok());
    }
    c.at(123s).happened(events::closed | events::failed);
    c.in_state(connection_state::closed);
    BOOST_TEST((c.us().error() == std::errc::timed_out));
    c.after(1h).expects_nothing();
}

// RFC 9293 §3.10.7.3, first.
BOOST_AUTO_TEST_CASE(an_ack_of_something_never_sent_is_reset) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    for (uint32_t wrong : {0u, 2u, 1000u}) {
        c.peer_sends(syn_ack().seq(0).ack(wrong).mss(1460));
        c.expects(rst().seq(wrong));
        c.peer_sends(ack().seq(7).ack(wrong));
        c.expects(rst().seq(wrong));
        c.in_state(connection_state::syn_sent);
    }
    c.peer_sends(syn_ack().seq(0).ack(1).mss(1460));
    c.expects(ack(1).seq(1));
}

// RFC 9293 §3.10.7.3, first and second: RST for a wrong ACK is never answered.
BOOST_AUTO_TEST_CASE(a_reset_with_a_wrong_ack_is_ignored) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(rst_ack().seq(0).ack(5));
    c.peer_sends(rst().seq(0));
    c.expects_nothing();
    c.in_state(connection_state::syn_sent);
}

// RFC 9293 §3.10.7.3, second.
BOOST_AUTO_TEST_CASE(a_reset_that_acknowledges_the_syn_refuses_the_connection) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(rst_ack().seq(0).ack(1));
    c.happened(events::closed | events::failed);
    c.in_state(connection_state::closed);
    BOOST_TEST((c.us().error() == std::errc::connection_refused));
    c.after(1min).expects_nothing();
}

// RFC 9293 §3.10.7.3, second before fourth.
BOOST_AUTO_TEST_CASE(a_syn_ack_that_resets_refuses) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(syn_ack().with(flags::rst).seq(0).ack(1).mss(1000));
    c.expects_nothing();
    BOOST_TEST((c.us().error() == std::errc::connection_refused));
}

// RFC 9293 §3.10.7.3, fifth.
BOOST_AUTO_TEST_CASE(neither_syn_nor_reset_is_dropped) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(ack().seq(9).ack(1));
    c.refused(drop_reason::unexpected);
    c.peer_sends(scripted(flags::fin).seq(9));
    c.expects_nothing();
    c.in_state(connection_state::syn_sent);
}

BOOST_AUTO_TEST_CASE(data_given_before_the_handshake_goes_out_with_its_last_ack) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    BOOST_TEST(c.app_sends("early") == 5u);
    c.expects_nothing();
    c.peer_sends(syn_ack().seq(0).ack(1).mss(1460));
    c.expects(data("early").seq(1).ack(1));
    c.happened(events::connected);
}

// RFC 9293 §3.10.7.3, fourth: data in the SYN-ACK is not lost.
BOOST_AUTO_TEST_CASE(data_in_a_syn_ack_is_delivered) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(syn_ack().seq(0).ack(1).mss(1460).payload("hi"));
    c.expects(ack(3).seq(1));
    c.happened(events::connected | events::readable);
    BOOST_TEST(c.app_reads() == "hi");
}

// RFC 9293 §3.7.1, RFC 6691: the option counts no options.
BOOST_AUTO_TEST_CASE(the_mss_of_the_peer_bounds_our_segments) {
    conversation c;
    c.establish(syn_ack().mss(500).ts(1, 0));
    c.app_sends(1000);
    c.expects_data(2, 488);
    c.expects(data(24));
    conversation plain;
    plain.establish(syn_ack().mss(500));
    plain.app_sends(1000);
    plain.expects_data(2, 500);
}

BOOST_AUTO_TEST_CASE(the_mss_of_our_path_bounds_our_segments) {
    conversation_options o;
    o.path_mss = 1000;
    conversation c(o);
    c.app_connects();
    c.expects(syn().mss(1000));
    c.peer_sends(syn_ack().mss(8960));
    c.expects(ack(1));
    c.app_sends(1500);
    c.expects(data(1000));
    c.expects(data(500));
}

// RFC 9293 §3.7.1 MUST-15.
BOOST_AUTO_TEST_CASE(a_peer_that_names_no_mss_gets_536) {
    conversation c;
    c.establish(syn_ack());
    c.app_sends(600);
    c.expects(data(536));
    c.expects(data(64));
}

BOOST_AUTO_TEST_CASE(a_tiny_mss_is_not_believed) {
    conversation c;
    c.establish(syn_ack().mss(1));
    c.app_sends(100);
    c.expects(data(88));
    c.expects(data(12));
}

// RFC 6298 §5.7: without a sample, data starts with three seconds.
BOOST_AUTO_TEST_CASE(after_a_lost_syn_the_timeout_starts_at_three_seconds) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.at(1s).expects(syn().seq(0));
    c.peer_sends(syn_ack().mss(1460));
    c.expects(ack(1).seq(1));
    c.app_sends("x");
    c.expects(data("x"));
    c.at(4s - 1ms).expects_nothing();
    c.at(4s).expects(data("x").seq(1));
}

// RFC 5681 §3.1: then the path may be full, and one segment goes first.
BOOST_AUTO_TEST_CASE(after_a_lost_syn_one_segment_goes_first) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.at(1s).expects(syn().seq(0));
    c.peer_sends(syn_ack().mss(1000));
    c.expects(ack(1).seq(1));
    c.app_sends(5000);
    c.expects(data(1000));
    c.expects_nothing();
    c.peer_sends(ack());
    c.expects_data(2, 1000);
}

BOOST_AUTO_TEST_CASE(closing_before_the_handshake_sends_nothing) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.app_aborts();
    c.in_state(connection_state::closed);
    c.after(1min).expects_nothing();
}

BOOST_AUTO_TEST_SUITE_END()
