// RST: RFC 9293 §3.5.3 and §3.10.7.4, second, with RFC 5961 §3.
#include "net/error.hh"
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// RCV.NXT in a state, relative to the peer's initial sequence number.
uint32_t next_expected(const conversation& c) {
    return c.info().rcv_nxt - 0xffffffc0u;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reset)

// RFC 5961 §3.2 (1).
BOOST_AUTO_TEST_CASE(a_reset_at_the_edge_of_the_window_ends_the_connection_in_every_state) {
    for (auto state : synchronised_states) {
        auto c = conversation_in(state);
        c->peer_sends(rst().seq(next_expected(*c)));
        c->in_state(connection_state::closed);
        c->expects_nothing();
        const auto seen = c->us().error();
        if (state == connection_state::closing || state == connection_state::last_ack) continue;
        BOOST_TEST((seen == std::errc::connection_reset), to_string(state) << ": " << seen.message());
    }
}

// RFC 9293 §3.10.7.4, second: whether or not it has ACK.
BOOST_AUTO_TEST_CASE(a_reset_may_carry_an_ack) {
    conversation c;
    c.establish();
    c.peer_sends(rst_ack().seq(1).ack(1));
    c.in_state(connection_state::closed);
    c.happened(events::closed | events::failed);
}

// RFC 5961 §3.2 (2).
BOOST_AUTO_TEST_CASE(a_reset_inside_the_window_is_challenged_in_every_state) {
    for (auto state : synchronised_states) {
        auto c = conversation_in(state);
        const uint32_t next = next_expected(*c);
        c->peer_sends(rst().seq(next + 1));
        c->refused(drop_reason::reset_challenged);
        c->expects(ack(next));
        c->in_state(state);
    }
}

// RFC 5961 §3.2 (3).
BOOST_AUTO_TEST_CASE(a_reset_outside_of_the_window_is_ignored_in_every_state) {
    for (auto state : synchronised_states) {
        auto c = conversation_in(state);
        const uint32_t next = next_expected(*c);
        for (uint32_t wrong : {next - 1, next + (1 << 20), next + (1u << 30)}) {
            c->peer_sends(rst().seq(wrong));
            c->expects_nothing();
        }
        c->in_state(state);
    }
}

// RFC 5961 §3.2: the peer answers our challenge with a reset that is exact.
BOOST_AUTO_TEST_CASE(a_peer_that_really_has_gone_answers_the_challenge) {
    conversation c;
    c.establish();
    c.app_sends("hello?");
    c.expects(data("hello?"));
    c.peer_sends(rst().seq(500));
    c.expects(ack(1).seq(7));
    c.peer_sends(rst().seq(1));
    c.in_state(connection_state::closed);
}

// RFC 5961 §7.
BOOST_AUTO_TEST_CASE(challenges_are_rate_limited) {
    conversation_options o;
    o.challenges_per_second = 3;
    conversation c(o);
    c.establish();
    for (int i = 0; i < 3; ++i) {
        c.peer_sends(rst().seq(100));
        c.expects(ack(1));
    }
    c.peer_sends(rst().seq(100));
    c.peer_sends(syn().seq(100));
    c.expects_nothing();
    c.after(1s).peer_sends(rst().seq(100));
    c.expects(ack(1));
}

BOOST_AUTO_TEST_CASE(data_received_before_a_reset_can_still_be_read_or_is_dropped_with_the_error_known) {
    conversation c;
    c.establish();
    c.peer_sends(data("before"));
    c.expects(ack(7));
    c.peer_sends(rst().seq(7));
    c.in_state(connection_state::closed);
    BOOST_TEST((c.us().error() == std::errc::connection_reset));
}

// RFC 7323 §5.2: a RST is not subject to PAWS.
BOOST_AUTO_TEST_CASE(a_reset_with_an_old_timestamp_is_taken) {
    conversation c;
    c.establish();
    c.peer_sends(rst().seq(1).ts(5, 1));
    c.in_state(connection_state::closed);
}

// RFC 9293 §3.5.3 SHLD-2: what explains it, perhaps.
BOOST_AUTO_TEST_CASE(a_reset_may_carry_text) {
    conversation c;
    c.establish();
    c.peer_sends(rst().seq(1).payload("out of memory"));
    c.in_state(connection_state::closed);
    BOOST_TEST((c.us().error() == std::errc::connection_reset));
    BOOST_TEST(c.us().readable_bytes() == 0u);
    c.expects_nothing();
}

