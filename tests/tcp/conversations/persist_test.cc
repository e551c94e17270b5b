// A peer whose window is closed, or shrinks, while segments are lost: RFC 9293 §3.8.6, §3.8.6.1. (Without
// losses: flow_control_test.cc.)
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Established without options, so that windows are in bytes; segments of at most 1000.
struct plain : conversation {
    explicit plain(conversation_options o = {}) : conversation(std::move(o)) {
        settings().receive_buffer = 4000;
        establish(syn_ack().mss(1000).wnd(5000));
        set_peer_window(5000);
    }
    // Lets the timer that is next strike.
    void until_timeout() { after(us().next_timeout() - now()); }
};

// Of two segments the second is lost, and the first is acknowledged with a closed window.
struct second_lost : plain {
    second_lost() {
        app_sends(2000);
        expects_data(2, 1000);
        set_peer_window(0);
        peer_sends(ack(1001));
    }
};

// All is acknowledged, the window is closed, and something waits.
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

BOOST_AUTO_TEST_SUITE(closed_window_and_losses)

// RFC 9293 §3.8.6.1 MUST-36: a connection may begin with it.
BOOST_AUTO_TEST_CASE(a_window_closed_by_the_syn_ack_is_probed) {
    conversation c;
    c.establish(syn_ack().mss(1000).wnd(0));
    c.app_sends("request");
    c.expects_nothing();
    c.after(c.us().next_timeout() - c.now()).expects(data("r").seq(1));
    c.peer_sends(ack(1).wnd(1000));
    c.expects(data("request").seq(1));
}

// Who waits for its reader answers: that nothing is acknowledged says nothing against the way to it.
BOOST_FIXTURE_TEST_CASE(a_peer_whose_window_is_closed_is_not_in_doubt, closed_window) {
    for (int i = 0; i < 4; ++i) {
        until_timeout();
        BOOST_TEST(us().timeouts_in_a_row() == 0u);
        expects(data("w").seq(1001));
        peer_sends(ack(1001));
    }
    set_peer_window(5000);
    peer_sends(ack(1001));
    expects(data("waiting").seq(1001));
    until_timeout();
    expects(data("waiting").seq(1001));
    BOOST_TEST(us().timeouts_in_a_row() == 1u);
}

// RFC 9293 §3.8.6.1: a retransmission probes as well as a new byte, and goes on being one.
BOOST_FIXTURE_TEST_CASE(what_was_lost_as_the_window_closed_is_the_probe, second_lost) {
    for (int i = 0; i < 3; ++i) {
        until_timeout();
        expects(data(1000).seq(1001));
        expects_nothing();
        peer_sends(ack(1001));
    }
    BOOST_TEST(info().window_probes == 3u);
    set_peer_window(5000);
    until_timeout();
    expects(data(1000).seq(1001));
    peer_sends(ack(2001));
    BOOST_TEST((us().next_timeout() == never));
}

// RFC 5681 §2: what answers a probe is an ACK of nothing new, but tells of no segment that arrived.
BOOST_FIXTURE_TEST_CASE(the_answers_to_probes_are_no_duplicates, second_lost) {
    const auto cwnd = info().cwnd;
    for (int i = 0; i < 5; ++i) {
        until_timeout();
        expects(data(1000).seq(1001));
        peer_sends(ack(1001));
        expects_nothing();
    }
    BOOST_TEST(info().fast_recoveries == 0u);
    BOOST_TEST(info().timeouts == 0u);
    BOOST_TEST(info().cwnd == cwnd);
}

// RFC 9293 §3.8.6.1 MUST-37: for as long as it is answered, with data in flight, too.
BOOST_FIXTURE_TEST_CASE(data_in_flight_is_no_reason_to_give_an_answering_peer_up, second_lost) {
    for (int i = 0; i < 60; ++i) {
        until_timeout();
        expects(data(1000).seq(1001));
        peer_sends(ack(1001));
    }
    in_state(connection_state::established);
    BOOST_TEST((us().next_timeout() - now() == 60s));
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_answers_now_and_then_is_not_given_up, closed_window) {
    for (int i = 0; i < 60; ++i) {
        until_timeout();
        expects(data("w").seq(1001));
        if (i % 12 == 11) peer_sends(ack(1001));
    }
    in_state(connection_state::established);
}

// RFC 9293 §3.8.6.1: what probes are there for.
BOOST_FIXTURE_TEST_CASE(a_window_update_that_was_lost_is_found_by_the_next_probe, closed_window) {
    set_peer_window(5000);  // the segment that says so does not arrive
    after(info().rto).expects(data("w").seq(1001));
    peer_sends(ack(1002));
    expects(data("aiting").seq(1002));
}

// RFC 9293 §3.8.6.1 SHLD-29: the first probe after the timeout; what it had grown to by losses before the
// window closed is taken back by the ACK that closed it (RFC 6298 §5.3).
BOOST_AUTO_TEST_CASE(the_waits_for_a_window_begin_anew_behind_a_backoff) {
    plain c;
    c.app_sends(500);
    c.expects(data(500).seq(1));
    for (int i = 0; i < 5; ++i) {
        c.until_timeout();
        c.expects(data(500).seq(1));
    }
    BOOST_TEST((c.us().next_timeout() - c.now() > 5s));
    c.app_sends("waiting");
    c.forget_sent();
    c.set_peer_window(0);
    c.peer_sends(ack(501));
    c.after(200ms - 1ms).expects_nothing();
    c.after(1ms).expects(data("waiting").seq(501));
}

