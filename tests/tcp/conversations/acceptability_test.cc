// Which segments are acceptable, and what the others are answered: RFC 9293 §3.10.7.4 first and fifth, RFC
// 5961 §5.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

uint32_t next_expected(const conversation& c) {
    return c.info().rcv_nxt - 0xffffffc0u;
}

conversation_options window_of(uint32_t bytes) {
    conversation_options o;
    o.settings.receive_buffer = bytes;
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(acceptability)

// RFC 9293 §3.10.7.4, first: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>.
BOOST_AUTO_TEST_CASE(a_segment_outside_of_the_window_is_acknowledged_and_dropped_in_every_state) {
    for (auto state : synchronised_states) {
        auto c = conversation_in(state);
        const uint32_t next = next_expected(*c);
        for (uint32_t wrong : {next - 20, next + (2 << 20)}) {
            c->peer_sends(data("0123456789").seq(wrong));
            c->refused(drop_reason::out_of_window);
            c->expects(ack(next));
        }
        c->in_state(state);
        BOOST_TEST(c->us().readable_bytes() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(data_that_came_already_is_acknowledged_again) {
    conversation c;
    c.establish();
    c.peer_sends(data("abc"));
    c.expects(ack(4));
    c.peer_sends(data("abc").seq(1));
    c.expects(ack(4).sack(1, 4));  // RFC 2883 §4
    BOOST_TEST(c.app_reads() == "abc");
}

BOOST_AUTO_TEST_CASE(of_a_segment_that_overlaps_only_the_new_part_is_taken) {
    conversation c;
    c.establish();
    c.peer_sends(data("abcd"));
    c.expects(ack(5));
    c.peer_sends(data("cdef").seq(3));
    c.expects(ack(7).sack(3, 5));  // RFC 2883 §4.2: what came twice
    BOOST_TEST(c.app_reads() == "abcdef");
}

BOOST_AUTO_TEST_CASE(of_a_segment_that_exceeds_the_window_only_the_part_inside_is_taken) {
    conversation c(window_of(4));
    c.establish(syn_ack().mss(1000));
    c.peer_sends(fin().payload("abcdef"));
    c.expects(ack(5).wnd(0));
    c.in_state(connection_state::established);
    BOOST_TEST(c.app_reads() == "abcd");
    c.expects(ack(5).wnd(4));
    c.peer_sends(fin().payload("ef").seq(5));
    c.expects(ack(8));
    c.in_state(connection_state::close_wait);
}

// RFC 9293 §3.10.7.4, fifth: without ACK it is dropped.
BOOST_AUTO_TEST_CASE(a_segment_without_ack_is_dropped) {
    conversation c;
    c.establish();
    c.peer_sends(scripted(flags()).payload("abc"));
    c.refused(drop_reason::no_ack);
    c.expects_nothing();
    BOOST_TEST(c.us().readable_bytes() == 0u);
}

// RFC 9293 §3.10.7.4, fifth: an ACK of something not yet sent is answered and dropped.
BOOST_AUTO_TEST_CASE(an_ack_of_the_future_is_answered_and_dropped) {
    conversation c;
    c.establish();
    c.peer_sends(data("abc").ack(2));
    c.refused(drop_reason::unacceptable_ack);
    c.expects(ack(1).seq(1));
    BOOST_TEST(c.us().readable_bytes() == 0u);
}

// RFC 5961 §5.2: SND.UNA - MAX.SND.WND <= SEG.ACK is still taken for an old one, anything below is an attack.
BOOST_AUTO_TEST_CASE(an_ack_of_the_distant_past_is_challenged) {
    conversation c;
    c.establish(syn_ack().mss(1000).wnd(2000));
    c.set_peer_window(2000);
    for (uint32_t i = 0; i < 5; ++i) {
        c.app_sends(1000);
        c.expects(data(1000));
        c.peer_sends(ack());
    }
    c.peer_sends(data("abc").seq(1).ack(5001 - 2000));
    c.expects(ack(4));
    BOOST_TEST(c.app_reads() == "abc");
    c.peer_sends(data("def").seq(4).ack(5001 - 2001));
    c.refused(drop_reason::ancient_ack);
    c.expects(ack(4));
    BOOST_TEST(c.us().readable_bytes() == 0u);
}

// RFC 9293 §3.10.7.4, fifth: a duplicate ACK is ignored, its text is not.
BOOST_AUTO_TEST_CASE(an_old_ack_with_new_text_is_taken) {
    conversation c;
    c.establish();
    c.app_sends("xyz");
    c.expects(data("xyz"));
    c.peer_sends(ack(4));
    c.peer_sends(data("abc").ack(1));
    c.expects(ack(4));
    BOOST_TEST(c.app_reads() == "abc");
    BOOST_TEST(c.info().snd_una == 0xfffffff0u + 4);
}

// RFC 9293 §3.10.7.4, first: strictly, the ACK of a peer that has used the window up is outside of it until
// what it sent first, and was lost, has come.
BOOST_AUTO_TEST_CASE(an_ack_from_the_right_edge_of_the_window_is_taken) {
    conversation c(window_of(2000));
    c.establish(syn_ack().mss(1000));
    c.app_sends("xyz");
    c.expects(data("xyz"));
    c.peer_sends(data(1000).seq(1001).ack(1));
    c.expects(ack(1));
    c.peer_sends(ack(4).seq(2001));
    c.expects_nothing();
    BOOST_TEST(c.info().snd_una == 0xfffffff0u + 4);
    c.peer_sends(ack(4).seq(2002));
    c.refused(drop_reason::out_of_window);
    c.expects(ack(1));
}

// RFC 9293 §3.10.7.4, fifth: SND.WL1 and SND.WL2.
BOOST_AUTO_TEST_CASE(an_old_segment_does_not_change_the_window) {
    conversation c;
    c.establish(syn_ack().mss(1000));
    c.app_sends("abc");
    c.expects(data("abc"));
    c.peer_sends(ack(4).wnd(7000));
    BOOST_TEST(c.info().snd_wnd == 7000u);
    c.peer_sends(ack(1).wnd(10));
    BOOST_TEST(c.info().snd_wnd == 7000u);
    c.peer_sends(ack(4).wnd(6000));
    BOOST_TEST(c.info().snd_wnd == 6000u);
}

// A peer that sends data again has an old SEG.SEQ and its newest ACK: what it says of its window holds, and
// nothing goes out beyond it.
BOOST_AUTO_TEST_CASE(the_window_of_data_that_is_sent_again_counts_with_its_ack) {
    conversation c;
    c.establish(syn_ack().mss(1000));
    c.peer_sends(ack(1).seq(5).wnd(2000));  // "abcd" before it is lost
    c.app_sends(std::string(5000, 'x'));
    c.expects(data(1000).seq(1).ack(1));
    c.expects(data(1000).seq(1001).ack(1));
    c.expects_nothing();
    c.peer_sends(data("abcd").seq(1).ack(1001).wnd(1000));
    BOOST_TEST(c.info().snd_wnd == 1000u);
    c.expects(ack(5).seq(2001));
    c.expects_nothing();
}

BOOST_AUTO_TEST_CASE(an_ack_takes_what_it_covers_out_of_the_send_buffer) {
    conversation c;
    c.establish();
    c.app_sends("abcdef");
    c.expects(data("abcdef"));
    c.peer_sends(ack(4));
    BOOST_TEST(c.info().in_flight == 3u);
    c.peer_sends(ack(7));
    BOOST_TEST(c.info().in_flight == 0u);
    BOOST_TEST((c.us().next_timeout() == never));
}

// RFC 9293 §3.10.7.4, fifth, LAST-ACK and CLOSING: only the ACK of our FIN counts.
BOOST_AUTO_TEST_CASE(an_old_ack_does_not_end_a_closing_connection) {
    for (auto state : {connection_state::fin_wait_1, connection_state::closing, connection_state::last_ack}) {
        auto c = conversation_in(state);
        c->peer_sends(ack(1));
        c->expects_nothing();
        c->in_state(state);
    }
}

// The urgent pointer is no more than a number to us: the text is read in line (RFC 6093, RFC 9293 §3.8.5).
BOOST_AUTO_TEST_CASE(urgent_text_is_text) {
    conversation c;
    c.establish();
    c.peer_sends(data("urgent").with(flags::urg));
    c.expects(ack(7));
    BOOST_TEST(c.app_reads() == "urgent");
}

// RFC 9293 §3.8.6 MUST-66: urgent or not, what does not fit a closed window is answered, and its ACK counts.
BOOST_AUTO_TEST_CASE(urgent_text_into_a_closed_window_is_answered_like_other) {
    conversation c(window_of(1000));
    c.establish(syn_ack().mss(1000));
    c.app_sends("abc");
    c.expects(data("abc"));
    c.peer_sends(data(1000).ack(1));
    c.expects(ack(1001).wnd(0));
    c.peer_sends(data("!").seq(1001).ack(4).with(flags::urg));
    c.expects(ack(1001).wnd(0));
    BOOST_TEST(c.info().in_flight == 0u);
    BOOST_TEST(c.us().readable_bytes() == 1000u);
}

// RFC 9293 §3.10.7.4, fifth, in SYN-RECEIVED: only a segment with the ACK of our SYN brings anything.
BOOST_AUTO_TEST_CASE(before_our_syn_is_acknowledged_no_text_is_taken) {
    auto c = conversation_in(connection_state::syn_received);
    c->peer_sends(scripted(flags()).payload("abc").seq(1));
    c->refused(drop_reason::no_ack);
    c->peer_sends(data("abc").seq(1).ack(0));
    c->refused(drop_reason::unacceptable_ack);
    c->expects(rst().seq(0));
    c->in_state(connection_state::syn_received);
    BOOST_TEST(c->us().readable_bytes() == 0u);
}

// RFC 9293 §3.8.6 MUST-1: a window is a number without sign.
BOOST_AUTO_TEST_CASE(a_window_of_more_than_half_the_field_is_large) {
    conversation c;
    c.establish(syn_ack().mss(1000).wnd(65535));
    BOOST_TEST(c.info().snd_wnd == 65535u);
    c.peer_sends(ack().wnd(40000));
    BOOST_TEST(c.info().snd_wnd == 40000u);
    c.app_sends(10'000);
    c.expects_data(10, 1000);
}

BOOST_AUTO_TEST_SUITE_END()
