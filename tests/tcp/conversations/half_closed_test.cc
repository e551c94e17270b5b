// Closing while data is on its way, one end and both: RFC 9293 §3.6, §3.10.7.4. (Without: closing_test.cc.)
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Established, segments of 1000 bytes, neither SACK nor timestamps.
struct plain : conversation {
    plain() { establish(syn_ack().mss(1000)); }
};

// Ours is "bye" with the FIN, unacknowledged; the peer's FIN is what the test makes of it.
struct we_have_said_bye : plain {
    we_have_said_bye() {
        us().send(std::string_view("bye"));
        app_shuts_down();
        expects(fin().payload("bye").seq(1));
        forget_events();
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(our_fin_is_on_its_way)

// RFC 9293 §3.10.7.4, seventh, in FIN-WAIT-1.
BOOST_FIXTURE_TEST_CASE(what_the_peer_still_sends_is_delivered, we_have_said_bye) {
    peer_sends(data("one").ack(1));
    expects(ack(4).seq(5));
    in_state(connection_state::fin_wait_1);
    peer_sends(data("two").ack(5));
    expects(ack(7).seq(5));
    in_state(connection_state::fin_wait_2);
    happened(events::readable | events::finished);
    BOOST_TEST(app_reads() == "onetwo");
}

// RFC 9293 §3.6: of data and FIN the FIN is acknowledged last.
BOOST_FIXTURE_TEST_CASE(an_ack_of_the_data_is_no_ack_of_the_fin, we_have_said_bye) {
    peer_sends(ack(4));
    in_state(connection_state::fin_wait_1);
    happened({});
    after(us().next_timeout() - now()).expects(fin().seq(4));
    peer_sends(ack(5));
    in_state(connection_state::fin_wait_2);
}

BOOST_FIXTURE_TEST_CASE(what_was_lost_goes_out_again_with_the_fin, we_have_said_bye) {
    after(us().next_timeout() - now()).expects(fin().payload("bye").seq(1));
    peer_sends(ack(5));
    in_state(connection_state::fin_wait_2);
}

// RFC 9293 §3.6, figure 13, with data both ways.
BOOST_FIXTURE_TEST_CASE(a_fin_that_crosses_ours_brings_its_data, we_have_said_bye) {
    peer_sends(fin().payload("tschau").ack(1));
    expects(ack(8).seq(5));
    in_state(connection_state::closing);
    happened(events::readable | events::peer_finished);
    BOOST_TEST(app_reads() == "tschau");
    BOOST_TEST(us().at_end());
    peer_sends(ack(5));
    in_state(connection_state::time_wait);
}

BOOST_FIXTURE_TEST_CASE(in_closing_what_was_lost_goes_out_again_with_the_fin, we_have_said_bye) {
    peer_sends(fin().ack(1));
    expects(ack(2).seq(5));
    after(us().next_timeout() - now()).expects(fin().payload("bye").seq(1).ack(2));
    in_state(connection_state::closing);
    peer_sends(ack(5));
    in_state(connection_state::time_wait);
}

// RFC 9293 §3.10.7.4, first: it lies before the window, and nothing in it counts; our FIN again, and its ACK,
// end what the ACK in it could have.
BOOST_FIXTURE_TEST_CASE(in_closing_the_fin_of_the_peer_again_is_only_answered, we_have_said_bye) {
    peer_sends(fin().ack(1));
    expects(ack(2).seq(5));
    peer_sends(fin().seq(1).ack(5));
    refused(drop_reason::out_of_window);
    expects(ack(2).seq(5));
    in_state(connection_state::closing);
    after(us().next_timeout() - now()).expects(fin().payload("bye").seq(1));
    peer_sends(ack(5).seq(2));
    in_state(connection_state::time_wait);
}

BOOST_FIXTURE_TEST_CASE(an_ack_of_our_data_and_the_fin_of_the_peer_in_one_make_closing, we_have_said_bye) {
    peer_sends(fin().ack(4));
    expects(ack(2).seq(5));
    in_state(connection_state::closing);
    after(us().next_timeout() - now()).expects(fin().seq(4));
}

// RFC 9293 §3.10.7.4, eighth: a FIN counts when everything before it is here.
BOOST_FIXTURE_TEST_CASE(a_fin_behind_a_gap_does_not_make_closing, we_have_said_bye) {
    peer_sends(fin().payload("def").seq(4).ack(1));
    expects(ack(1).seq(5));
    in_state(connection_state::fin_wait_1);
    peer_sends(data("abc").seq(1).ack(5));
    expects(ack(8).seq(5));
    in_state(connection_state::time_wait);
    BOOST_TEST(app_reads() == "abcdef");
}

// RFC 2525 §2.17: nobody will read it, whether or not our FIN has arrived.
BOOST_FIXTURE_TEST_CASE(data_for_an_application_that_has_gone_resets_in_fin_wait_1, plain) {
    app_closes();
    expects(fin().seq(1));
    peer_sends(data("anyone?").ack(1));
    refused(drop_reason::data_after_close);
    expects(rst_ack().seq(2).ack(1));
    in_state(connection_state::closed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(our_fin_has_arrived)

// RFC 9293 §3.10.7.4, seventh and eighth, in FIN-WAIT-2.
BOOST_AUTO_TEST_CASE(a_fin_with_data_ends_both_ways) {
    auto c = conversation_in(connection_state::fin_wait_2);
    c->peer_sends(fin().payload("last"));
    c->expects(ack(6).seq(2));
    c->in_state(connection_state::time_wait);
    c->happened(events::readable | events::peer_finished | events::closed);
    BOOST_TEST(c->app_reads() == "last");
    BOOST_TEST(c->us().at_end());
    BOOST_TEST(!c->us().error());
}

BOOST_AUTO_TEST_CASE(data_out_of_order_is_put_in_order) {
    auto c = conversation_in(connection_state::fin_wait_2);
    c->peer_sends(fin().payload("ghi").seq(7));
    c->expects(ack(1).sack(7, 10));
    c->peer_sends(data("abc").seq(1));
    c->expects(ack(4).sack(7, 10));
    c->in_state(connection_state::fin_wait_2);
    c->peer_sends(data("def").seq(4));
    c->expects(ack(11));
    c->in_state(connection_state::time_wait);
    BOOST_TEST(c->app_reads() == "abcdefghi");
}

BOOST_AUTO_TEST_CASE(our_window_closes_and_opens_as_before) {
    conversation_options o;
    o.settings.receive_buffer = 2000;
    conversation c(o);
    c.establish(syn_ack().mss(1000));
    c.app_shuts_down();
    c.expects(fin());
    c.peer_sends(data(1000).ack(2));
    c.expects(ack(1001).wnd(1000));
    c.peer_sends(data(1000));
    c.expects(ack(2001).wnd(0));
    BOOST_TEST(c.app_reads().size() == 2000u);
    c.expects(ack(2001).wnd(2000).seq(2));
    c.peer_sends(fin().bytes(10));
    c.expects(ack(2012));
    c.in_state(connection_state::time_wait);
}

// RFC 9293 §3.10.7.4 in TIME-WAIT, until a record takes the connection's place: the FIN again means that our
// ACK was lost.
BOOST_AUTO_TEST_CASE(in_time_wait_the_fin_again_is_acknowledged_and_a_reset_is_not_answered) {
    auto c = conversation_in(connection_state::fin_wait_2);
    c->peer_sends(fin());
    c->expects(ack(2).seq(2));
    c->peer_sends(fin().seq(1));
    c->refused(drop_reason::closed);
    c->expects(ack(2).seq(2));
    c->peer_sends(rst().seq(2));
    c->peer_sends(ack().seq(2));
    c->expects_nothing();
    c->in_state(connection_state::time_wait);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(the_peer_has_finished)

// RFC 9293 §3.6 case 2: the direction that is left works as before, losses included.
BOOST_FIXTURE_TEST_CASE(what_we_send_is_repeated_until_it_is_acknowledged, plain) {
    peer_sends(fin());
    expects(ack(2));
    app_sends(1500);
    expects(data(1000).seq(1).ack(2));
    expects(data(500).seq(1001).ack(2));
    app_shuts_down();
    expects(fin().seq(1501).ack(2));
    in_state(connection_state::last_ack);
    peer_sends(ack(1001));
    in_state(connection_state::last_ack);
    after(us().next_timeout() - now()).expects(data(500).seq(1001));
    peer_sends(ack(1501));
    expects(fin().seq(1501));
    peer_sends(ack(1502));
    in_state(connection_state::closed);
    BOOST_TEST(!us().error());
}

BOOST_FIXTURE_TEST_CASE(a_closed_window_is_probed_all_the_same, plain) {
    peer_sends(fin().wnd(0));
    expects(ack(2));
    set_peer_window(0);
    app_sends("answer");
    expects_nothing();
    after(us().next_timeout() - now()).expects(data("a").seq(1).ack(2));
    peer_sends(ack(1).wnd(100));
    expects(data("answer").seq(1).ack(2));
    in_state(connection_state::close_wait);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(closing_while_opening)

// RFC 9293 §3.10.4, SYN-SENT, for a half-close: what was sent is still to be delivered, and the FIN behind
// it.
BOOST_AUTO_TEST_CASE(a_half_close_in_syn_sent_follows_the_handshake) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.us().send(std::string_view("one request"));
    c.app_shuts_down();
    BOOST_TEST(c.app_sends("too late") == 0u);
    c.in_state(connection_state::syn_sent);
    c.expects_nothing();
    c.peer_sends(syn_ack().mss(1000));
    c.expects(fin().payload("one request").seq(1).ack(1));
    c.in_state(connection_state::fin_wait_1);
}

// RFC 9293 §3.10.7.3: what else is in the SYN-ACK is processed as in ESTABLISHED.
BOOST_AUTO_TEST_CASE(a_fin_in_the_syn_ack_closes_half) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(syn_ack().with(flags::fin).mss(1000).payload("go away"));
    c.expects(ack(9).seq(1));
    c.in_state(connection_state::close_wait);
    c.happened(events::connected | events::readable | events::peer_finished);
    BOOST_TEST(c.app_reads() == "go away");
    BOOST_TEST(c.us().at_end());
}

BOOST_AUTO_TEST_SUITE_END()
