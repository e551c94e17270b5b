// RFC 9293 §3.10.7.4 in SYN-RECEIVED: a listener has answered the peer's SYN.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

scripted usual_syn() {
    return syn().mss(1460).sack_ok().ts(1, 0).wscale(7);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(passive_open)

// RFC 9293 §3.10.7.4, fifth.
BOOST_AUTO_TEST_CASE(the_ack_of_our_syn_establishes) {
    conversation c;
    c.peer_connects(usual_syn());
    c.in_state(connection_state::syn_received);
    c.peer_sends(ack(1).seq(1));
    c.expects_nothing();
    c.in_state(connection_state::established);
    c.happened(events::connected);
}

// RFC 7323 §2.2: the window of that ACK is scaled, that of the SYN was not.
BOOST_AUTO_TEST_CASE(the_window_of_the_ack_is_scaled) {
    conversation c;
    c.peer_connects(usual_syn().wnd(300));
    c.peer_sends(ack(1).wnd(3));
    BOOST_TEST(c.info().snd_wnd == 3u << 7);
}

BOOST_AUTO_TEST_CASE(data_with_the_ack_is_delivered) {
    conversation c;
    c.peer_connects(usual_syn());
    c.peer_sends(data("hello"));
    c.expects(ack(6).seq(1));
    c.happened(events::connected | events::readable);
    BOOST_TEST(c.app_reads() == "hello");
}

BOOST_AUTO_TEST_CASE(a_fin_with_the_ack_closes_half) {
    conversation c;
    c.peer_connects(usual_syn());
    c.peer_sends(fin().payload("all"));
    c.expects(ack(5));
    c.in_state(connection_state::close_wait);
    c.happened(events::connected | events::readable | events::peer_finished);
    BOOST_TEST(c.app_reads() == "all");
    BOOST_TEST(c.us().at_end());
}

// RFC 9293 §3.10.7.4, fifth: <SEQ=SEG.ACK><CTL=RST>.
BOOST_AUTO_TEST_CASE(a_wrong_ack_is_reset) {
    conversation c;
    c.peer_connects(usual_syn());
    c.peer_sends(ack(7));
    c.expects(rst().seq(7));
    c.in_state(connection_state::syn_received);
}

// RFC 9293 §3.10.7.4, second.
BOOST_AUTO_TEST_CASE(a_reset_ends_it) {
    conversation c;
    c.peer_connects(usual_syn());
    c.peer_sends(rst().seq(1));
    c.in_state(connection_state::closed);
    c.happened(events::closed | events::failed);
    c.expects_nothing();
}

BOOST_AUTO_TEST_CASE(the_round_trip_of_the_handshake_is_measured) {
    conversation c;
    c.peer_connects(usual_syn());
    c.after(25ms).peer_sends(ack(1));
    BOOST_TEST((c.info().srtt == 25ms));
}

BOOST_AUTO_TEST_CASE(the_server_may_speak_first) {
    conversation c;
    c.peer_connects(usual_syn());
    c.peer_sends(ack(1));
    c.app_sends("220 ready");
    c.expects(data("220 ready").seq(1).ack(1));
}

BOOST_AUTO_TEST_CASE(without_options_in_the_syn_none_are_used) {
    conversation c;
    c.peer_connects(syn().wnd(500));
    c.peer_sends(ack(1).wnd(500));
    BOOST_TEST(c.info().snd_wnd == 500u);
    c.app_sends(600);
    c.expects(data(500).no_ts());
    BOOST_TEST(c.info().smss == 536u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(simultaneous_open)

// RFC 9293 §3.5, figure 7.
BOOST_AUTO_TEST_CASE(syns_that_cross_establish_both_ends) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(syn().mss(1460).wscale(7).ts(1, 0).sack_ok());
    c.expects(syn_ack().seq(0).ack(1).mss(1460).wscale(7).sack_ok());
    c.in_state(connection_state::syn_received);
    c.peer_sends(ack(1).seq(1));
    c.in_state(connection_state::established);
    c.happened(events::connected);
}

// The peer's SYN-ACK starts before the window, but its ACK is what we wait for.
BOOST_AUTO_TEST_CASE(the_syn_ack_of_the_peer_establishes_too) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(syn().mss(1460));
    c.expects(syn_ack().seq(0).ack(1));
    c.peer_sends(syn_ack().seq(0).ack(1).mss(1460));
    c.expects(ack(1).seq(1));
    c.peer_sends(ack(1).seq(1));
    c.in_state(connection_state::established);
    c.happened(events::connected);
}

BOOST_AUTO_TEST_CASE(a_lost_syn_ack_is_repeated) {
    auto c = conversation_in(connection_state::syn_received);
    c->at(1s).expects(syn_ack().seq(0).ack(1).mss(1460));
    c->peer_sends(ack(1).seq(1));
    c->in_state(connection_state::established);
}

BOOST_AUTO_TEST_CASE(data_in_the_crossing_syn_arrives_once_established) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(syn().mss(1460).payload("early"));
    c.expects(syn_ack().seq(0).ack(1));
    c.peer_sends(data("early").seq(1).ack(1));
    c.expects(ack(6).seq(1));
    BOOST_TEST(c.app_reads() == "early");
}

// RFC 9293 §3.10.7.4, fifth, in SYN-RECEIVED: <SEQ=SEG.ACK><CTL=RST>, and our SYN-ACK still counts.
BOOST_AUTO_TEST_CASE(a_wrong_ack_after_crossing_syns_is_reset) {
    auto c = conversation_in(connection_state::syn_received);
    c->peer_sends(ack(77).seq(1));
    c->expects(rst().seq(77));
    c->in_state(connection_state::syn_received);
    c->peer_sends(ack(1).seq(1));
    c->in_state(connection_state::established);
}

BOOST_AUTO_TEST_CASE(a_reset_after_crossing_syns_refuses) {
    auto c = conversation_in(connection_state::syn_received);
    c->peer_sends(rst().seq(1));
    c->in_state(connection_state::closed);
    c->happened(events::closed | events::failed);
    BOOST_TEST((c->us().error() == std::errc::connection_refused));
}

BOOST_AUTO_TEST_CASE(a_shutdown_in_syn_received_sends_the_fin_when_established) {
    auto c = conversation_in(connection_state::syn_received);
    c->app_shuts_down();
    c->peer_sends(ack(1).seq(1));
    c->expects(fin().seq(1).ack(1));
    c->in_state(connection_state::fin_wait_1);
}

BOOST_AUTO_TEST_SUITE_END()
