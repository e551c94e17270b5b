// Accurate ECN: RFC 9768.
#include "tests/support/tcp/conversation.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <utility>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Reno, for its windows are round numbers; no ACK is quick, so that only what must be told is told at once.
conversation_options asking(net::congestion_algorithm a = net::congestion_algorithm::reno) {
    conversation_options o;
    o.settings.congestion = a;
    o.settings.ecn = ecn_mode::accurate;
    o.settings.quick_ack_segments = 0;
    return o;
}

scripted asking_syn() {
    return syn().with(ecn_bits);
}

// Of a peer that got our SYN as it was sent.
scripted agreeing(uint8_t ace = 2) {
    return syn_ack().mss(1000).wscale(7).sack_ok().with(flags::of_ace(ace));
}

// Established, we are the client, and both ends have counted nothing; segments of 1000 bytes, a wide window.
struct client : conversation {
    explicit client(conversation_options o = asking()) : conversation(std::move(o)) {
        app_connects();
        expects(asking_syn());
        peer_sends(agreeing().counts(first_mark_counts));
        expects(ack(1).ace(2).counts(first_mark_counts));
        peer_counts(5);
        we_count(5);
        forget_events();
    }
};

// The first data of the client, which brings the option, is behind us, and its ACK.
struct busy_client : client {
    explicit busy_client(conversation_options o = asking()) : client(std::move(o)) {
        app_sends(1);
        expects(data(1).counts(first_mark_counts));
        peer_sends(ack(2));
    }
};

struct server : conversation {
    explicit server(conversation_options o = asking()) : conversation(std::move(o)) {
        settings().ecn = ecn_mode::passive;
        peer_connects(asking_syn().mss(1000).sack_ok());
        peer_sends(ack(1).seq(1).ace(2).counts(first_mark_counts));
        peer_counts(5);
        we_count(5);
        forget_events();
    }
};

