// How long we wait for a peer, and who decides it: keepalive (RFC 9293 §3.8.4), retries and user timeout
// (§3.8.3, RFC 5482), and connections that nobody here holds any more.
#include "net/error.hh"
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

conversation_options with_keepalive() {
    conversation_options o;
    o.settings.keepalive = true;
    o.settings.keepalive_idle = 100s;
    o.settings.keepalive_interval = 10s;
    o.settings.keepalive_probes = 3;
    return o;
}

// Established without options, segments of at most 1000.
struct plain : conversation {
    explicit plain(conversation_options o = {}) : conversation(std::move(o)) {
        establish(syn_ack().mss(1000));
        forget_events();
    }
    void until_timeout() { after(us().next_timeout() - now()); }
    // Repeats of "x", which is in flight, until the connection is given up.
    int repeats_until_given_up() {
        int repeats = 0;
        for (; repeats < 100; ++repeats) {
            until_timeout();
            if (us().is_closed()) break;
            expects(data("x").seq(1));
            forget_sent();  // a FIN behind it
        }
        return repeats;
    }
};

struct watched : plain {
    watched() : plain(with_keepalive()) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(watching_a_silent_peer)

// RFC 9293 §3.8.4 MUST-29: an ACK may get lost.
BOOST_FIXTURE_TEST_CASE(a_probe_without_answer_does_not_mean_a_dead_peer, watched) {
    for (int round = 0; round < 4; ++round) {
        after(100s).expects(ack(1).seq(0));
        after(10s).expects(ack(1).seq(0));
        after(10s).expects(ack(1).seq(0));
        peer_sends(ack(1));
    }
    in_state(connection_state::established);
}

// RFC 9293 §3.8.4: two hours unless the application says otherwise (MUST-28), no data in it (SHLD-12).
BOOST_AUTO_TEST_CASE(the_first_probe_comes_after_two_hours) {
    conversation_options o;
    o.settings.keepalive = true;
    plain c(o);
    c.after(2h - 1s).expects_nothing();
    c.after(1s).expects(ack(1).seq(0));
}

// RFC 9293 §3.8.4 MUST-24: for each connection.
BOOST_FIXTURE_TEST_CASE(an_application_turns_it_on_and_off, plain) {
    us().set_keepalive({.on = true}, now());
    BOOST_TEST((us().next_timeout() == now() + 2h));
    us().set_keepalive({.on = false}, now());
    BOOST_TEST((us().next_timeout() == never));
    after(5h).expects_nothing();
}

// RFC 9293 §3.8.4 MUST-26: retransmissions ask already.
BOOST_FIXTURE_TEST_CASE(while_data_is_unacknowledged_nobody_is_asked, watched) {
    app_sends("x");
    expects(data("x"));
    while (now() < time_point(1s) + 250s) {
        until_timeout();
        if (has_sent()) expects(data("x").seq(1));
    }
    BOOST_TEST(info().keepalive_probes == 0u);
    peer_sends(ack(2));
    after(100s - 1ms).expects_nothing();
    after(1ms).expects(ack(1).seq(1));
}

BOOST_FIXTURE_TEST_CASE(before_a_closed_window_the_probes_of_that_ask, watched) {
    peer_sends(ack(1).wnd(0));
    set_peer_window(0);
    app_sends("waiting");
    for (int i = 0; i < 20; ++i) {
        until_timeout();
        if (!has_sent()) continue;
        expects(data("w").seq(1));
        peer_sends(ack(1));
    }
    BOOST_TEST(info().keepalive_probes == 0u);
    BOOST_TEST(info().window_probes > 5u);
    in_state(connection_state::established);
}

BOOST_FIXTURE_TEST_CASE(before_a_closed_window_with_nothing_to_send_it_asks, watched) {
    peer_sends(ack(1).wnd(0));
    set_peer_window(0);
    after(100s).expects(ack(1).seq(0));
    peer_sends(ack(1));
    in_state(connection_state::established);
    BOOST_TEST(info().window_probes == 0u);
}

// RFC 9293 §3.5.3, group 1: a peer that has started again knows nothing of us.
BOOST_FIXTURE_TEST_CASE(a_peer_that_has_started_again_answers_by_a_reset, watched) {
    after(100s).expects(ack(1).seq(0));
    peer_sends(rst().seq(1));
    happened(events::closed | events::failed);
    BOOST_TEST((us().error() == std::errc::connection_reset));
    after(1h).expects_nothing();
}

BOOST_AUTO_TEST_CASE(a_half_closed_connection_is_watched_too) {
    for (auto state : {connection_state::close_wait, connection_state::fin_wait_2}) {
        auto c = conversation_in(state, with_keepalive());
        const uint32_t next = c->info().rcv_nxt - 0xffffffc0u;
        const uint32_t before = state == connection_state::fin_wait_2 ? 1 : 0;  // SND.NXT-1
        c->after(100s).expects(ack(next).seq(before));
        c->after(10s).expects(ack(next).seq(before));
        c->after(10s).expects(ack(next).seq(before));
        c->after(10s).expects(rst_ack());
        BOOST_TEST((c->us().error() == std::errc::timed_out));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(giving_a_peer_up)

// RFC 9293 §3.8.3 MUST-21: R2 is the application's.
BOOST_AUTO_TEST_CASE(the_number_of_repeats_can_be_set) {
    conversation_options o;
    o.settings.data_retries = 3;
    plain c(o);
    c.app_sends("x");
    c.expects(data("x"));
    BOOST_TEST(c.repeats_until_given_up() == 3);
    BOOST_TEST((c.us().error() == std::errc::timed_out));
}

// RFC 9293 §3.8.3 MUST-22: and that of SYNs of its own.
BOOST_AUTO_TEST_CASE(the_number_of_syns_can_be_set) {
    conversation_options o;
    o.settings.syn_retries = 2;
    conversation c(o);
    c.app_connects();
    c.expects(syn());
    c.at(1s).expects(syn().seq(0));
    c.at(3s).expects(syn().seq(0));
    c.at(7s).happened(events::closed | events::failed);
    BOOST_TEST((c.us().error() == std::errc::timed_out));
}

// RFC 9293 §3.9.1.1: OPEN has a timeout.
BOOST_AUTO_TEST_CASE(a_user_timeout_ends_an_opening) {
    conversation_options o;
    o.settings.user_timeout = 5s;
    conversation c(o);
    c.app_connects();
    c.expects(syn());
    c.at(1s).expects(syn().seq(0));
    c.at(3s).expects(syn().seq(0));
    c.at(5s - 1ms).in_state(connection_state::syn_sent);
    c.at(5s).happened(events::closed | events::failed);
    BOOST_TEST((c.us().error() == std::errc::timed_out));
}

// RFC 9293 §3.10.8, RFC 5482: of what is unacknowledged, not of the connection.
BOOST_FIXTURE_TEST_CASE(progress_starts_the_user_timeout_anew, plain) {
    us().set_user_timeout(5s);
    app_sends(2000);
    expects_data(2, 1000);
    for (int i = 0; i < 4; ++i) {
        until_timeout();
        forget_sent();
    }
    after(4s - (now() - time_point(1s)));
    forget_sent();
    peer_sends(ack(1001));
    forget_sent();
    while (now() < time_point(1s) + 8900ms) {
        after(std::min<duration>(us().next_timeout() - now(), time_point(1s) + 8900ms - now()));
        forget_sent();
    }
    in_state(connection_state::established);
    while (!us().is_closed() && now() < time_point(1s) + 10s) {
        until_timeout();
        forget_sent();
    }
    BOOST_TEST((us().error() == std::errc::timed_out));
    BOOST_TEST((now() == time_point(1s) + 9s));
}

BOOST_FIXTURE_TEST_CASE(with_nothing_unacknowledged_a_user_timeout_ends_nothing, plain) {
    us().set_user_timeout(5s);
    app_sends("x");
    expects(data("x"));
    peer_sends(ack(2));
    after(1h).in_state(connection_state::established);
}

BOOST_FIXTURE_TEST_CASE(a_user_timeout_taken_back_leaves_it_to_the_retries, plain) {
    us().set_user_timeout(5s);
    us().set_user_timeout(0s);
    app_sends("x");
    expects(data("x"));
    BOOST_TEST(repeats_until_given_up() == 15);
}

// RFC 1122 §4.2.3.9: what was told before the last progress is no reason any more.
BOOST_AUTO_TEST_CASE(progress_takes_back_what_icmp_has_said) {
    conversation_options o;
    o.settings.data_retries = 3;
    plain c(o);
    c.app_sends("x");
    c.expects(data("x"));
    c.app_sees_path_error(path_error::kind::host_unreachable, 1);
    c.peer_sends(ack(2));
    c.app_sends("y");
    c.expects(data("y"));
    while (!c.us().is_closed()) {
        c.until_timeout();
        c.forget_sent();
    }
    BOOST_TEST((c.us().error() == std::errc::timed_out));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nobody_here_holds_it)

// Linux's tcp_orphan_retries.
BOOST_FIXTURE_TEST_CASE(it_is_given_up_sooner, plain) {
    app_sends("x");
    expects(data("x"));
    app_closes();
    expects(fin().seq(2));
    BOOST_TEST(repeats_until_given_up() == 8);
    in_state(connection_state::closed);
}

// RFC 9293 §3.8.6.1 MUST-37 is for the application, which is not there any more.
BOOST_FIXTURE_TEST_CASE(a_peer_that_keeps_its_window_closed_is_reset_in_the_end, plain) {
    peer_sends(ack(1).wnd(0));
    set_peer_window(0);
    app_sends("x");
    app_closes();
    int probes = 0;
    for (; probes < 100; ++probes) {
        until_timeout();
        if (us().is_closed()) break;
        expects(data("x").seq(1));
        peer_sends(ack(1));
    }
    BOOST_TEST(probes == 8);
    expects(rst_ack().seq(1));  // what the peer waits for, or it would not believe it: RFC 5961 §3.2
    in_state(connection_state::closed);
}

BOOST_AUTO_TEST_SUITE_END()
