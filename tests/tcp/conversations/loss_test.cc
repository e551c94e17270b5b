// Lost segments: RFC 6298, RFC 5681 §3, RFC 6582, RFC 6675.
#include "tests/support/tcp/states.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

// Reno, for its windows are round numbers.
conversation_options reno() {
    conversation_options o;
    o.settings.congestion = net::congestion_algorithm::reno;
    return o;
}

// Established with segments of 1000 bytes and no timestamps; a wide window, which the peer has said twice, as
// the one of its SYN is not scaled.
struct without_sack : conversation {
    without_sack() : conversation(reno()) {
        establish(syn_ack().mss(1000).wscale(7));
        peer_sends(ack());
    }
};

// By the rules of RFC 6675: rack_test.cc has those of RFC 8985.
conversation_options without_rack() {
    conversation_options o = reno();
    o.settings.rack = false;
    return o;
}

struct with_sack : conversation {
    with_sack() : conversation(without_rack()) {
        establish(syn_ack().mss(1000).wscale(7).sack_ok());
        peer_sends(ack());
    }
};

// Ten segments are in flight, all of the initial window.
struct ten_without_sack : without_sack {
    ten_without_sack() {
        app_sends(30'000);
        expects_data(10, 1000);
    }
};

struct ten_with_sack : with_sack {
    ten_with_sack() {
        app_sends(30'000);
        expects_data(10, 1000);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(retransmission_timeout)

// RFC 6298 §5.4 to §5.6.
BOOST_FIXTURE_TEST_CASE(data_is_repeated_ever_more_slowly, without_sack) {
    app_sends("x");
    expects(data("x"));
    duration wait = info().rto;
    BOOST_TEST((wait == 200ms));
    for (int i = 0; i < 6; ++i, wait *= 2) {
        after(wait - 1ms).expects_nothing();
        after(1ms).expects(data("x").seq(1));
    }
    BOOST_TEST(info().timeouts == 6u);
    peer_sends(ack(2));
    BOOST_TEST((us().next_timeout() == never));
}

// RFC 6298 §2.5.
BOOST_FIXTURE_TEST_CASE(the_wait_is_bounded, without_sack) {
    app_sends("x");
    expects(data("x"));
    for (int i = 0; i < 12; ++i) after(us().next_timeout() - now()).expects(data("x").seq(1));
    BOOST_TEST((us().next_timeout() - now() == 60s));
}

// RFC 9293 §3.8.3 R2.
BOOST_FIXTURE_TEST_CASE(a_silent_peer_is_given_up, without_sack) {
    app_sends("x");
    expects(data("x"));
    int repeated = 0;
    for (; us().state() == connection_state::established && repeated < 100; ++repeated) {
        after(us().next_timeout() - now());
        if (us().state() == connection_state::established) expects(data("x").seq(1));
    }
    forget_sent();
    BOOST_TEST(repeated == 16);
    happened(events::closed | events::failed);
    BOOST_TEST((us().error() == std::errc::timed_out));
}

// RFC 5482.
BOOST_FIXTURE_TEST_CASE(a_user_timeout_ends_the_waiting_earlier, without_sack) {
    us().set_user_timeout(5s);
    app_sends("x");
    expects(data("x"));
    while (us().next_timeout() < now() + 10s && !us().is_closed()) {
        after(us().next_timeout() - now());
        forget_sent();
    }
    BOOST_TEST(us().is_closed());
    BOOST_TEST((us().error() == std::errc::timed_out));
    BOOST_TEST((now() <= time_point(1s) + 6s));
}

// RFC 6298 §5.1, §5.3.
BOOST_FIXTURE_TEST_CASE(progress_restarts_the_timer, without_sack) {
    app_sends(2000);
    expects_data(2, 1000);
    after(150ms).peer_sends(ack(1001));
    const auto rto = info().rto;
    after(rto - 1ms).expects_nothing();
    after(1ms).expects(data(1000).seq(1001));
}

// RFC 6298 §5.2.
BOOST_FIXTURE_TEST_CASE(the_timer_stops_when_everything_is_acknowledged, without_sack) {
    app_sends("x");
    expects(data("x"));
    peer_sends(ack(2));
    BOOST_TEST((us().next_timeout() == never));
    after(1h).expects_nothing();
}

// Karn's algorithm, RFC 6298 §3.
BOOST_FIXTURE_TEST_CASE(a_repeated_segment_is_not_measured, without_sack) {
    const auto before = info().srtt;
    app_sends("x");
    expects(data("x"));
    after(info().rto).expects(data("x").seq(1));
    after(100ms).peer_sends(ack(2));
    BOOST_TEST((info().srtt == before));
    app_sends("y");
    expects(data("y"));
    after(80ms).peer_sends(ack(3));
    BOOST_TEST((info().srtt == before + (80ms - before) / 8));
}

// RFC 5681 §3.1 (4) and the loss window.
BOOST_FIXTURE_TEST_CASE(timeout_collapses_to_one_segment, ten_without_sack) {
    after(info().rto).expects(data(1000).seq(1));
    BOOST_TEST(info().cwnd == 1000u);
    BOOST_TEST(info().ssthresh == 5000u);
    expects_nothing();
    peer_sends(ack(1001));
    expects(data(1000).seq(10'001));
    expects(data(1000).seq(11'001));
    expects_nothing();
    BOOST_TEST(info().cwnd == 2000u);
}

// RFC 5682 §2.1 steps (2b) and (3a): two new segments find out, and nothing of the old flight arrives.
BOOST_FIXTURE_TEST_CASE(after_a_timeout_that_was_right_the_flight_is_repeated, ten_without_sack) {
    after(info().rto).expects(data(1000).seq(1));
    peer_sends(ack(1001));
    expects_data(2, 1000);
    after(10ms).peer_sends(ack(1001));
    expects(data(1000).seq(1001));
    expects_nothing();
    peer_sends(ack(2001));
    expects(data(1000).seq(2001));
    peer_sends(ack(3001));
    expects(data(1000).seq(3001));
    expects(data(1000).seq(4001));
    forget_sent();
    BOOST_TEST(info().spurious_losses == 0u);
}

// RFC 5682 §2.1 step (3b), RFC 4015 §3.2: the old flight was late, not lost.
BOOST_FIXTURE_TEST_CASE(after_a_timeout_that_was_wrong_nothing_more_is_repeated, ten_without_sack) {
    after(info().rto).expects(data(1000).seq(1));
    peer_sends(ack(1001));
    expects_data(2, 1000);
    peer_sends(ack(2001));
    BOOST_TEST(info().spurious_losses == 1u);
    BOOST_TEST(info().cwnd == 10'000u);
    BOOST_TEST(info().retransmissions == 1u);
    while (has_sent()) BOOST_TEST(take_sent().seq.value() - 0xfffffff0u >= 12'001u);
    peer_sends(ack());
    forget_sent();
    BOOST_TEST(info().retransmissions == 1u);
}

// RFC 5681 §3.1: the ACK of the retransmission may cover all that had arrived.
BOOST_FIXTURE_TEST_CASE(an_ack_of_everything_after_a_timeout_goes_on_with_new_data, ten_without_sack) {
    after(info().rto).expects(data(1000).seq(1));
    peer_sends(ack(10'001));
    expects_data(2, 1000);
}

// RFC 5681 §3.1: ssthresh is held if the same segment times out again.
BOOST_FIXTURE_TEST_CASE(ssthresh_is_halved_once, ten_without_sack) {
    after(us().next_timeout() - now()).expects(data(1000).seq(1));
    after(us().next_timeout() - now()).expects(data(1000).seq(1));
    BOOST_TEST(info().ssthresh == 5000u);
}

BOOST_FIXTURE_TEST_CASE(a_retransmission_has_the_newest_ack, without_sack) {
    app_sends("x");
    expects(data("x"));
    peer_sends(data("news").ack(1));
    expects(ack(5));
    after(us().next_timeout() - now()).expects(data("x").seq(1).ack(5));
}

// RFC 9293 §3.8.1: the peer may acknowledge a part of a segment.
BOOST_FIXTURE_TEST_CASE(of_a_segment_acknowledged_in_part_the_rest_is_repeated, without_sack) {
    app_sends("abcdef");
    expects(data("abcdef"));
    peer_sends(ack(4));
    after(us().next_timeout() - now()).expects(data("def").seq(4));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(fast_retransmit)

// RFC 5681 §3.2, steps 1 and 2; RFC 3042.
BOOST_FIXTURE_TEST_CASE(the_third_duplicate_repeats_the_first_segment, ten_without_sack) {
    peer_sends(ack(1));
    expects(data(1000).seq(10'001));
    peer_sends(ack(1));
    expects(data(1000).seq(11'001));
    peer_sends(ack(1));
    expects(data(1000).seq(1));
    expects_nothing();
    BOOST_TEST(info().in_fast_recovery);
    BOOST_TEST(info().ssthresh == 5000u);  // half of the ten, without what limited transmit sent
    BOOST_TEST(info().retransmissions == 1u);
}

// RFC 9937 §6.2, in place of RFC 5681 §3.2, steps 4 to 6; RFC 6582 §3.2, full acknowledgement.
BOOST_FIXTURE_TEST_CASE(further_duplicates_let_new_data_out_until_recovery_ends, ten_without_sack) {
    for (int i = 0; i < 3; ++i) peer_sends(ack(1));
    forget_sent();
    for (int i = 0; i < 4; ++i) {  // the retransmission is a share of five of twelve for so many
        peer_sends(ack(1));
        expects_nothing();
    }
    peer_sends(ack(1));
    expects(data(1000).seq(12'001));
    peer_sends(ack(1));
    expects(data(1000).seq(13'001));
    peer_sends(ack(12'001));
    BOOST_TEST(!info().in_fast_recovery);
    BOOST_TEST(info().cwnd <= 5000u);
    forget_sent();
    BOOST_TEST(info().retransmissions == 1u);
}

// RFC 6582 §3.2, partial acknowledgement.
BOOST_FIXTURE_TEST_CASE(a_partial_ack_repeats_the_next_hole_at_once, ten_without_sack) {
    for (int i = 0; i < 3; ++i) peer_sends(ack(1));
    forget_sent();
    peer_sends(ack(4001));
    expects(data(1000).seq(4001));
    BOOST_TEST(info().in_fast_recovery);
    forget_sent();
    peer_sends(ack(7001));
    expects(data(1000).seq(7001));
    forget_sent();
    BOOST_TEST(info().fast_recoveries == 1u);
}

// RFC 5681 §2: no duplicate if it has data, changes the window, or nothing is in flight.
BOOST_FIXTURE_TEST_CASE(not_every_repeated_ack_is_a_duplicate, ten_without_sack) {
    for (int i = 0; i < 3; ++i) peer_sends(data("x").ack(1));
    for (uint16_t i = 0; i < 3; ++i) peer_sends(ack(1).wnd(uint16_t(50'000 + i)));
    while (has_sent()) BOOST_TEST((take_sent().payload.empty()));
    BOOST_TEST(!info().in_fast_recovery);
}

BOOST_FIXTURE_TEST_CASE(duplicates_with_nothing_in_flight_mean_nothing, without_sack) {
    for (int i = 0; i < 5; ++i) peer_sends(ack(1));
    expects_nothing();
    BOOST_TEST(!info().in_fast_recovery);
}

// RFC 6582 §4: after a timeout, duplicates of the old flight start nothing.
BOOST_FIXTURE_TEST_CASE(duplicates_after_a_timeout_repeat_nothing, ten_without_sack) {
    after(us().next_timeout() - now()).expects(data(1000).seq(1));
    for (int i = 0; i < 5; ++i) peer_sends(ack(1));
    expects_nothing();
}

// RFC 6298 §5.4 during recovery: a lost retransmission is left to the timer.
BOOST_FIXTURE_TEST_CASE(a_lost_retransmission_is_repeated_by_the_timer, ten_without_sack) {
    for (int i = 0; i < 3; ++i) peer_sends(ack(1));
    forget_sent();
    after(us().next_timeout() - now()).expects(data(1000).seq(1));
    BOOST_TEST(!info().in_fast_recovery);
    BOOST_TEST(info().cwnd == 1000u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sack_recovery)

// RFC 6675 §5.
BOOST_FIXTURE_TEST_CASE(what_is_missing_is_repeated_and_nothing_else, ten_with_sack) {
    peer_sends(ack(1).sack(1001, 2001));
    expects(data(1000).seq(10'001));
    peer_sends(ack(1).sack(1001, 3001));
    expects(data(1000).seq(11'001));
    peer_sends(ack(1).sack(1001, 4001));
    expects(data(1000).seq(1));
    peer_sends(ack(1).sack(5001, 9001).sack(1001, 4001));
    expects(data(1000).seq(4001));
    BOOST_TEST(info().in_fast_recovery);
    peer_sends(ack(12'001));
    forget_sent();
    BOOST_TEST(info().retransmissions == 2u);
    BOOST_TEST(!info().in_fast_recovery);
    BOOST_TEST(info().cwnd == info().ssthresh);  // RFC 9937 §6.4
}

BOOST_FIXTURE_TEST_CASE(one_ack_may_show_three_holes, ten_with_sack) {
    peer_sends(ack(1).sack(7001, 10'001).sack(4001, 5001).sack(1001, 3001));
    expects(data(1000).seq(1));
    expects(data(1000).seq(3001));
    expects(data(1000).seq(5001));
    expects(data(1000).seq(6001));
    forget_sent();
    BOOST_TEST(info().retransmissions == 4u);
    BOOST_TEST(info().fast_recoveries == 1u);
}

// RFC 9937 §6.2: where more was lost than the window comes down by, a segment goes out for each that arrives,
// and one more for each that advances the acknowledgement.
BOOST_FIXTURE_TEST_CASE(a_large_loss_is_repaired_ever_faster_while_nothing_more_is_lost, ten_with_sack) {
    peer_sends(ack(1).sack(7001, 10'001));
    expects(data(1000).seq(1));
    expects(data(1000).seq(1001));
    expects(data(1000).seq(2001));
    expects_nothing();
    peer_sends(ack(1001).sack(7001, 10'001));
    expects(data(1000).seq(3001));
    expects(data(1000).seq(4001));
    expects_nothing();
    peer_sends(ack(2001).sack(7001, 10'001));
    expects(data(1000).seq(5001));
    expects(data(1000).seq(6001));
    expects_nothing();
    BOOST_TEST(info().cwnd <= info().ssthresh);
}

BOOST_FIXTURE_TEST_CASE(a_hole_near_the_end_is_found_by_the_partial_ack, ten_with_sack) {
    peer_sends(ack(1).sack(9001, 10'001).sack(1001, 8001));
    expects(data(1000).seq(1));
    forget_sent();
    peer_sends(ack(8001).sack(9001, 10'001));
    expects(data(1000).seq(8001));
    forget_sent();
}

// RFC 6675 §5.1, RFC 2018 §8: what the peer has is not repeated after a timeout.
BOOST_FIXTURE_TEST_CASE(a_timeout_repeats_only_what_is_missing, ten_with_sack) {
    peer_sends(ack(1).sack(1001, 3001));
    forget_sent();
    after(us().next_timeout() - now()).expects(data(1000).seq(1));
    peer_sends(ack(3001));
    expects(data(1000).seq(3001));
    expects(data(1000).seq(4001));
    expects_nothing();
}

// RFC 2018 §8: a peer may drop what it reported.
BOOST_FIXTURE_TEST_CASE(a_peer_that_reneges_gets_everything_again, ten_with_sack) {
    peer_sends(ack(1).sack(1001, 10'001));
    expects(data(1000).seq(1));
    forget_sent();
    peer_sends(ack(1001));
    forget_sent();
    after(us().next_timeout() - now()).expects(data(1000).seq(1001));
    peer_sends(ack(2001));
    expects(data(1000).seq(2001));
    forget_sent();
}

// RFC 2883: a report of a duplicate is no report of an arrival.
BOOST_FIXTURE_TEST_CASE(a_duplicate_report_repeats_nothing, ten_with_sack) {
    peer_sends(ack(3001));
    forget_sent();
    for (int i = 0; i < 5; ++i) peer_sends(ack(3001).sack(1, 1001));
    expects_nothing();
    BOOST_TEST(!info().in_fast_recovery);
}

BOOST_FIXTURE_TEST_CASE(nonsense_in_blocks_is_ignored, ten_with_sack) {
    for (int i = 0; i < 5; ++i) {
        peer_sends(ack(1).sack(5001, 4001).sack(900'000, 901'000).sack(0, 100'000));
        peer_sends(ack(1).sack(1u << 31, 3001));
    }
    expects_nothing();
    BOOST_TEST(!info().in_fast_recovery);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(congestion_window)

// RFC 6928.
BOOST_AUTO_TEST_CASE(the_initial_window_is_ten_segments) {
    conversation c;
    c.establish();
    c.app_sends(100'000);
    c.expects_data(10, 1448);
    c.expects_nothing();
}

// RFC 5681 §3.1, RFC 3465: doubled each round trip.
BOOST_FIXTURE_TEST_CASE(slow_start_sends_two_segments_for_each_acknowledged, with_sack) {
    app_sends(200'000);
    expects_data(10, 1000);
    for (uint32_t i = 1; i <= 10; ++i) {
        peer_sends(ack(1 + i * 1000));
        expects_data(2, 1000);
    }
    BOOST_TEST(info().cwnd == 20'000u);
    peer_sends(ack(12'001));
    expects_data(4, 1000);
}

// RFC 5681 §3.1, RFC 3465 §2.1: one segment each round trip.
BOOST_FIXTURE_TEST_CASE(congestion_avoidance_grows_by_one_segment_each_round_trip, ten_with_sack) {
    peer_sends(ack(1).sack(1001, 10'001));
    forget_sent();
    peer_sends(ack());
    forget_sent();
    app_sends(100'000);
    uint32_t una = info().snd_una - 0xfffffff0u;
    auto acknowledge_one = [&] {
        forget_sent();
        una += 1000;
        peer_sends(ack(una));
    };
    while (info().cwnd < info().ssthresh) acknowledge_one();
    for (uint32_t cwnd : {5000u, 6000u, 7000u}) {
        BOOST_TEST(info().cwnd == cwnd);
        for (uint32_t acked = 0; acked < cwnd; acked += 1000) acknowledge_one();
    }
    forget_sent();
}

// RFC 7661 §4.4.2: after a silence it is the window that it was, but no more than the initial window goes out
// at once (RFC 5681 §4.1); the rest follows at the window's pace within the round trip.
BOOST_AUTO_TEST_CASE(after_a_silence_the_window_is_used_at_a_pace) {
    conversation c(without_rack());
    c.establish(syn_ack().mss(1000).wscale(7).sack_ok());
    c.peer_sends(ack());
    c.app_sends(60'000);
    size_t sent = 0;
    const auto look = [&] {
        while (c.has_sent()) sent += c.take_sent().payload.size();
    };
    for (size_t acked = 0; acked < 60'000;) {
        look();
        c.after(100ms);
        for (const size_t until = sent; acked < until;) {
            acked += 1000;
            c.peer_sends(ack(uint32_t(acked + 1)));
            look();
        }
    }
    const uint32_t cwnd = c.info().cwnd;
    BOOST_TEST(cwnd >= 30'000u);
    c.after(10s);
    c.app_sends(30'000);
    BOOST_TEST(c.info().cwnd == cwnd);
    c.expects_data(10, 1000);
    size_t more = 0;
    while (c.has_sent()) more += c.take_sent().payload.size();
    BOOST_TEST(more <= 11'000u);  // the pace's first quantum
    c.after(c.info().srtt);
    while (c.has_sent()) more += c.take_sent().payload.size();
    BOOST_TEST(more == 20'000u);
}

// RFC 7661 §4.4.3.
BOOST_FIXTURE_TEST_CASE(a_silence_of_more_than_five_minutes_halves_the_window, with_sack) {
    for (int i = 0; i < 4; ++i) {
        app_sends(40'000);
        while (has_sent()) {
            forget_sent();
            peer_sends(ack());
        }
    }
    const uint32_t cwnd = info().cwnd;
    BOOST_TEST(cwnd > 20'000u);
    after(6min);
    app_sends(1000);
    expects(data(1000));
    BOOST_TEST(info().cwnd == cwnd / 2);
}

// A window that the application does not fill is not known to be safe.
BOOST_FIXTURE_TEST_CASE(an_application_that_sends_little_does_not_grow_it, with_sack) {
    for (int i = 0; i < 50; ++i) {
        app_sends(1000);
        forget_sent();
        peer_sends(ack());
    }
    BOOST_TEST(info().cwnd == 10'000u);
}

BOOST_AUTO_TEST_SUITE_END()
