// Options as they may arrive: unknown, of a wrong length, repeated, without end, or in segments where they
// mean nothing. RFC 9293 §3.2, RFC 7323 §2 §3, RFC 2018 §2.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// A connection without any option but the peer's MSS of 1000.
struct bare : conversation {
    bare() { establish(syn_ack().mss(1000)); }
};

void nothing_but_syns_has(const segment& s) {
    BOOST_TEST(!s.options.mss);
    BOOST_TEST(!s.options.window_scale);
    BOOST_TEST(!s.options.sack_permitted);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(options_that_arrive)

// RFC 9293 §3.2 MUST-6: by their length.
BOOST_AUTO_TEST_CASE(unknown_options_are_skipped) {
    conversation c;
    c.establish(syn_ack().raw_options({253, 6, 1, 2, 3, 4, 1, 30, 4, 9, 9, 2, 4, 1000 >> 8, 1000 & 0xff}));
    BOOST_TEST(c.info().smss == 1000u);
    c.peer_sends(data("abc").raw_options({77, 2}));
    c.expects(ack(4));
    BOOST_TEST(c.app_reads() == "abc");
}

// RFC 9293 §3.2: what follows the end of the list is padding, whatever it looks like.
BOOST_AUTO_TEST_CASE(behind_the_end_of_the_list_nothing_is_read) {
    conversation c;
    c.establish(syn_ack().raw_options({3, 3, 7, 0, 2, 4, 1000 >> 8, 1000 & 0xff}));
    BOOST_TEST(c.info().smss == 536u);
    BOOST_TEST(c.info().window_scaling);
}

// RFC 9293 §3.2 MUST-7: as if they were not there.
BOOST_AUTO_TEST_CASE(options_of_a_wrong_length_are_not_believed) {
    conversation c;
    c.app_connects();
    c.expects(syn());
    c.peer_sends(
        syn_ack().wnd(1000).raw_options({2, 3, 4, 3, 4, 7, 7, 4, 3, 0, 8, 8, 0, 1, 0, 0, 0, 0, 5, 4, 1, 1}));
    c.expects(ack(1).no_ts());
    const auto us = c.info();
    BOOST_TEST(us.smss == 536u);
    BOOST_TEST(!us.window_scaling);
    BOOST_TEST(!us.sack);
    BOOST_TEST(!us.timestamps);
    c.peer_sends(ack().wnd(1000));
    BOOST_TEST(c.info().snd_wnd == 1000u);
}

BOOST_AUTO_TEST_CASE(a_repeat_of_a_wrong_length_does_not_undo_an_option) {
    conversation c;
    c.establish(syn_ack().raw_options({2, 4, 1000 >> 8, 1000 & 0xff, 3, 3, 7, 4, 2, 2, 3, 1, 3, 2, 4, 3, 0}));
    BOOST_TEST(c.info().smss == 1000u);
    BOOST_TEST(c.info().snd_scale == 7);
    BOOST_TEST(c.info().sack);
}

// RFC 9293 §3.2 MUST-7: a length of less than two, or beyond the header, leaves nothing to be sure of.
BOOST_FIXTURE_TEST_CASE(a_segment_whose_options_cannot_be_told_apart_is_dropped, bare) {
    const std::vector<uint8_t> lists[] = {
        {30, 0, 1, 1}, {30, 1, 1, 1}, {30, 5, 1, 1}, {1, 1, 1, 30}, {2, 4, 3, 8, 5, 200, 0, 0}};
    for (const auto& bytes : lists) {
        peer_sends(data("abc").seq(1).raw_options(bytes));
        expects_nothing();
        BOOST_TEST(us().readable_bytes() == 0u);
    }
    peer_sends(data("abc").seq(1));
    expects(ack(4));
}

// RFC 7323 §2.3.
BOOST_AUTO_TEST_CASE(a_window_scale_above_fourteen_is_fourteen) {
    conversation c;
    c.establish(syn_ack().mss(1000).raw_options({2, 4, 1000 >> 8, 1000 & 0xff, 1, 3, 3, 255}));
    BOOST_TEST(c.info().snd_scale == 14);
    c.peer_sends(ack().wnd(3));
    BOOST_TEST(c.info().snd_wnd == 3u << 14);
}

// RFC 9293 §3.7.1 MUST-65: without SYN there is no such option.
BOOST_FIXTURE_TEST_CASE(an_mss_without_syn_changes_nothing, bare) {
    peer_sends(data("abc").mss(200));
    expects(ack(4));
    app_sends(1000);
    expects(data(1000));
}

// RFC 7323 §2.2.
BOOST_FIXTURE_TEST_CASE(a_window_scale_without_syn_changes_nothing, bare) {
    peer_sends(data("abc").wscale(9).wnd(2000));
    expects(ack(4));
    BOOST_TEST(info().snd_wnd == 2000u);
    peer_sends(ack().wscale(9).wnd(3000));
    BOOST_TEST(info().snd_wnd == 3000u);
    BOOST_TEST(!info().window_scaling);
}

// RFC 2018 §2.
BOOST_FIXTURE_TEST_CASE(permission_to_sack_without_syn_permits_nothing, bare) {
    peer_sends(data("abc").sack_ok());
    expects(ack(4));
    peer_sends(data("later").seq(100));
    expects(ack(4));  // expects() compares the blocks: there are none
    BOOST_TEST(!info().sack);
}

// RFC 2018 §2: who was not permitted to send them says nothing by them; their ACK is a duplicate like others.
BOOST_FIXTURE_TEST_CASE(blocks_that_were_not_agreed_on_are_no_report, bare) {
    app_sends(20'000);
    expects_data(10, 1000);
    peer_sends(ack(1).sack(1001, 9001));
    expects(data(1000).seq(10'001));  // RFC 3042, for one segment
    expects_nothing();
    BOOST_TEST(info().retransmissions == 0u);
}

// RFC 7323 §3.2: ignored unless both SYNs had them, so that none is too old.
BOOST_FIXTURE_TEST_CASE(timestamps_that_were_not_agreed_on_are_ignored, bare) {
    peer_sends(data("abc").ts(5000, 1));
    expects(ack(4).no_ts());
    peer_sends(data("def").ts(17, 1));
    refused(drop_reason::none);
    expects(ack(7).no_ts());
    BOOST_TEST(app_reads() == "abcdef");
}

// RFC 7323 §3.2: a RST need not have them.
BOOST_AUTO_TEST_CASE(a_reset_may_come_without_timestamps) {
    conversation c;
    c.establish();
    c.peer_sends(rst().seq(1).no_ts());
    c.in_state(connection_state::closed);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(options_that_are_sent)

// RFC 9293 §3.7.1 MUST-65, RFC 7323 §2.2, RFC 2018 §2.
BOOST_AUTO_TEST_CASE(what_belongs_to_syns_goes_with_nothing_else) {
    conversation c;
    c.establish();
    c.app_sends("data");
    nothing_but_syns_has(c.take_sent());
    c.peer_sends(data("gap").seq(100).ack(1));
    nothing_but_syns_has(c.take_sent());
    c.after(1s);
    nothing_but_syns_has(c.take_sent());  // sent again
    c.app_shuts_down();
    while (c.has_sent()) nothing_but_syns_has(c.take_sent());
    c.app_aborts();
    const segment reset = c.take_sent();
    BOOST_TEST(reset.flags.has(flags::rst));
    nothing_but_syns_has(reset);
}

// RFC 7323 §1.3: of SYNs that cross, what one of both does not offer is not used.
BOOST_AUTO_TEST_CASE(a_syn_that_crosses_ours_with_fewer_options_is_answered_with_as_few) {
    conversation c;
    c.app_connects();
    c.expects(syn().mss(1460).sack_ok().ts(0, 0).wscale(7));
    c.peer_sends(syn().mss(1000));
    const segment answer = c.take_sent();
    BOOST_TEST((answer.flags == (flags::syn | flags::ack)));
    BOOST_TEST(answer.options.mss.value() == 1460);
    BOOST_TEST(!answer.options.window_scale);
    BOOST_TEST(!answer.options.sack_permitted);
    BOOST_TEST(!answer.options.timestamps);
    c.peer_sends(ack(1).seq(1).wnd(900));
    c.in_state(connection_state::established);
    BOOST_TEST(c.info().snd_wnd == 900u);
}

BOOST_AUTO_TEST_SUITE_END()
