// RFC 9293 §3.3.2, §3.6 and §3.10.4: the states behind a FIN, half-close both ways, simultaneous close, and
// what follows.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(closing)

// RFC 9293 §3.6, figure 12, our side first.
BOOST_AUTO_TEST_CASE(we_close_first) {
    conversation c;
    c.establish();
    c.app_shuts_down();
    c.expects(fin().seq(1).ack(1));
    c.in_state(connection_state::fin_wait_1);
    c.peer_sends(ack(2));
    c.in_state(connection_state::fin_wait_2);
    c.happened(events::finished);
    c.peer_sends(fin().seq(1).ack(2));
    c.expects(ack(2).seq(2));
    c.in_state(connection_state::time_wait);
    c.happened(events::peer_finished | events::closed);
}

// RFC 9293 §3.6, figure 12, the peer's side first.
BOOST_AUTO_TEST_CASE(the_peer_closes_first) {
    conversation c;
    c.establish();
    c.peer_sends(fin());
    c.expects(ack(2).seq(1));
    c.in_state(connection_state::close_wait);
    c.happened(events::peer_finished);
    BOOST_TEST(c.us().at_end());
    c.app_shuts_down();
    c.expects(fin().seq(1).ack(2));
    c.in_state(connection_state::last_ack);
    c.peer_sends(ack(2));
    c.in_state(connection_state::closed);
    c.happened(events::finished | events::closed);
    BOOST_TEST(!c.us().error());
}

// RFC 9293 §3.6, figure 13.
BOOST_AUTO_TEST_CASE(both_close_at_once) {
    conversation c;
    c.establish();
    c.app_shuts_down();
    c.expects(fin().seq(1));
    c.peer_sends(fin().seq(1).ack(1));
    c.expects(ack(2).seq(2));
    c.in_state(connection_state::closing);
    c.peer_sends(ack(2));
    c.in_state(connection_state::time_wait);
    c.happened(events::peer_finished | events::finished | events::closed);
}

// RFC 9293 §3.10.7.4, eighth: FIN-WAIT-1 whose FIN is acknowledged by the segment with the peer's FIN.
BOOST_AUTO_TEST_CASE(a_fin_that_acknowledges_ours_goes_straight_to_time_wait) {
    auto c = conversation_in(connection_state::fin_wait_1);
    c->peer_sends(fin().ack(2));
    c->expects(ack(2));
    c->in_state(connection_state::time_wait);
}

// RFC 9293 §3.6 case 1: half-closed, we still receive.
BOOST_AUTO_TEST_CASE(after_our_fin_the_peer_may_go_on_sending) {
    auto c = conversation_in(connection_state::fin_wait_2);
    c->peer_sends(data("late"));
    c->expects(ack(5).seq(2));
    BOOST_TEST(c->app_reads() == "late");
    c->peer_sends(data("later"));
    c->expects(ack(10).seq(2));
    BOOST_TEST(c->app_reads() == "later");
    c->peer_sends(fin());
    c->expects(ack(11).seq(2));
    c->in_state(connection_state::time_wait);
}

// RFC 9293 §3.10.7.4, eighth: a FIN is acknowledged, in TIME-WAIT by nobody later. It may have come before
// the data.
BOOST_AUTO_TEST_CASE(data_in_front_of_a_fin_that_is_here_is_acknowledged_with_it_at_once) {
    conversation_options o;
    o.settings.quick_ack_segments = 0;
    auto c = conversation_in(connection_state::fin_wait_2, o);
    c->peer_sends(fin().seq(5));
    c->expects(ack(1).seq(2));
    c->in_state(connection_state::fin_wait_2);
    c->peer_sends(data("late").seq(1));
    c->expects(ack(6).seq(2));
    c->in_state(connection_state::time_wait);
}

// RFC 9293 §3.6 case 2: half-closed, we still send.
BOOST_AUTO_TEST_CASE(after_the_fin_of_the_peer_we_may_go_on_sending) {
    auto c = conversation_in(connection_state::close_wait);
    c->app_sends("late");
    c->expects(data("late").seq(1).ack(2));
    c->peer_sends(ack(5));
    c->app_sends("later");
    c->expects(data("later").seq(5).ack(2));
    c->peer_sends(ack(10));
    c->app_shuts_down();
    c->expects(fin().seq(10));
    c->peer_sends(ack(11));
    c->in_state(connection_state::closed);
}

BOOST_AUTO_TEST_CASE(nothing_can_be_sent_after_our_fin) {
    auto c = conversation_in(connection_state::fin_wait_2);
    BOOST_TEST(c->app_sends("x") == 0u);
    c->expects_nothing();
}

BOOST_AUTO_TEST_CASE(our_fin_rides_on_the_last_data) {
    conversation c;
    c.establish(syn_ack().mss(1000));
    c.us().send(std::string_view("bye"));
    c.app_shuts_down();
    c.expects(fin().payload("bye").seq(1));
    c.peer_sends(ack(5));
    c.in_state(connection_state::fin_wait_2);
}

// RFC 9293 §3.10.4: the FIN follows what is queued.
BOOST_AUTO_TEST_CASE(our_fin_waits_behind_data_that_the_window_holds_back) {
    conversation c;
    c.establish(syn_ack().mss(1000).wnd(1000));
    c.app_sends(1500);
    c.expects(data(1000));
    c.app_shuts_down();
    c.expects_nothing();
    c.in_state(connection_state::fin_wait_1);
    c.peer_sends(ack(1001).wnd(5000));
    c.expects(fin().bytes(500).seq(1001));
}