// A timeout of the fastest paths is no pace for probes.
BOOST_AUTO_TEST_CASE(probes_are_never_closer_than_the_minimum) {
    conversation_options o;
    o.settings.rto_min = 1ms;
    plain c(o);
    c.app_sends(1000);
    c.expects(data(1000).seq(1));
    c.set_peer_window(0);
    c.peer_sends(ack(1001));
    c.app_sends("waiting");
    BOOST_TEST((c.info().rto < 20ms));
    c.after(199ms).expects_nothing();
    c.after(1ms).expects(data("w").seq(1001));
    c.peer_sends(ack(1001));
    c.after(199ms).expects_nothing();
    c.after(1ms).expects(data("w").seq(1001));
}

// RFC 9293 §3.8.6: a window of the peer holds our data back, not what we say to the peer's.
BOOST_FIXTURE_TEST_CASE(data_of_the_peer_is_acknowledged_all_the_same, closed_window) {
    peer_sends(data("news"));
    expects(ack(5).seq(1001));
    BOOST_TEST(app_reads() == "news");
}

// RFC 5482: what cannot be delivered for so long ends the connection, answered or not.
BOOST_FIXTURE_TEST_CASE(a_user_timeout_ends_the_waiting_for_a_window, closed_window) {
    us().set_user_timeout(10s);
    while (!us().is_closed() && now() < time_point(1s) + 1min) {
        until_timeout();
        if (!us().is_closed()) expects(data("w").seq(1001));
        if (!us().is_closed()) peer_sends(ack(1001));
    }
    BOOST_TEST((us().error() == std::errc::timed_out));
    BOOST_TEST((now() <= time_point(1s) + 11s));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(window_that_shrinks)

// RFC 9293 §3.8.6 SHLD-16: what lies inside of the window that is left is repeated as usual.
BOOST_AUTO_TEST_CASE(what_the_smaller_window_takes_is_repeated) {
    plain c;
    c.app_sends(4000);
    c.expects_data(4, 1000);
    c.peer_sends(ack(1001).wnd(1000));
    c.until_timeout();
    c.expects(data(1000).seq(1001));
    c.expects_nothing();
    c.peer_sends(ack(2001).wnd(1000));
    c.forget_sent();
    c.peer_sends(ack(4001).wnd(5000));
    BOOST_TEST(c.info().in_flight == 0u);
}

// RFC 9293 §3.8.6 SHLD-15: nothing new until what is in flight fits, and the window takes more.
BOOST_AUTO_TEST_CASE(nothing_new_goes_out_until_the_edge_has_moved_on) {
    plain c;
    c.app_sends(3000);
    c.expects_data(3, 1000);
    c.app_sends(3000);
    c.expects_data(2, 1000);
    c.peer_sends(ack(1001).wnd(2000));
    c.peer_sends(ack(2001).wnd(2000));
    c.peer_sends(ack(3001).wnd(2000));
    c.expects_nothing();
    c.peer_sends(ack(4001).wnd(2000));
    c.expects(data(1000).seq(5001));
}

// RFC 9293 §3.10.7.4, first: from behind the window that is left no ACK would be taken.
BOOST_AUTO_TEST_CASE(our_acks_stay_inside_of_it) {
    plain c;
    c.app_sends(3000);
    c.expects_data(3, 1000);
    c.peer_sends(ack(1001).wnd(500));
    c.peer_sends(data("news").ack(1001).wnd(500));
    c.expects(ack(5).seq(1501));
    c.peer_sends(data("more").ack(1001).wnd(0));
    c.expects(ack(9).seq(1001));
}

// RFC 9293 §3.8.6 MUST-34, SHLD-17: what is beyond the edge and is not acknowledged is no dead peer.
BOOST_AUTO_TEST_CASE(a_window_that_shrinks_to_nothing_is_waited_for) {
    plain c;
    c.app_sends(3000);
    c.expects_data(3, 1000);
    c.set_peer_window(0);
    c.peer_sends(ack(1));
    for (int i = 0; i < 30; ++i) {
        c.until_timeout();
        c.expects(data(1000).seq(1));
        c.peer_sends(ack(1));
    }
    c.in_state(connection_state::established);
    c.set_peer_window(5000);
    c.peer_sends(ack(1));
    c.until_timeout();
    c.expects(data(1000).seq(1));
    c.peer_sends(ack(3001));
    BOOST_TEST(c.info().in_flight == 0u);
}

// RFC 3042 §2: limited transmit is limited by the window, too.
BOOST_AUTO_TEST_CASE(the_first_duplicates_let_nothing_out_beyond_it) {
    conversation c;
    c.establish(syn_ack().mss(1000).wnd(10'000));
    c.set_peer_window(10'000);
    c.app_sends(12'000);
    c.expects_data(10, 1000);
    c.peer_sends(ack(1));
    c.peer_sends(ack(1));
    c.expects_nothing();
    c.peer_sends(ack(1));
    c.expects(data(1000).seq(1));
}

BOOST_AUTO_TEST_SUITE_END()
