// BBR in a connection: draft-ietf-ccwg-bbr §5.2; its states are those of tests/tcp/congestion/bbr_test.cc.
#include "tests/support/tcp/conversation.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;
using net::congestion_algorithm;

namespace {

conversation_options with(congestion_algorithm a) {
    conversation_options o;
    o.settings.congestion = a;
    o.settings.first_buffer = o.settings.send_buffer;  // tests write once, and all at once
    return o;
}

// Established over a round trip of 100 ms with segments of 1000 bytes: the first window's pace is 2.77 times
// ten segments for each round trip, or two each 7.2 ms.
struct with_bbr : conversation {
    explicit with_bbr(conversation_options o = with(congestion_algorithm::bbr)) : conversation(std::move(o)) {
        app_connects();
        expects(syn());
        after(100ms).peer_sends(syn_ack().mss(1000).wscale(7).sack_ok());
        expects(ack(1));
        peer_sends(ack());
        forget_events();
    }
    int count_sent() {
        int n = 0;
        for (; has_sent(); ++n) take_sent();
        return n;
    }
    // Ten segments are in flight, the window, and there is more to send.
    void fill_window() {
        app_sends(400'000);
        expects_data(2, 1000);
        after(40ms);
        BOOST_TEST(count_sent() == 8);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(bbr)

// draft-ietf-ccwg-bbr §5.6.2, §5.6.3.
BOOST_FIXTURE_TEST_CASE(the_first_window_goes_out_at_a_pace, with_bbr) {
    app_sends(400'000);
    expects_data(2, 1000);
    BOOST_TEST((us().next_timeout() > now() + 7ms && us().next_timeout() < now() + 8ms));
    after(7ms).expects_nothing();
    after(1ms);
    BOOST_TEST(count_sent() == 2);
}

BOOST_FIXTURE_TEST_CASE(no_more_than_the_window_goes_out, with_bbr) {
    fill_window();
    after(50ms).expects_nothing();
    BOOST_TEST(info().in_flight == 10'000u);
    BOOST_TEST(info().cwnd == 10'000u);
}

// draft-ietf-ccwg-bbr §5.6.4.6: by what was delivered, in step with it.
BOOST_FIXTURE_TEST_CASE(what_is_delivered_opens_the_window_and_raises_the_pace, with_bbr) {
    fill_window();
    at(200ms);
    int sent = 0;
    for (uint32_t n = 1; n <= 5; ++n) {
        peer_sends(ack(1 + n * 2000));
        sent += count_sent();
        after(7ms);
        sent += count_sent();
    }
    BOOST_TEST(info().cwnd == 20'000u);
    BOOST_TEST(sent >= 10);
}

// draft-ietf-ccwg-bbr §5.5.10: a loss is a hint, no measure; the window stays, and the retransmission goes at
// once.
BOOST_FIXTURE_TEST_CASE(a_loss_does_not_cut_the_window, with_bbr) {
    fill_window();
    at(200ms);
    peer_sends(ack(1).sack(1001, 4001));
    expects(data(1000).seq(1));
    BOOST_TEST(info().cwnd == 13'000u);  // by what has arrived
    BOOST_TEST(info().fast_recoveries == 1u);
    BOOST_TEST(count_sent() >= 1);
}

// As new data: what a timeout has lost is much, and it goes out in no burst.
BOOST_FIXTURE_TEST_CASE(retransmissions_go_out_at_a_pace, with_bbr) {
    fill_window();
    after(5s);
    forget_sent();
    BOOST_TEST(info().timeouts >= 1u);
    peer_sends(ack(1001));
    const int at_once = count_sent();
    BOOST_TEST(at_once <= 4);
    after(100ms);
    BOOST_TEST(count_sent() >= 1);
}

// draft-ietf-ccwg-bbr §5.6.4.4.
BOOST_FIXTURE_TEST_CASE(a_timeout_lets_one_segment_out, with_bbr) {
    fill_window();
    while (info().timeouts == 0) {
        after(50ms);
        forget_sent();
    }
    BOOST_TEST(info().cwnd == 1000u);
}

// draft-ietf-ccwg-bbr §5.4.1; RFC 5681 §4.1 would halve it for each timeout of silence.
BOOST_FIXTURE_TEST_CASE(a_silence_costs_no_window, with_bbr) {
    fill_window();
    at(200ms);
    for (uint32_t n = 1; n <= 200; ++n) {
        peer_sends(ack(1 + n * 2000));
        forget_sent();
        after(5ms);
    }
    const uint32_t before = info().cwnd;
    BOOST_TEST(info().in_flight == 0u);
    after(60s);
    app_sends(1000);
    expects(data(1000).push());
    BOOST_TEST(info().cwnd == before);
}

// RFC 1191 §6.5: not the network's congestion.
BOOST_FIXTURE_TEST_CASE(segments_that_were_too_long_are_no_loss, with_bbr) {
    fill_window();
    app_sees_path_error(path_error::kind::fragmentation_needed, 1, 600);
    BOOST_TEST(count_sent() >= 1);
    BOOST_TEST(info().cwnd >= 10'000u);
    BOOST_TEST(info().retransmissions >= 1u);
}

BOOST_AUTO_TEST_CASE(it_may_be_chosen_and_left_with_data_in_flight) {
    with_bbr c(with(congestion_algorithm::cubic));
    c.app_sends(30'000);
    c.expects_data(10, 1000);
    c.us().set_congestion(congestion_algorithm::bbr, c.now());
    c.after(100ms).peer_sends(ack(5001));
    BOOST_TEST(c.count_sent() >= 2);
    c.after(50ms);
    c.forget_sent();
    c.us().set_congestion(congestion_algorithm::cubic, c.now());
    c.us().set_congestion(congestion_algorithm::cubic, c.now());
    c.after(50ms).peer_sends(ack(10'001));
    c.forget_sent();
    for (uint32_t n = 11; n <= 30; ++n) {
        c.after(10ms).peer_sends(ack(1 + n * 1000));
        c.forget_sent();
    }
    BOOST_TEST(c.info().in_flight == 0u);
    BOOST_TEST(c.info().bytes_sent == 30'000u);
}

BOOST_AUTO_TEST_CASE(a_passive_end_knows_the_round_trip_from_its_syn_ack) {
    conversation c(with(congestion_algorithm::bbr));
    c.peer_connects(syn().mss(1000).wscale(7).sack_ok());
    c.after(100ms).peer_sends(ack(1).seq(1));
    c.app_sends(20'000);
    c.expects_data(2, 1000);
    c.after(50ms);
    c.forget_sent();
    BOOST_TEST(c.info().in_flight <= 10'000u);
}

// RFC 3168 §6.1.2: a mark is heard once for each window, and CWR says so.
BOOST_AUTO_TEST_CASE(marks_are_heard) {
    conversation_options o = with(congestion_algorithm::bbr);
    o.settings.ecn = ecn_mode::on;
    conversation c(std::move(o));
    c.app_connects();
    c.expects(syn().with(flags::ece | flags::cwr));
    c.after(100ms).peer_sends(syn_ack().mss(1000).wscale(7).sack_ok().with(flags::ece));
    c.expects(ack(1));
    c.peer_sends(ack());
    c.app_sends(100'000);
    c.expects_data(2, 1000);
    c.after(50ms);
    c.forget_sent();
    c.after(50ms).peer_sends(ack(2001).with(flags::ece));
    BOOST_TEST(c.info().mark_reductions == 1u);
    c.forget_sent();
    c.peer_sends(ack(4001).with(flags::ece));
    BOOST_TEST(c.info().mark_reductions == 1u);
    c.forget_sent();
}

BOOST_AUTO_TEST_SUITE_END()
