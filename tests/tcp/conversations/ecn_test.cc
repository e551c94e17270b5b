// Explicit congestion notification: RFC 3168 §6.1, and a DCTCP end's: RFC 8257 §3.
#include "tests/support/tcp/conversation.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

const flags both = flags::ece | flags::cwr;

// Reno, for its windows are round numbers; no ACK is quick, so that only what must be told is told at once.
conversation_options asking(net::congestion_algorithm a = net::congestion_algorithm::reno) {
    conversation_options o;
    o.settings.congestion = a;
    o.settings.first_buffer = 1 << 20;  // tests write once, and all at once
    o.settings.ecn = ecn_mode::on;
    o.settings.quick_ack_segments = 0;
    return o;
}

scripted usual_syn_ack() {
    return syn_ack().mss(1000).wscale(7).sack_ok();
}

// Established with ECN and segments of 1000 bytes; a wide window.
struct with_ecn : conversation {
    explicit with_ecn(conversation_options o = asking()) : conversation(std::move(o)) {
        app_connects();
        expects(syn().with(both));
        peer_sends(usual_syn_ack().with(flags::ece));
        expects(ack(1));
        peer_sends(ack());
        forget_events();
    }
};

// Ten segments are in flight, all of the initial window, and there is more to send.
struct ten_in_flight : with_ecn {
    ten_in_flight() {
        app_sends(60'000);
        expects_data(10, 1000);
    }
};

struct with_dctcp : with_ecn {
    with_dctcp() : with_ecn(dctcp()) {}
    static conversation_options dctcp() { return asking(net::congestion_algorithm::dctcp); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ecn)

// RFC 3168 §6.1.1.
BOOST_AUTO_TEST_CASE(our_syn_asks_and_the_ack_says_nothing_more) {
    conversation c(asking());
    c.app_connects();
    c.expects(syn().with(both).ect(false));
    c.peer_sends(usual_syn_ack().with(flags::ece));
    c.expects(ack(1).ect(false));
    BOOST_TEST(c.info().ecn);
}

BOOST_AUTO_TEST_CASE(by_default_our_syn_does_not_ask) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(usual_syn_ack().with(flags::ece));
    c.expects(ack(1));
    BOOST_TEST(!c.info().ecn);
}

// RFC 3168 §6.1.1: a peer that reflects what it does not understand has not agreed.
BOOST_AUTO_TEST_CASE(only_ece_alone_agrees) {
    for (flags f : {flags(), flags(flags::cwr), both}) {
        conversation c(asking());
        c.app_connects();
        c.expects(syn().with(both));
        c.peer_sends(usual_syn_ack().with(f));
        c.expects(ack(1));
        BOOST_TEST(!c.info().ecn);
        c.app_sends("x");
        c.expects(data("x").ect(false));
    }
}

// RFC 3168 §6.1.1.1.
BOOST_AUTO_TEST_CASE(a_syn_without_an_answer_is_repeated_without_ecn) {
    conversation c(asking());
    c.app_connects();
    c.expects(syn().with(both));
    c.after(1s).expects(syn().seq(0));
    c.peer_sends(usual_syn_ack().with(flags::ece));
    c.expects(ack(1));
    BOOST_TEST(!c.info().ecn);
}

// RFC 3168 §6.1.1.
BOOST_AUTO_TEST_CASE(syns_that_cross_agree_if_both_ask) {
    for (bool peer_asks : {true, false}) {
        conversation c(asking());
        c.app_connects();
        c.expects(syn().with(both));
        c.peer_sends(syn().mss(1000).with(peer_asks ? both : flags()));
        c.expects((peer_asks ? syn_ack().with(flags::ece) : syn_ack()).seq(0).ack(1));
        c.peer_sends(ack(1).seq(1));
        BOOST_TEST(c.info().ecn == peer_asks);
    }
}

BOOST_AUTO_TEST_CASE(a_passive_end_agrees_when_asked_unless_it_is_off) {
    for (ecn_mode mode : {ecn_mode::off, ecn_mode::passive, ecn_mode::on}) {
        conversation c({.settings = {.ecn = mode}});
        c.peer_connects(syn().mss(1000).with(both));
        c.peer_sends(ack(1).seq(1));
        BOOST_TEST(c.info().ecn == (mode != ecn_mode::off));
        c.app_sends("x");
        c.expects(data("x").ect(mode != ecn_mode::off));
    }
}

// RFC 3168 §6.1.2, §6.1.4: pure ACKs cannot be marked.
BOOST_FIXTURE_TEST_CASE(data_may_be_marked_and_acks_may_not, with_ecn) {
    app_sends(1500);
    expects(data(1000).ect());
    expects(data(500).ect());
    peer_sends(data(1000));
    peer_sends(data(1000));
    expects(ack(2001).ect(false));
    app_shuts_down();
    expects(fin().ect(false));
}

// RFC 3168 §6.1.5.
BOOST_FIXTURE_TEST_CASE(a_retransmission_cannot_be_marked, with_ecn) {
    app_sends("x");
    expects(data("x").ect());
    after(info().rto).expects(data("x").seq(1).ect(false));
}

// RFC 3168 §6.1.6.
BOOST_FIXTURE_TEST_CASE(a_window_probe_cannot_be_marked, with_ecn) {
    peer_sends(ack().wnd(0));
    app_sends("x");
    after(us().next_timeout() - now()).expects(data("x").seq(1).ect(false));
}

// RFC 3168 §6.1.3: until CWR comes.
BOOST_FIXTURE_TEST_CASE(acks_tell_of_a_mark_until_the_peer_has_reduced, with_ecn) {
    peer_sends(data(1000).ce());
    peer_sends(data(1000));
    expects(ack(2001).with(flags::ece));
    peer_sends(data(1000));
    peer_sends(data(1000));
    expects(ack(4001).with(flags::ece));
    app_sends("x");
    expects(data("x").with(flags::ece));
    peer_sends(data(1000).with(flags::cwr).ack(2));
    expects(ack(5001));
    BOOST_TEST(info().marks_received == 1u);
}

// RFC 3168 §6.1.3: a mark that comes with CWR is a new one.
BOOST_FIXTURE_TEST_CASE(a_mark_on_the_segment_with_cwr_is_told_of, with_ecn) {
    peer_sends(data(1000).ce());
    peer_sends(data(1000).with(flags::cwr).ce());
    expects(ack(2001).with(flags::ece));
}

BOOST_FIXTURE_TEST_CASE(a_reset_tells_of_no_mark, with_ecn) {
    peer_sends(data(1000).ce());
    app_aborts();
    expects(rst_ack());
}

// RFC 3168 §6.1.5: an attacker could make the peer slow by them.
BOOST_FIXTURE_TEST_CASE(marks_outside_of_the_window_are_ignored, with_ecn) {
    peer_sends(data(1000).seq(4'000'000).ce());
    expects(ack(1).seq(1));
    BOOST_TEST(info().marks_received == 0u);
}

BOOST_AUTO_TEST_CASE(without_ecn_marks_and_flags_mean_nothing) {
    conversation c;
    c.establish(usual_syn_ack());
    c.peer_sends(data(1000).ce());
    c.expects(ack(1001));
    c.app_sends(20'000);
    c.expects_data(10, 1000);
    c.peer_sends(ack(1001).with(flags::ece));
    c.expects_data(2, 1000);
    BOOST_TEST(c.info().cwnd == 11'000u);
}

// RFC 3168 §6.1.2: half, once for a window of data, told by CWR on the first new data.
BOOST_FIXTURE_TEST_CASE(the_window_is_halved_once_for_a_window_of_data, ten_in_flight) {
    peer_sends(ack(1001).with(flags::ece));
    BOOST_TEST(info().cwnd == 5000u);
    BOOST_TEST(info().ssthresh == 5000u);
    for (uint32_t n = 2; n <= 4; ++n) peer_sends(ack(n * 1000 + 1).with(flags::ece));
    expects_nothing();
    peer_sends(ack(5001).with(flags::ece));
    expects_nothing();
    peer_sends(ack(6001).with(flags::ece));
    expects(data(1000).with(flags::cwr).ect());
    for (uint32_t n = 7; n <= 10; ++n) {
        peer_sends(ack(n * 1000 + 1).with(flags::ece));
        expects(data(1000).ect());
    }
    BOOST_TEST(info().cwnd == 5000u);
    BOOST_TEST(info().mark_reductions == 1u);
    // What was sent since the reduction has been marked.
    peer_sends(ack(11001).with(flags::ece));
    BOOST_TEST(info().cwnd == 2500u);
    BOOST_TEST(info().mark_reductions == 2u);
}

// RFC 3168 §6.1.2: nor does the window grow by an ACK with ECE.
BOOST_FIXTURE_TEST_CASE(once_the_peer_is_content_the_window_grows_again, ten_in_flight) {
    peer_sends(ack(1001).with(flags::ece));
    peer_sends(ack(6001));
    expects(data(1000).with(flags::cwr).ect());
    const uint32_t before = info().cwnd;
    peer_sends(ack(11001));
    forget_sent();
    peer_sends(ack(16001));
    forget_sent();
    BOOST_TEST(info().cwnd > before);
}

// RFC 3168 §6.1.2: a loss in the same window is the same congestion, and CWR tells of that, too.
BOOST_FIXTURE_TEST_CASE(a_mark_beside_a_loss_counts_once, ten_in_flight) {
    peer_sends(ack(1).sack(1001, 2001));
    expects(data(1000).seq(1).ect(false));
    peer_sends(ack(1).sack(1001, 3001).with(flags::ece));
    forget_sent();
    BOOST_TEST(info().in_fast_recovery);
    const uint32_t reduced = info().ssthresh;
    peer_sends(ack().with(flags::ece));
    BOOST_TEST(info().ssthresh == reduced);
    BOOST_TEST(info().mark_reductions == 0u);
    expects(data(1000).with(flags::cwr).ect());
    forget_sent();
}

// RFC 8257 §3.2, figure 1: an ACK for what came before the change, then the state is the new one.
BOOST_FIXTURE_TEST_CASE(dctcp_tells_of_each_change, with_dctcp) {
    peer_sends(data(1000));
    expects_nothing();
    peer_sends(data(1000).ce());
    expects(ack(1001));
    expects(ack(2001).with(flags::ece));
    peer_sends(data(1000).ce());
    expects_nothing();
    peer_sends(data(1000).ce());
    expects(ack(4001).with(flags::ece));
    peer_sends(data(1000).with(flags::cwr).ce());
    peer_sends(data(1000));
    expects(ack(5001).with(flags::ece));
    expects(ack(6001));
}

BOOST_FIXTURE_TEST_CASE(dctcp_tells_of_each_change_within_a_burst, with_dctcp) {
    peer_sends_together({data(1000), data(1000), data(1000).ce(), data(1000), data(1000).ce().seq(4001)});
    expects(ack(2001));
    expects(ack(3001).with(flags::ece));
    expects(ack(4001));
    expects(ack(5001).with(flags::ece));
}

// RFC 8257 §3.3: the first mark halves, as alpha begins at 1; after windows without marks one hardly counts.
BOOST_FIXTURE_TEST_CASE(dctcp_reduces_by_the_part_that_was_marked, with_dctcp) {
    app_sends(600'000);
    expects_data(10, 1000);
    peer_sends(ack(1001).with(flags::ece));
    BOOST_TEST(info().cwnd == 5000u);
    for (uint32_t at = 2001; at < 501'001; at += 1000) {
        peer_sends(ack(at));
        forget_sent();
    }
    const uint32_t before = info().cwnd;
    peer_sends(ack(501'001).with(flags::ece));
    forget_sent();
    BOOST_TEST(info().cwnd < before);
    BOOST_TEST(info().cwnd > before - before / 8);
}

// RFC 8257 §3.5: a loss is answered as Reno does.
BOOST_FIXTURE_TEST_CASE(dctcp_halves_its_window_at_a_loss, with_dctcp) {
    app_sends(60'000);
    expects_data(10, 1000);
    for (uint32_t n = 2; n <= 4; ++n) peer_sends(ack(1).sack(1001, n * 1000 + 1));
    BOOST_TEST(info().ssthresh == 5000u);
    forget_sent();
}

BOOST_AUTO_TEST_SUITE_END()
