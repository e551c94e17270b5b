// What a connection tells its application, and what it watches: room to send, silence, and errors of the
// path.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(room_to_send)

BOOST_AUTO_TEST_CASE(a_full_send_buffer_takes_no_more_until_data_is_acknowledged) {
    conversation_options o;
    o.settings.send_buffer = 4000;
    conversation c(o);
    c.establish(syn_ack().mss(1000));
    BOOST_TEST(c.app_sends(5000) == 4000u);
    c.expects_data(4, 1000);
    BOOST_TEST(c.app_sends(1) == 0u);
    BOOST_TEST(c.us().send_room() == 0u);
    c.peer_sends(ack(2001));
    c.happened(events::writable);
    BOOST_TEST(c.us().send_room() == 2000u);
    BOOST_TEST(c.app_sends(1000) == 1000u);
    c.expects(data(1000));
}

BOOST_AUTO_TEST_CASE(who_was_not_refused_is_not_told_of_room) {
    conversation c;
    c.establish();
    c.app_sends(1000);
    c.expects(data(1000));
    c.peer_sends(ack());
    c.happened({});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(keepalive)

namespace {

struct watched : conversation {
    watched() : conversation(options()) { establish(syn_ack().mss(1000)); }
    static conversation_options options() {
        conversation_options o;
        o.settings.keepalive = true;
        o.settings.keepalive_idle = 100s;
        o.settings.keepalive_interval = 10s;
        o.settings.keepalive_probes = 3;
        return o;
    }
};

}  // namespace

// RFC 9293 §3.8.4: SEG.SEQ = SND.NXT-1.
BOOST_FIXTURE_TEST_CASE(a_silent_peer_is_asked, watched) {
    after(100s - 1ms).expects_nothing();
    after(1ms).expects(ack(1).seq(0));
    peer_sends(ack(1));
    after(100s - 1ms).expects_nothing();
    after(1ms).expects(ack(1).seq(0));
    peer_sends(ack(1));
    in_state(connection_state::established);
}

// Retransmissions ask, too: between them nobody looks every interval whether the peer is still there.
BOOST_FIXTURE_TEST_CASE(while_data_is_in_flight_its_timer_is_enough, watched) {
    us().set_keepalive({.on = true, .idle = 1ms, .interval = 1ms, .probes = 3}, now());
    app_sends("data");
    expects(data("data"));
    unsigned strikes = 0;
    for (; us().next_timeout() < now() + 10s; ++strikes) us().on_timeout(us().next_timeout());
    BOOST_TEST(strikes < 20u);
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_does_not_answer_is_given_up, watched) {
    after(100s).expects(ack(1).seq(0));
    after(10s).expects(ack(1).seq(0));
    after(10s).expects(ack(1).seq(0));
    after(10s).expects(rst_ack());
    in_state(connection_state::closed);
    happened(events::closed | events::failed);
    BOOST_TEST((us().error() == std::errc::timed_out));
}

BOOST_FIXTURE_TEST_CASE(a_peer_that_speaks_is_not_asked, watched) {
    for (int i = 0; i < 5; ++i) {
        after(90s).peer_sends(data("x"));
        expects(ack());
        app_reads();
    }
    after(99s).expects_nothing();
}

// RFC 9293 §3.8.4, for this connection alone.
BOOST_AUTO_TEST_CASE(a_connection_may_have_times_of_its_own) {
    conversation c;
    c.establish();
    c.us().set_keepalive({.on = true, .idle = 5s, .interval = 1s, .probes = 2}, c.now());
    c.after(5s - 1ms).expects_nothing();
    c.after(1ms).expects(ack(1).seq(0));
    c.peer_sends(ack(1));
    c.after(5s).expects(ack(1).seq(0));
    c.after(1s).expects(ack(1).seq(0));
    c.after(1s).expects(rst_ack());
    c.in_state(connection_state::closed);
}

BOOST_FIXTURE_TEST_CASE(a_connection_may_ask_nobody, watched) {
    us().set_keepalive({.on = false}, now());
    after(1h).expects_nothing();
}

// Times that nobody means: it ends, and asks no more often than said here.
BOOST_AUTO_TEST_CASE(times_of_nothing_are_taken_for_the_least) {
    conversation c;
    c.establish();
    c.us().set_keepalive({.on = true, .idle = 0s, .interval = 0s, .probes = 0}, c.now());
    c.after(1ms).expects(ack(1).seq(0));
    c.after(1ms).expects(rst_ack());
    c.in_state(connection_state::closed);
}

// RFC 9293 §3.8.4: off unless asked for.
BOOST_AUTO_TEST_CASE(by_default_nobody_is_asked) {
    conversation c;
    c.establish();
    BOOST_TEST((c.us().next_timeout() == never));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(path_errors)

// RFC 5461 §4.1: an opening fails early.
BOOST_AUTO_TEST_CASE(an_unreachable_host_ends_an_opening) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.app_sees_path_error(path_error::kind::host_unreachable, 0);
    c.in_state(connection_state::closed);
    BOOST_TEST((c.us().error() == std::errc::host_unreachable));
}

// RFC 9293 §3.9.2.2 MUST-56, RFC 5927 §5: later it is only remembered.
BOOST_AUTO_TEST_CASE(an_unreachable_host_does_not_end_a_connection) {
    conversation c;
    c.establish();
    c.app_sends("x");
    c.expects(data("x"));
    for (auto kind : {path_error::kind::host_unreachable, path_error::kind::network_unreachable,
                      path_error::kind::port_unreachable, path_error::kind::protocol_unreachable,
                      path_error::kind::time_exceeded})
        c.app_sees_path_error(kind, 1);
    c.in_state(connection_state::established);
    c.peer_sends(ack(2));
}

// RFC 5927 §4.1: it must quote something in flight.
BOOST_AUTO_TEST_CASE(an_error_about_what_is_not_in_flight_is_ignored) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.app_sees_path_error(path_error::kind::host_unreachable, 77);
    c.in_state(connection_state::syn_sent);
}

// RFC 1191 §6.5.
BOOST_AUTO_TEST_CASE(a_smaller_path_repeats_in_smaller_segments) {
    conversation c;
    c.establish(syn_ack().mss(1460));
    c.app_sends(1460);
    c.expects(data(1460));
    c.app_sees_path_error(path_error::kind::fragmentation_needed, 1, 1000);
    c.expects(data(1000).seq(1));
    c.expects(data(460).seq(1001));
    c.peer_sends(ack(1461));
    c.app_sends(1200);
    c.expects(data(1000));
    c.expects(data(200));
}

BOOST_AUTO_TEST_CASE(a_path_is_never_believed_to_be_tiny) {
    conversation c;
    c.establish(syn_ack().mss(1460));
    c.app_sends(200);
    c.expects(data(200));
    c.app_sees_path_error(path_error::kind::fragmentation_needed, 1, 10);
    BOOST_TEST(c.info().smss == 88u);
    c.forget_sent();
}

BOOST_AUTO_TEST_SUITE_END()