// RFC 9293 §3.10.7.4, second: before the ACK is looked at.
BOOST_AUTO_TEST_CASE(what_a_reset_acknowledges_does_not_matter) {
    for (uint32_t any : {0u, 2u, 1u << 31}) {
        conversation c;
        c.establish();
        c.peer_sends(rst_ack().seq(1).ack(any));
        c.in_state(connection_state::closed);
        c.expects_nothing();
    }
}

// RFC 9293 §3.8.6 MUST-66.
BOOST_AUTO_TEST_CASE(a_reset_is_taken_although_our_window_is_closed) {
    conversation_options o;
    o.settings.receive_buffer = 1000;
    conversation c(o);
    c.establish(syn_ack().mss(1000));
    c.peer_sends(data(1000));
    c.expects(ack(1001).wnd(0));
    c.peer_sends(rst().seq(1002));
    c.expects_nothing();
    c.in_state(connection_state::established);
    c.peer_sends(rst().seq(1001));
    c.in_state(connection_state::closed);
}

// RFC 5961 §3.2: its last byte is in the window, what lies behind it is not.
BOOST_AUTO_TEST_CASE(the_edge_of_the_window_is_no_place_for_a_reset) {
    conversation_options o;
    o.settings.receive_buffer = 4000;
    conversation c(o);
    c.establish(syn_ack().mss(1000));
    c.peer_sends(rst().seq(4001));
    c.refused(drop_reason::out_of_window);
    c.expects_nothing();
    c.peer_sends(rst().seq(4000));
    c.refused(drop_reason::reset_challenged);
    c.expects(ack(1));
}

// RFC 5961 §3.2 (2) and §4.2 in SYN-RECEIVED, of either kind.
BOOST_AUTO_TEST_CASE(in_syn_received_a_guess_is_challenged_too) {
    for (const auto& guess : {rst().seq(5), syn().seq(5), syn().seq(1)}) {
        conversation passive;
        passive.peer_connects(syn().mss(1000));
        passive.peer_sends(guess);
        passive.expects(ack(1).seq(1));
        passive.in_state(connection_state::syn_received);
        auto crossed = conversation_in(connection_state::syn_received);
        crossed->peer_sends(guess);
        crossed->expects(ack(1).seq(1));
        crossed->in_state(connection_state::syn_received);
    }
}

// RFC 5961 §5.2 and §7: whatever the guess, it is the same allowance.
BOOST_AUTO_TEST_CASE(guesses_of_every_kind_share_the_limit) {
    conversation_options o;
    o.challenges_per_second = 4;
    conversation c(o);
    c.establish();
    const scripted guesses[] = {rst().seq(100), syn().seq(100).ts(100'000, 0), ack(2), ack(1u << 31)};
    for (const auto& guess : guesses) {
        c.peer_sends(guess);
        c.expects(ack(1));
    }
    for (const auto& guess : guesses) c.peer_sends(guess);
    c.expects_nothing();
    // But who sends data is answered: RFC 9293 §3.10.7.4, first.
    c.peer_sends(data("x").seq(1u << 30));
    c.expects(ack(1));
}

BOOST_AUTO_TEST_CASE(a_closed_connection_says_nothing_more) {
    conversation c;
    c.establish();
    c.app_sends("x");
    c.expects(data("x"));
    c.peer_sends(rst().seq(1));
    c.peer_sends(data("y"));
    c.refused(drop_reason::closed);
    c.after(1h).expects_nothing();
    BOOST_TEST((c.us().next_timeout() == never));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(syn_in_connection)

// RFC 5961 §4.2: whatever its sequence number.
BOOST_AUTO_TEST_CASE(a_syn_is_challenged_in_every_state) {
    for (auto state : synchronised_states) {
        for (uint32_t at : {0u, 1u, 2u, 500u, 1u << 25}) {
            auto c = conversation_in(state);
            const uint32_t next = next_expected(*c);
            c->peer_sends(syn().seq(at));
            c->refused(drop_reason::syn_challenged);
            c->expects(ack(next));
            c->in_state(state);
        }
    }
}

// The peer has not seen the last ACK of the handshake.
BOOST_AUTO_TEST_CASE(a_repeated_syn_ack_is_answered_by_an_ack) {
    conversation c;
    c.establish(syn_ack().mss(1000));
    c.peer_sends(syn_ack().seq(0).ack(1).mss(1000));
    c.expects(ack(1).seq(1));
    c.in_state(connection_state::established);
}

BOOST_AUTO_TEST_SUITE_END()
