// When we acknowledge: RFC 9293 §3.8.6.3, RFC 5681 §4.2.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Established, with no quick start; full segments are of 1000 bytes.
struct delayed : conversation {
    delayed() : conversation(without_quick_start()) {
        establish(syn_ack().mss(1000).sack_ok().wscale(7));
        peer_sends(data(1000));  // so that the size of a full segment is known
        after(40ms).expects(ack(1001));
        app_reads();
        forget_events();
    }
    static conversation_options without_quick_start() {
        conversation_options o;
        o.settings.quick_ack_segments = 0;
        return o;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(acknowledging)

BOOST_AUTO_TEST_CASE(the_first_segments_are_acknowledged_at_once) {
    conversation c;
    c.establish();
    for (uint32_t i = 0; i < 16; ++i) {
        c.peer_sends(data("x"));
        c.expects(ack(2 + i));
    }
    c.peer_sends(data("x"));
    c.expects_nothing();
    c.after(40ms).expects(ack(18));
}

BOOST_FIXTURE_TEST_CASE(a_single_segment_is_acknowledged_after_the_delay, delayed) {
    peer_sends(data(100));
    after(39ms).expects_nothing();
    after(1ms).expects(ack(1101));
    after(1s).expects_nothing();
}

BOOST_FIXTURE_TEST_CASE(the_delay_counts_from_the_first_segment, delayed) {
    peer_sends(data(100));
    after(30ms).peer_sends(data(100));
    after(9ms).expects_nothing();
    after(1ms).expects(ack(1201));
}

BOOST_FIXTURE_TEST_CASE(every_second_full_segment_is_acknowledged_at_once, delayed) {
    for (uint32_t i = 1; i <= 3; ++i) {
        peer_sends(data(1000));
        expects_nothing();
        peer_sends(data(1000));
        expects(ack(1001 + i * 2000));
    }
}

BOOST_FIXTURE_TEST_CASE(an_answer_carries_the_ack, delayed) {
    peer_sends(data("question"));
    app_sends("answer");
    expects(data("answer").ack(1009));
    peer_sends(ack());
    after(1s).expects_nothing();
}

// RFC 9293 §3.8.6.3: a sender with a window of one segment, as behind a timeout, waits for nothing but the
// ACK of what it has pushed.
BOOST_FIXTURE_TEST_CASE(what_was_pushed_is_acknowledged_at_once, delayed) {
    for (uint32_t i = 1; i <= 3; ++i) {
        peer_sends(data(1000).push());
        expects(ack(1001 + i * 1000));
    }
}

BOOST_FIXTURE_TEST_CASE(pushed_questions_are_acknowledged_by_their_answers, delayed) {
    // Nobody knows yet that there are answers.
    peer_sends(data(100).push());
    expects(ack(1101));
    app_sends("answer");
    expects(data("answer").ack(1101));
    peer_sends(ack());
    for (uint32_t i = 1; i <= 3; ++i) {
        peer_sends(data(100).push());
        after(39ms).expects_nothing();
        app_sends("answer");
        expects(data("answer").ack(1101 + i * 100));
        peer_sends(ack());
    }
    // One takes too long: then its question is acknowledged alone, and so is the next.
    peer_sends(data(100).push());
    after(40ms).expects(ack(1501));
    // So are those whose answers are always late.
    for (uint32_t i = 0; i < 3; ++i) {
        peer_sends(data(100).push());
        expects(ack(1601 + i * 100));
        after(60ms).app_sends("answer");
        expects(data("answer").ack(1601 + i * 100));
        peer_sends(ack());
    }
}

BOOST_FIXTURE_TEST_CASE(that_we_have_finished_is_no_answer, delayed) {
    app_shuts_down();
    expects(fin().ack(1001));
    peer_sends(ack());
    peer_sends(data(100).push());
    expects(ack(1101));
}

// A peer that was silent for longer than a timeout may have had one, and its window may be one segment.
BOOST_AUTO_TEST_CASE(acks_are_quick_again_behind_a_silence) {
    conversation c;
    c.establish();
    for (uint32_t i = 0; i < 16; ++i) {
        c.peer_sends(data("x"));
        c.expects(ack(2 + i));
    }
    c.after(150ms).peer_sends(data("x"));
    c.expects_nothing();
    c.after(40ms).expects(ack(18));
    c.after(2s);
    for (uint32_t i = 0; i < 16; ++i) {
        c.peer_sends(data("x"));
        c.expects(ack(19 + i));
    }
    c.peer_sends(data("x"));
    c.expects_nothing();
    c.after(40ms).expects(ack(35));
}

// RFC 5681 §4.2: a gap is told at once, and so is its end.
BOOST_FIXTURE_TEST_CASE(out_of_order_data_is_acknowledged_at_once, delayed) {
    peer_sends(data(100).seq(1101));
    expects(ack(1001).sack(1101, 1201));
    peer_sends(data(100).seq(1301));
    expects(ack(1001).sack(1301, 1401).sack(1101, 1201));
    peer_sends(data(100).seq(1001));
    expects(ack(1201).sack(1301, 1401));
    peer_sends(data(100).seq(1201));
    expects(ack(1401));
}

BOOST_FIXTURE_TEST_CASE(a_fin_is_acknowledged_at_once, delayed) {
    peer_sends(fin());
    expects(ack(1002));
}

BOOST_FIXTURE_TEST_CASE(a_duplicate_is_acknowledged_at_once, delayed) {
    peer_sends(data(100).seq(901));
    expects(ack(1001).sack(901, 1001));
}

// RFC 9293 §3.8.6.3 MUST-58, MUST-59: all that has come is looked at before anything is acknowledged.
BOOST_AUTO_TEST_CASE(a_burst_is_acknowledged_once) {
    conversation c;
    c.establish(syn_ack().mss(1000).sack_ok().wscale(7));
    c.peer_sends_together({data(1000), data(1000), data(1000), data(1000)});
    c.expects(ack(4001));
    c.expects_nothing();
    BOOST_TEST(c.app_reads().size() == 4000u);
}

BOOST_AUTO_TEST_CASE(a_gap_that_closes_within_a_burst_is_not_told) {
    conversation c;
    c.establish(syn_ack().mss(1000).sack_ok().wscale(7));
    c.peer_sends_together({data(1000).seq(1001), data(1000).seq(1), data(1000).seq(2001)});
    c.expects(ack(3001));
    c.expects_nothing();
}

// RFC 9293 §3.10.7.4: an ACK is never answered by an ACK.
BOOST_FIXTURE_TEST_CASE(an_ack_is_not_acknowledged, delayed) {
    for (int i = 0; i < 10; ++i) peer_sends(ack());
    after(1s).expects_nothing();
}

// RFC 9293 §3.8.4: a probe of a peer that wonders whether we live.
BOOST_FIXTURE_TEST_CASE(a_keepalive_of_the_peer_is_answered, delayed) {
    peer_sends(ack().seq(1000));
    expects(ack(1001));
    peer_sends(data(1).seq(1000));
    expects(ack(1001).sack(1000, 1001));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sack_generation)

// RFC 2018 §4: the most recent first; three beside timestamps.
BOOST_AUTO_TEST_CASE(blocks_name_the_most_recent_segments_first) {
    conversation c;
    c.establish();
    c.peer_sends(data(10).seq(101));
    c.expects(ack(1).sack(101, 111));
    c.peer_sends(data(10).seq(201));
    c.expects(ack(1).sack(201, 211).sack(101, 111));
    c.peer_sends(data(10).seq(301));
    c.expects(ack(1).sack(301, 311).sack(201, 211).sack(101, 111));
    c.peer_sends(data(10).seq(401));
    c.expects(ack(1).sack(401, 411).sack(301, 311).sack(201, 211));
    c.peer_sends(data(10).seq(111));
    c.expects(ack(1).sack(101, 121).sack(401, 411).sack(301, 311));
}

BOOST_AUTO_TEST_CASE(four_blocks_fit_without_timestamps) {
    conversation c;
    c.establish(syn_ack().mss(1000).sack_ok());
    for (uint32_t at : {101u, 201u, 301u}) {
        c.peer_sends(data(10).seq(at));
        c.app_reads();
    }
    c.forget_sent();
    c.peer_sends(data(10).seq(401));
    c.expects(ack(1).sack(401, 411).sack(301, 311).sack(201, 211).sack(101, 111));
}

BOOST_AUTO_TEST_CASE(without_agreement_there_are_none) {
    conversation c;
    c.establish(syn_ack().mss(1000));
    c.peer_sends(data(10).seq(101));
    c.expects(ack(1));
    c.peer_sends(data(10).seq(101));
    c.expects(ack(1));
}

BOOST_AUTO_TEST_CASE(data_carries_the_blocks_too) {
    conversation c;
    c.establish();
    c.peer_sends(data(10).seq(101));
    c.expects(ack(1).sack(101, 111));
    c.app_sends("meanwhile");
    c.expects(data("meanwhile").ack(1).sack(101, 111));
}

// RFC 2883 §4.2: a duplicate inside of what waits.
BOOST_AUTO_TEST_CASE(a_duplicate_of_waiting_data_is_reported) {
    conversation c;
    c.establish();
    c.peer_sends(data(20).seq(101));
    c.expects(ack(1).sack(101, 121));
    c.peer_sends(data(10).seq(105));
    c.expects(ack(1).sack(105, 115).sack(101, 121));
}

BOOST_AUTO_TEST_CASE(more_islands_than_allowed_are_refused) {
    conversation_options o;
    o.settings.reassembly_ranges = 2;
    conversation c(o);
    c.establish();
    for (uint32_t at : {101u, 201u}) c.peer_sends(data(10).seq(at));
    c.forget_sent();
    c.peer_sends(data(10).seq(301));
    c.refused(drop_reason::reassembly_full);
    c.expects(ack(1).sack(201, 211).sack(101, 111));
}

BOOST_AUTO_TEST_SUITE_END()