BOOST_AUTO_TEST_CASE(a_fin_with_data_delivers_the_data_first) {
    conversation c;
    c.establish();
    c.peer_sends(fin().payload("last words"));
    c.expects(ack(12));
    c.happened(events::readable | events::peer_finished);
    BOOST_TEST(!c.us().at_end());
    BOOST_TEST(c.app_reads() == "last words");
    BOOST_TEST(c.us().at_end());
}

BOOST_AUTO_TEST_CASE(a_fin_behind_a_gap_waits_for_the_gap) {
    conversation c;
    c.establish();
    c.peer_sends(fin().payload("def").seq(4));
    c.expects(ack(1).sack(4, 7));
    c.in_state(connection_state::established);
    c.happened({});
    c.peer_sends(data("abc").seq(1));
    c.expects(ack(8));
    c.in_state(connection_state::close_wait);
    BOOST_TEST(c.app_reads() == "abcdef");
}

BOOST_AUTO_TEST_CASE(a_bare_fin_behind_a_gap_waits_for_the_gap) {
    conversation c;
    c.establish();
    c.peer_sends(fin().seq(4));
    c.expects(ack(1));
    c.in_state(connection_state::established);
    c.peer_sends(data("abc").seq(1));
    c.expects(ack(5));
    c.in_state(connection_state::close_wait);
}

// RFC 9293 §3.10.7.4, first: the FIN again means that our ACK was lost.
BOOST_AUTO_TEST_CASE(a_repeated_fin_is_acknowledged_again) {
    for (auto state : {connection_state::close_wait, connection_state::closing, connection_state::last_ack}) {
        auto c = conversation_in(state);
        c->peer_sends(fin().seq(1).ack(1));
        c->expects(ack(2));
        c->in_state(state);
    }
}

// RFC 6298 §5: our FIN is sent again like data.
BOOST_AUTO_TEST_CASE(a_lost_fin_is_sent_again) {
    for (auto state : {connection_state::fin_wait_1, connection_state::last_ack, connection_state::closing}) {
        auto c = conversation_in(state);
        c->after(c->info().rto).expects(fin().seq(1));
        c->after(c->info().rto).expects(fin().seq(1));
        c->in_state(state);
        c->peer_sends(ack(2));
        BOOST_TEST(c->us().is_finished());
    }
}

BOOST_AUTO_TEST_CASE(text_behind_the_fin_of_the_peer_is_refused) {
    auto c = conversation_in(connection_state::close_wait);
    c->peer_sends(data("more").seq(2));
    c->expects(ack(2));
    BOOST_TEST(c->us().readable_bytes() == 0u);
    c->in_state(connection_state::close_wait);
}

// RFC 9293 §3.6.1: for the record that answers in the connection's place.
BOOST_AUTO_TEST_CASE(time_wait_leaves_its_numbers_behind) {
    conversation c;
    c.establish();
    BOOST_TEST(!c.us().take_time_wait().has_value());
    c.app_shuts_down();
    c.expects(fin());
    c.peer_sends(fin());
    c.expects(ack(2));
    const auto left = c.us().take_time_wait();
    BOOST_TEST_REQUIRE(left.has_value());
    BOOST_TEST(left->snd_nxt.value() == 0xfffffff0u + 2);
    BOOST_TEST(left->rcv_nxt.value() == 0xffffffc0u + 2);
    BOOST_TEST(left->timestamps);
    BOOST_TEST(!c.us().take_time_wait().has_value());
}

// RFC 9293 §3.6.1, RFC 2525 §2.17: data that nobody will read is answered by a reset.
BOOST_AUTO_TEST_CASE(data_for_a_closed_application_resets) {
    conversation c;
    c.establish();
    c.app_closes();
    c.expects(fin().seq(1));
    c.peer_sends(ack(2));
    c.in_state(connection_state::fin_wait_2);
    c.peer_sends(data("anyone?"));
    c.expects(rst_ack().seq(2).ack(1));
    c.in_state(connection_state::closed);
}

BOOST_AUTO_TEST_CASE(closing_with_data_unread_resets) {
    conversation c;
    c.establish();
    c.peer_sends(data("unread"));
    c.expects(ack());
    c.app_closes();
    c.expects(rst_ack().seq(1).ack(7));
    c.in_state(connection_state::closed);
}

// Linux's tcp_fin_timeout: a peer that never finishes does not keep a connection that nobody holds.
BOOST_AUTO_TEST_CASE(nobody_waits_for_ever_in_fin_wait_2) {
    conversation c;
    c.establish();
    c.app_closes();
    c.expects(fin());
    c.peer_sends(ack(2));
    c.after(59s).in_state(connection_state::fin_wait_2);
    c.after(2s);
    BOOST_TEST(c.us().is_closed());
}

// A half-closed connection that somebody holds may last.
BOOST_AUTO_TEST_CASE(a_half_close_lasts_as_long_as_the_application_wants) {
    auto c = conversation_in(connection_state::fin_wait_2);
    c->after(1h).in_state(connection_state::fin_wait_2);
    c->peer_sends(data("x"));
    c->expects(ack(2));
}

BOOST_AUTO_TEST_CASE(abort_resets_the_peer) {
    for (auto state :
         {connection_state::established, connection_state::close_wait, connection_state::fin_wait_1,
          connection_state::fin_wait_2, connection_state::syn_received}) {
        auto c = conversation_in(state);
        c->app_aborts();
        // RFC 9293 §3.10.5: <SEQ=SND.NXT><CTL=RST>
        c->expects(state == connection_state::syn_received ? rst_ack().seq(1) : rst_ack());
        c->in_state(connection_state::closed);
        c->after(1h).expects_nothing();
    }
}

BOOST_AUTO_TEST_SUITE_END()