// Ten segments are in flight, all of the initial window.
struct ten_in_flight : server {
    explicit ten_in_flight(conversation_options o = asking()) : server(std::move(o)) {
        app_sends(60'000);
        expects_data(10, 1000);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(accurate_ecn)

// ---- The handshake.

// RFC 9768 §3.1.1, §3.2.2.1, §3.2.3.2.1: three flags, and the ACK says with which mark the SYN-ACK came.
BOOST_AUTO_TEST_CASE(a_client_asks_and_tells_how_the_answer_came) {
    const std::pair<net::ecn, uint8_t> marks[] = {{net::ecn::not_capable, 2},
                                                  {net::ecn::ect1, 3},
                                                  {net::ecn::ect0, 4},
                                                  {net::ecn::congestion_experienced, 6}};
    for (const auto& [mark, told] : marks) {
        conversation c(asking());
        c.app_connects();
        c.expects(asking_syn().ect(false).no_counts());
        c.peer_sends(agreeing().mark(mark));
        c.expects(ack(1).ace(told).counts(first_mark_counts).ect(false));
        BOOST_TEST(c.info().accurate_ecn);
        // RFC 9768 §3.2.2.2: a marked SYN-ACK is counted.
        c.app_sends("x");
        c.expects(data("x").ace(told == 6 ? 6 : 5).ect());
    }
}

// RFC 9768 §3.1.2, table 2, and §3.1.3: every answer there is.
BOOST_AUTO_TEST_CASE(a_client_takes_what_the_answer_gives) {
    for (uint8_t answer = 0; answer < 8; ++answer) {
        conversation c(asking());
        c.app_connects();
        c.expects(asking_syn());
        c.peer_sends(agreeing(answer));
        const bool accurate = answer > 1 && answer < 7;
        c.expects(ack(1).ace(accurate ? 2 : 0));
        BOOST_TEST(c.info().accurate_ecn == accurate);
        BOOST_TEST(c.info().ecn == (accurate || answer == 1));
        c.app_sends("x");
        // RFC 9768 §3.2.2.3: our SYN was not ECN-capable, and should not arrive as if it had been.
        const bool sound = answer == 1 || answer == 2 || answer == 5;
        c.expects(data("x").ace(accurate ? 5 : 0).ect(sound));
        c.peer_sends(data(1000).ce());
        c.forget_sent();
        BOOST_TEST(c.info().marks_received == (accurate || answer == 1 ? 1u : 0u));
    }
}

// RFC 9768 §3.2.2.2: a SYN that was marked is congestion all the same, and not counted.
BOOST_AUTO_TEST_CASE(a_client_whose_syn_was_marked_begins_with_less) {
    conversation c(asking());
    c.app_connects();
    c.expects(asking_syn());
    c.peer_sends(agreeing(6));
    c.expects(ack(1).ace(2));
    BOOST_TEST(c.info().cwnd == 5000u);
    BOOST_TEST(c.info().marks_told == 0u);
}

// RFC 9768 §3.2.2.1: the pure ACK goes before data that is ready; §3.2.3.2.1: that has the option, too.
BOOST_AUTO_TEST_CASE(data_waits_for_the_ack_of_the_syn_ack) {
    conversation c(asking());
    c.app_connects();
    c.expects(asking_syn());
    c.app_sends(1500);
    c.peer_sends(agreeing());
    c.expects(ack(1).ace(2).counts(first_mark_counts));
    c.expects(data(988).ace(5).counts(first_mark_counts).ect());
    c.expects(data(512).ace(5).no_counts());
}

// RFC 9768 §3.2.3.2.2: if it is lost, that is repeated without.
BOOST_FIXTURE_TEST_CASE(a_retransmission_does_not_test_the_path, client) {
    app_sends("x");
    expects(data("x").counts(first_mark_counts));
    after(info().rto).expects(data("x").seq(1).ect(false).no_counts());
    BOOST_TEST(info().retransmissions == 1u);
}

// RFC 9768 §3.1.4.1: once more as it was, then without.
BOOST_AUTO_TEST_CASE(a_syn_is_repeated_once_with_accurate_ecn_and_then_without) {
    for (const bool late : {false, true}) {
        conversation c(asking());
        c.app_connects();
        c.expects(asking_syn());
        c.after(1s).expects(asking_syn().seq(0));
        c.after(2s).expects(syn().seq(0));
        // Whichever of the three is answered: RFC 9768 §3.1.5.
        c.peer_sends(agreeing(late ? 2 : 0));
        c.expects(ack(1).ace(late ? 2 : 0));
        BOOST_TEST(c.info().accurate_ecn == late);
        c.app_sends("x");
        c.expects(data("x").ect(late).ace(late ? 5 : 0));
    }
}

// RFC 9768 §3.1.4.1, §3.2.2.1: a SYN-ACK that comes again is answered as the first one was; its mark is not
// counted (§3.2.2.2).
BOOST_FIXTURE_TEST_CASE(a_repeated_syn_ack_is_answered_with_its_mark, client) {
    peer_sends(agreeing().seq(0).ack(1).ce());
    expects(ack(1).ace(6));
    peer_sends(agreeing(0).seq(0).ack(1));
    expects(ack(1).ace(5));
    app_sends("x");
    expects(data("x").ace(5));
}

// RFC 9768 §3.1.2: who has sent a SYN answers another as a listener would, and both go by that.
BOOST_AUTO_TEST_CASE(syns_that_cross) {
    for (uint8_t asked : {0, 3, 7}) {
        conversation c(asking());
        c.app_connects();
        c.expects(asking_syn());
        c.peer_sends(syn().mss(1000).with(flags::of_ace(asked)).ce());
        const uint8_t answer = asked == 0 ? 0 : asked == 3 ? 1 : 6;
        c.expects(syn_ack().with(flags::of_ace(answer)).seq(0).ack(1));
        // RFC 9768 §3.2.2: there is no ACE field in it.
        c.peer_sends(syn_ack().mss(1000).with(flags::of_ace(asked == 7 ? 2 : answer)).seq(0).ack(1));
        c.expects(ack(1).ace(asked == 7 ? 5 : 0));
        BOOST_TEST(c.info().accurate_ecn == (asked == 7));
        BOOST_TEST(c.info().ecn == (asked != 0));
        BOOST_TEST(c.info().marks_told == 0u);
    }
}

// RFC 9768 §3.1.5: nobody asks for both kinds, so that of two that cross the lesser is agreed on.
BOOST_AUTO_TEST_CASE(a_classic_syn_that_crosses_an_accurate_one) {
    conversation_options o = asking();
    o.settings.ecn = ecn_mode::on;
    conversation c(o);
    c.app_connects();
    c.expects(syn().with(flags::ece | flags::cwr));
    c.peer_sends(asking_syn().mss(1000));
    c.expects(syn_ack().with(flags::ece).seq(0).ack(1));
    c.peer_sends(ack(1).seq(1));
    BOOST_TEST(c.info().ecn);
    BOOST_TEST(!c.info().accurate_ecn);
}

// RFC 9768 §3.1.1, §3.1.3.
BOOST_AUTO_TEST_CASE(a_server_agrees_when_asked_unless_ecn_is_off) {
    for (ecn_mode mode : {ecn_mode::off, ecn_mode::passive, ecn_mode::on, ecn_mode::accurate})
        for (uint8_t asked : {1, 2, 4, 5, 6, 7}) {
            conversation c({.settings = {.ecn = mode}});
            c.peer_connects(syn().mss(1000).with(flags::of_ace(asked)));
            c.peer_sends(ack(1).seq(1).ace(2));
            BOOST_TEST(c.info().accurate_ecn == (mode != ecn_mode::off));
            c.app_sends("x");
            c.expects(data("x").ect(mode != ecn_mode::off).ace(mode != ecn_mode::off ? 5 : 0));
        }
}

// RFC 9768 §3.2.2.1, table 4.
BOOST_AUTO_TEST_CASE(a_server_hears_how_its_syn_ack_came) {
    for (uint8_t told = 0; told < 8; ++told) {
        conversation c(asking());
        c.peer_connects(asking_syn().mss(1000));
        c.peer_sends(ack(1).seq(1).ace(told));
        BOOST_TEST(c.info().accurate_ecn);
        BOOST_TEST(c.info().marks_told == (told == 6 ? 1u : 0u));
        BOOST_TEST(c.info().cwnd == (told == 6 ? 5000u : 10'000u));
        c.app_sends(3000);
        // RFC 9768 §3.2.2.3.
        const bool sound = told == 1 || told == 2 || told == 5 || told == 7;
        for (int i = 0; i < 3; ++i) c.expects(data(1000).ect(sound).ace(5));
        // Note 1: a peer that counts nothing is not listened to; but told, as ever.
        c.peer_sends(data(1000).ack(1001).ace(7).ce());
        BOOST_TEST(c.info().mark_reductions == (told == 0 ? 0u : told == 6 ? 2u : 1u));
        c.expects(ack(1001).ace(6));
    }
}

// RFC 9768 §3.2.2.2: if that ACK was lost, what comes has a counter.
BOOST_AUTO_TEST_CASE(a_server_whose_first_ack_brings_data_takes_a_count) {
    conversation c(asking());
    c.peer_connects(asking_syn().mss(1000));
    c.app_sends("x");
    c.peer_sends(data(10).ack(1).seq(1).ace(5));
    BOOST_TEST(c.info().marks_told == 0u);
    c.expects(data("x").ect().ace(5));
}

// RFC 9768 §3.2.2.2: the answer to a SYN-ACK that came twice has no counter.
BOOST_FIXTURE_TEST_CASE(a_late_answer_to_the_syn_ack_tells_of_no_marks, server) {
    after(50ms);
    peer_sends(ack(1).seq(1).ace(2));
    BOOST_TEST(info().marks_told == 0u);
}

// ---- What we tell.

// RFC 9768 §3.2, §3.2.2.5.1, §3.2.3.3: an ACK at once as marks begin, which tells of it in both ways.
BOOST_FIXTURE_TEST_CASE(marks_are_counted_and_told, busy_client) {
    peer_sends(data(1000).ect0());
    expects_nothing();
    peer_sends(data(1000).ect0());
    expects(ack(2001).counts(counts(2001)).ect(false));
    peer_sends(data(1000).ce());
    expects(ack(3001).ace(6).counts(counts(2001, 1000)));
    we_count(6);
    peer_sends(data(500).ect0());
    expects_nothing();
    peer_sends(data(1000).ce());
    expects(ack(4501).ace(7).counts(counts(2501, 2000)));
    BOOST_TEST(info().marks_received == 2u);
}

// RFC 9768 §3.2.2.5.1: for every second mark, while there is data to be acknowledged.
BOOST_FIXTURE_TEST_CASE(every_second_mark_is_told_at_once, busy_client) {
    peer_sends(data(10).ce());
    expects(ack(11).ace(6));
    peer_sends(data(10).ce());
    expects_nothing();
    peer_sends(data(10).ce());
    expects(ack(31).ace(0));
}

// RFC 9768 §3.2: segments that bring nothing new count as well, but none that is not acceptable.
BOOST_FIXTURE_TEST_CASE(all_acceptable_segments_are_counted, busy_client) {
    peer_sends(data(1000).ce());
    expects(ack(1001).ace(6));
    peer_sends(data(1000).seq(4'000'000).ce());
    expects(ack(1001).ace(6));
    peer_sends(ack().seq(1001).ce());
    peer_sends(ack().seq(1001).ce());
    expects_nothing();
    peer_sends(ack().seq(1001).ce());
    expects(ack(1001).ace(1));
    peer_sends(data(2000).seq(1).ce());  // half of it again
    expects(ack(2001).ace(2).sack(1, 1001).counts(counts(1, 3000)));
}

// RFC 9768 §3.2.2.2: on whatever has ACK, a retransmission too, the newest.
BOOST_FIXTURE_TEST_CASE(every_segment_tells_the_count, busy_client) {
    peer_sends(data(1000).ce());
    expects(ack(1001).ace(6));
    we_count(6);
    app_sends("x");
    expects(data("x"));
    after(info().rto).expects(data("x").seq(2));
    peer_sends(ack(3));
    app_shuts_down();
    expects(fin());
    app_aborts();
    expects(rst_ack().ace(6));
}

// RFC 9768 §3.2.3.3: "every n ACKs".
BOOST_FIXTURE_TEST_CASE(the_option_and_plain_segments_take_turns, busy_client) {
    for (uint32_t n = 1; n <= 12; ++n) {
        peer_sends(data(1000).ect0());
        peer_sends(data(1000).ect0());
        // Twice as the counter begins to move, then when it may be news to someone who has lost ACKs.
        const uint32_t received = n * 2000 + 1;
        const bool told = n == 1 || n == 2 || n == 6 || n == 10;
        expects(told ? ack(received).counts(counts(received)) : ack(received).no_counts());
    }
}

// RFC 9768 §3.2.3.3: two SACK blocks go first.
BOOST_AUTO_TEST_CASE(the_option_leaves_room_for_two_blocks) {
    conversation c(asking());
    c.app_connects();
    c.expects(asking_syn());
    c.peer_sends(agreeing().ts(100'000, 0));
    c.expects(ack(1).ace(2));
    c.app_sends(1);
    c.expects(data(1).ace(5));
    c.peer_counts(5);
    c.we_count(5);
    c.peer_sends(data(100).seq(101).ect0());
    c.expects(ack(1).sack(101, 201).counts(counts(101)));
    c.peer_sends(data(100).seq(301).ect0());
    c.expects(ack(1).sack(301, 401).sack(101, 201).counts(counts(201)));
    c.peer_sends(data(100).seq(501).ce());
    c.expects(ack(1).ace(6).sack(501, 601).sack(301, 401).counts(counts(201, 100)));
    // Only what has changed.
    const mark_counts last{.fields = 1, .ect1_first = true, .ect0 = 0, .ce = 0, .ect1 = 101};
    c.peer_sends(data(100).seq(701).mark(net::ecn::ect1));
    c.expects(ack(1).ace(6).sack(701, 801).sack(501, 601).counts(last));
    // Three counters take too much.
    c.peer_sends_together({data(100).seq(901).mark(net::ecn::ect1), data(100).seq(1101).ect0()});
    c.expects(ack(1).ace(6).sack(1101, 1201).sack(901, 1001).sack(701, 801).no_counts());
}

// RFC 9768 §3.2.3.3: without timestamps there is room for all.
BOOST_FIXTURE_TEST_CASE(without_timestamps_three_blocks_fit_beside_it, busy_client) {
    for (uint32_t at : {101u, 301u, 501u, 701u}) {
        if (has_sent()) take_sent();
        peer_sends(data(100).seq(at).mark(at < 700 ? net::ecn::ect0 : net::ecn::ect1));
        if (at < 700) forget_sent();
    }
    expects(ack(1).sack(701, 801).sack(501, 601).sack(301, 401).counts(counts(301, 0, 101)));
}

// RFC 9768 §3.2.2.5.1: a burst that was received whole may be answered by one ACK; the option says how many.
BOOST_FIXTURE_TEST_CASE(a_burst_of_marks_is_answered_once, busy_client) {
    peer_sends_together({data(100).ce(), data(100).ce(), data(100).ce(), data(100).ce(), data(100).ce(),
                         data(100).ce(), data(100).ce(), data(100).ce(), data(100).ce()});
    expects(ack(901).ace(6).counts(counts(1, 900)));
}

// ---- What we are told.

// RFC 9768 §3.1.5, RFC 3168 §6.1.2: half, once for a window of data, and without CWR.
BOOST_FIXTURE_TEST_CASE(the_window_is_halved_once_for_a_window_of_data, ten_in_flight) {
    peer_sends(ack(1001).ace(6));
    BOOST_TEST(info().cwnd == 5000u);
    for (uint8_t n = 2; n <= 5; ++n) peer_sends(ack(n * 1000u + 1).ace(uint8_t(n + 5) % 8));
    expects_nothing();
    BOOST_TEST(info().marks_told == 5u);
    peer_sends(ack(6001).ace(2));
    expects(data(1000).ect());
    BOOST_TEST(info().cwnd == 5000u);
    BOOST_TEST(info().mark_reductions == 1u);
    peer_counts(2);
    for (uint32_t n = 7; n <= 10; ++n) {
        peer_sends(ack(n * 1000 + 1));
        expects(data(1000));
    }
    // What was sent since the reduction has been marked.
    peer_sends(ack(11001).ace(3));
    BOOST_TEST(info().mark_reductions == 2u);
    forget_sent();
}

// An ACK that repeats the count tells of nothing, and the window grows.
BOOST_FIXTURE_TEST_CASE(a_count_that_stands_still_is_no_mark, ten_in_flight) {
    peer_sends(ack(1001).ace(5));
    BOOST_TEST(info().cwnd == 11'000u);
    BOOST_TEST(info().marks_told == 0u);
    forget_sent();
}

// RFC 9768 §3.2.2.2: one that acknowledges nothing may be old; the next one tells.
BOOST_FIXTURE_TEST_CASE(what_may_have_been_overtaken_is_not_listened_to, ten_in_flight) {
    peer_sends(ack(2001).ace(6));
    BOOST_TEST(info().marks_told == 1u);
    peer_sends(ack(2001).ace(5));
    peer_sends(ack(1001).ace(5));
    BOOST_TEST(info().marks_told == 1u);
    peer_sends(ack(4001).ace(7));
    BOOST_TEST(info().marks_told == 2u);
    forget_sent();
}

// RFC 9768 §A.1: newer by its timestamp.
BOOST_AUTO_TEST_CASE(a_later_timestamp_shows_that_it_was_not_overtaken) {
    conversation c(asking());
    c.peer_connects(asking_syn().mss(1000).sack_ok().ts(100'000, 0));
    c.peer_sends(ack(1).seq(1).ace(2));
    c.peer_counts(5);
    c.we_count(5);
    c.app_sends(2 * 988);
    c.expects(data(988));
    c.expects(data(988));
    c.peer_sends(ack(989));
    c.peer_sends(ack(989).ace(6));
    BOOST_TEST(c.info().marks_told == 0u);
    c.after(1ms).peer_sends(ack(989).ace(6));
    BOOST_TEST(c.info().marks_told == 1u);
}

// RFC 9768 §3.2.2.5.2, §A.2.1: the peer sends no options, and one ACK speaks for ten segments.
BOOST_AUTO_TEST_CASE(a_count_that_may_have_gone_round_is_taken_for_more) {
    for (const bool options : {false, true}) {
        conversation c(asking());
        c.peer_connects(asking_syn().mss(1000).sack_ok());
        scripted first = ack(1).seq(1).ace(2);
        c.peer_sends(options ? first.counts(first_mark_counts) : first);
        c.app_sends(10'000);
        for (int i = 0; i < 10; ++i) c.expects(data(1000).ace(5));
        c.peer_sends(ack(10'001).ace(5));
        BOOST_TEST(c.info().marks_told == (options ? 0u : 8u));
        BOOST_TEST(c.info().mark_reductions == (options ? 0u : 1u));
    }
}

// RFC 9768 §3.2.3.2.5, §3.2.2.4: what is spoilt on its way.
BOOST_FIXTURE_TEST_CASE(after_counters_that_disagree_nothing_may_be_marked, ten_in_flight) {
    peer_sends(ack(1001).counts(counts(1001, 1000)));
    expects(data(1000).ect(false));
    forget_sent();
    peer_sends(ack(2001).ace(6));
    BOOST_TEST(info().mark_reductions == 1u);
    forget_sent();
}

BOOST_FIXTURE_TEST_CASE(a_first_count_of_zero_is_not_believed, ten_in_flight) {
    peer_sends(ack(1001).ace(0));
    expects(data(1000).ect(false));
    forget_sent();
    BOOST_TEST(info().mark_reductions == 0u);
}

// RFC 8257 §3.1: DCTCP asks for what it needs.
BOOST_AUTO_TEST_CASE(dctcp_asks_for_accurate_ecn_unless_it_is_told_otherwise) {
    for (const auto& [mode, asked] :
         {std::pair(ecn_mode::off, 0), std::pair(ecn_mode::passive, 7), std::pair(ecn_mode::on, 3)}) {
        conversation_options o = asking(net::congestion_algorithm::dctcp);
        o.settings.ecn = mode;
        conversation c(o);
        c.app_connects();
        c.expects(syn().with(flags::of_ace(uint8_t(asked))));
    }
}

// RFC 8257 §3.3 by the bytes of the option: where a tenth of them is marked, a reduction takes a twentieth of
// the window; by ECE each of these ACKs would speak for all that it acknowledges.
BOOST_AUTO_TEST_CASE(dctcp_reduces_by_the_bytes_that_were_marked) {
    ten_in_flight c(asking(net::congestion_algorithm::dctcp));
    uint32_t at = 1, ce = 0, marks = 5;
    double last = 0;
    for (int n = 0; n < 3000; ++n) {
        c.app_sends(20'000);
        at += std::min(c.info().in_flight, 5000u);
        if (at / 10'000 > ce / 1000) ++marks, ce += 1000;
        const connection_info before = c.info();
        c.peer_sends(ack(at).ace(uint8_t(marks % 8)).counts(counts(at - ce, ce)));
        c.forget_sent();
        if (c.info().mark_reductions > before.mark_reductions) last = double(c.info().cwnd) / before.cwnd;
    }
    BOOST_TEST(c.info().marks_told == marks - 5);
    BOOST_TEST(c.info().mark_reductions > 100u);
    BOOST_TEST(last == 0.95, boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_SUITE_END()
