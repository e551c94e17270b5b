// Timestamps in a connection: RFC 7323 §3 to §5.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Established; the peer's clock stands at 500. No ACK is quick.
struct stamped : conversation {
    stamped() : conversation(without_quick_start()) {
        establish(syn_ack().mss(1012).sack_ok().ts(500, 0).wscale(7));
    }
    static conversation_options without_quick_start() {
        conversation_options o;
        o.settings.quick_ack_segments = 0;
        return o;
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(timestamps_option)

// RFC 7323 §3.2: in every segment but RST.
BOOST_FIXTURE_TEST_CASE(every_segment_carries_our_clock_and_the_echo, stamped) {
    after(7ms);
    app_sends("x");
    expects(data("x").ts(7, 500));
    peer_sends(ack().ts(520, 7));
    app_sends("y");
    expects(data("y").ts(7, 520));
}

// RFC 7323 §5.3 R1.
BOOST_FIXTURE_TEST_CASE(a_segment_from_the_past_is_acknowledged_and_dropped, stamped) {
    peer_sends(data("old").ts(499, 1));
    refused(drop_reason::old_timestamp);
    expects(ack(1).ts(0, 500));
    BOOST_TEST(us().readable_bytes() == 0u);
    peer_sends(data("new").seq(1).ts(500, 1));
    after(40ms).expects(ack(4));
    BOOST_TEST(app_reads() == "new");
}

// RFC 7323 §3.2: once agreed on, a segment without it is dropped.
BOOST_FIXTURE_TEST_CASE(a_segment_without_timestamps_is_dropped, stamped) {
    peer_sends(data("abc").no_ts());
    refused(drop_reason::missing_timestamp);
    expects_nothing();
    BOOST_TEST(us().readable_bytes() == 0u);
}

// RFC 7323 §4.3 case (A).
BOOST_FIXTURE_TEST_CASE(a_delayed_ack_echoes_the_earliest_segment, stamped) {
    peer_sends(data(1000).ts(600, 1));
    expects_nothing();
    peer_sends(data(1000).ts(601, 1));
    expects(ack(2001).ts(0, 600));
}

// RFC 7323 §4.3 case (B).
BOOST_FIXTURE_TEST_CASE(with_a_gap_the_last_segment_in_order_is_echoed, stamped) {
    peer_sends(data(1000).ts(600, 1));
    after(40ms).expects(ack(1001).ts(40, 600));
    peer_sends(data(1000).seq(2001).ts(602, 1));
    expects(ack(1001).ts(40, 600).sack(2001, 3001));
    peer_sends(data(1000).seq(1001).ts(603, 1));
    expects(ack(3001).ts(40, 603));
}

// RFC 7323 §5.5.
BOOST_FIXTURE_TEST_CASE(after_24_days_of_silence_any_timestamp_is_taken, stamped) {
    after(24 * 24h).peer_sends(data("abc").ts(3, 1));
    refused(drop_reason::none);
    after(40ms).expects(ack(4));
    BOOST_TEST(app_reads() == "abc");
}

// RFC 7323 §4.1: the echo tells which transmission is acknowledged, so a retransmission can be measured.
BOOST_FIXTURE_TEST_CASE(the_echo_measures_a_retransmission, stamped) {
    app_sends("x");
    expects(data("x"));
    const auto rto = info().rto;
    after(rto).expects(data("x").seq(1));
    after(25ms);
    const auto sent_at = uint32_t(std::chrono::duration_cast<std::chrono::milliseconds>(rto).count());
    peer_sends(ack(2).ts(600, sent_at));
    BOOST_TEST((info().srtt < 5ms));
    BOOST_TEST((info().srtt > 2ms));  // one eighth of 25 ms
}

// RFC 7323 §5.3 R1, and §4.3: what is rejected does not change the echo.
BOOST_FIXTURE_TEST_CASE(what_lies_outside_of_the_window_is_not_echoed, stamped) {
    peer_sends(data("abc").seq(1u + (4u << 20)).ts(900, 1));
    expects(ack(1).ts(0, 500));
}

// RFC 7323 §5.2: older and newer are a matter of the difference, which may go round.
BOOST_AUTO_TEST_CASE(a_clock_of_the_peer_that_goes_round_is_newer) {
    conversation c;
    c.establish(syn_ack().mss(1012).ts(0xfffffff0, 0));
    c.peer_sends(data("abc").ts(0xffffffff, 1));
    c.expects(ack(4).ts(0, 0xffffffff));
    c.peer_sends(data("def").ts(5, 1));
    c.refused(drop_reason::none);
    c.expects(ack(7).ts(0, 5));
    c.peer_sends(data("ghi").ts(0xfffffffe, 1));
    c.refused(drop_reason::old_timestamp);
    c.expects(ack(7).ts(0, 5));
    BOOST_TEST(c.app_reads() == "abcdef");
}

// RFC 7323 §5.3 R1: an ACK of the past counts as little as its data; RFC 5961 limits the answers.
BOOST_FIXTURE_TEST_CASE(an_ack_from_the_past_acknowledges_nothing, stamped) {
    app_sends("x");
    expects(data("x"));
    peer_sends(ack(2).ts(499, 1));
    refused(drop_reason::old_timestamp);
    expects(ack(1).ts(0, 500));
    BOOST_TEST(info().in_flight == 1u);
    peer_sends(ack(2).ts(500, 1));
    BOOST_TEST(info().in_flight == 0u);
}

// RFC 7323 §4.1, RFC 6298 §3: of a segment that was repeated only a believable echo is a measure.
BOOST_FIXTURE_TEST_CASE(an_echo_from_the_future_measures_nothing, stamped) {
    app_sends("x");
    expects(data("x"));
    const auto before = info().srtt;
    after(info().rto).expects(data("x").seq(1));
    after(25ms).peer_sends(ack(2).ts(600, 1u << 20));
    BOOST_TEST(info().in_flight == 0u);
    BOOST_TEST((info().srtt == before));
}

BOOST_FIXTURE_TEST_CASE(sequence_numbers_may_wrap_within_the_windows, stamped) {
    for (int i = 0; i < 40; ++i) {
        peer_sends(data(1000));
        app_reads();
    }
    forget_sent();
    BOOST_TEST(info().bytes_received == 40'000u);
}

BOOST_AUTO_TEST_SUITE_END()
