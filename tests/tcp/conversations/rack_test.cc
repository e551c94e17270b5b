// Losses seen by time, probes of the tail, and recoveries that were for nothing: RFC 8985, RFC 9937, RFC
// 3522, RFC 3708, RFC 4015, RFC 5682.
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

// A round trip of 40 ms, segments of 1000 bytes, SACK, no timestamps.
struct far_away : conversation {
    explicit far_away(const scripted& answer = syn_ack().mss(1000).wscale(7).sack_ok())
        : conversation(reno()) {
        app_connects();
        expects(syn());
        after(40ms).peer_sends(answer);
        expects(ack(1));
        happened(events::connected);
        peer_sends(ack());
    }
};

struct far_away_with_timestamps : far_away {
    far_away_with_timestamps() : far_away(syn_ack().mss(1012).wscale(7).sack_ok().ts(100'000, 0)) {}
};

struct five_in_flight : far_away {
    five_in_flight() {
        app_sends(5000);
        expects_data(5, 1000);
    }
};

// As many as the initial window lets out, and more to send.
struct ten_in_flight : far_away {
    ten_in_flight() {
        app_sends(40'000);
        expects_data(10, 1000);
    }
};

struct ten_with_timestamps : far_away_with_timestamps {
    ten_with_timestamps() {
        app_sends(10'000);
        expects_data(10, 1000);
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(loss_by_time)

// RFC 8985 §6.2 step 5: one segment that has arrived suffices, a quarter of the round trip later.
BOOST_FIXTURE_TEST_CASE(a_hole_is_lost_when_its_time_is_over, five_in_flight) {
    after(40ms).peer_sends(ack(1).sack(4001, 5001));
    after(9ms).expects_nothing();
    after(1ms);
    expects(data(1000).seq(1));
    expects_nothing();  // RFC 9937 §6.2: nothing has arrived that would let more out
    BOOST_TEST(info().in_fast_recovery);
    after(40ms).peer_sends(ack(1001).sack(4001, 5001));
    expects(data(1000).seq(1001));
    expects(data(1000).seq(2001));
    BOOST_TEST(info().timeouts == 0u);
}

// RFC 8985 §6.2 step 4: three that have arrived need no wait while there was no reordering.
BOOST_FIXTURE_TEST_CASE(three_arrived_behind_a_hole_make_it_lost_at_once, five_in_flight) {
    after(40ms).peer_sends(ack(1).sack(1001, 2001));
    peer_sends(ack(1).sack(1001, 3001));
    expects_nothing();
    peer_sends(ack(1).sack(1001, 4001));
    expects(data(1000).seq(1));
    peer_sends(ack());
    BOOST_TEST(!info().in_fast_recovery);
    BOOST_TEST(info().fast_recoveries == 1u);
}

// RFC 8985 §6.2 steps 3 and 4: a path that was seen to reorder is given time.
BOOST_FIXTURE_TEST_CASE(reordering_repeats_nothing_once_it_was_seen, ten_in_flight) {
    after(40ms).peer_sends(ack(1).sack(1001, 3001));
    forget_sent();
    after(5ms).peer_sends(ack(3001));
    forget_sent();
    BOOST_TEST(info().retransmissions == 0u);
    peer_sends(ack(3001).sack(4001, 10'001));
    while (has_sent()) BOOST_TEST(take_sent().seq.value() - 0xfffffff0u >= 10'001u);
    after(3ms).peer_sends(ack(10'001));
    forget_sent();
    BOOST_TEST(info().retransmissions == 0u);
    BOOST_TEST(info().fast_recoveries == 0u);
}

// RFC 8985 §6.2 step 5: no timeout is needed for a retransmission that is lost.
BOOST_FIXTURE_TEST_CASE(a_lost_retransmission_is_repeated_before_the_timeout, ten_in_flight) {
    after(40ms).peer_sends(ack(1).sack(1001, 4001));
    expects(data(1000).seq(1));
    forget_sent();
    after(1ms).peer_sends(ack(1).sack(1001, 10'001));  // lets new data out behind it
    BOOST_TEST(has_sent());
    forget_sent();
    const uint32_t sent = info().retransmissions;
    after(40ms).peer_sends(ack(1).sack(10'001, 12'001).sack(1001, 10'001));
    expects(data(1000).seq(1));
    BOOST_TEST(info().retransmissions == sent + 1);
    BOOST_TEST(info().timeouts == 0u);
    forget_sent();
}

// RFC 8985 §6.2: the ring of a recovery ends; a connection that has recovered is again as it was.
BOOST_FIXTURE_TEST_CASE(the_next_loss_is_seen_as_the_first_was, five_in_flight) {
    after(40ms).peer_sends(ack(1).sack(1001, 4001));
    expects(data(1000).seq(1));
    after(40ms).peer_sends(ack());
    for (int i = 0; i < 3; ++i) {
        app_sends(1000);
        expects_data(1, 1000);
        after(40ms).peer_sends(ack());
    }
    app_sends(2000);
    expects_data(2, 1000);
    const uint32_t una = info().snd_una - 0xfffffff0u;
    after(40ms).peer_sends(ack(una).sack(una + 1000, una + 2000));
    after(10ms).expects(data(1000).seq(una));
    BOOST_TEST(info().fast_recoveries == 2u);
}

// RFC 9937 §6.2: while more is in flight than the threshold, about one segment for two that arrive.
BOOST_AUTO_TEST_CASE(fast_recovery_does_not_fall_silent) {
    far_away c;
    c.app_sends(400'000);
    c.expects_data(10, 1000);
    c.after(40ms);
    for (int i = 1; i <= 10; ++i) {
        c.peer_sends(ack(uint32_t(1 + 1000 * i)));
        c.forget_sent();
    }
    BOOST_TEST(c.info().cwnd == 20'000u);
    c.after(40ms).peer_sends(ack(10'001).sack(11'001, 14'001));
    c.expects(data(1000).seq(10'001));
    int sent = 0, silent = 0, longest = 0;
    for (uint32_t i = 15; i <= 29; ++i) {
        c.peer_sends(ack(10'001).sack(11'001, i * 1000 + 1));
        silent = c.has_sent() ? 0 : silent + 1;
        longest = std::max(longest, silent);
        for (; c.has_sent(); ++sent) c.take_sent();
    }
    BOOST_TEST(sent >= 5);
    BOOST_TEST(sent <= 10);
    BOOST_TEST(longest <= 4);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(tail_loss)

// RFC 8985 §7.2, §7.3: two round trips after the last one was sent, the last segment again; its SACK shows
// the rest.
BOOST_FIXTURE_TEST_CASE(the_last_segment_of_a_silent_flight_goes_out_again, five_in_flight) {
    after(81ms).expects_nothing();
    after(1ms).expects(data(1000).seq(4001));
    BOOST_TEST(info().tail_probes == 1u);
    after(40ms).peer_sends(ack(1).sack(4001, 5001));
    expects(data(1000).seq(1));
    BOOST_TEST(info().in_fast_recovery);
    BOOST_TEST(info().timeouts == 0u);
    forget_sent();
}

// RFC 8985 §7.2: every transmission and every ACK puts it off.
BOOST_FIXTURE_TEST_CASE(an_ack_puts_the_probe_off, five_in_flight) {
    after(40ms).peer_sends(ack(2001));
    const auto srtt = info().srtt;
    after(2 * srtt + 1ms).expects_nothing();
    after(1ms).expects(data(1000).seq(4001));
}

// The deadline has come, but before the probe goes out the ACK of all is here: nothing is to be probed, and
// what is new has a timer of its own.
BOOST_FIXTURE_TEST_CASE(a_probe_that_an_ack_forestalls_leaves_the_timer_on, far_away) {
    app_sends(10'500);
    expects_data(10, 1000);
    us().on_timeout(us().next_timeout());
    peer_sends(ack(10'001));
    expects(data(500));
    BOOST_TEST(info().tail_probes == 0u);
    BOOST_TEST(info().window_probes == 0u);
    after(235ms).expects(data(500).seq(10'001));
}

// RFC 8985 §7.3: new data, if there is some, is the better probe.
BOOST_FIXTURE_TEST_CASE(unsent_data_is_the_probe, ten_in_flight) {
    after(82ms).expects(data(1000).seq(10'001));
    BOOST_TEST(info().retransmissions == 0u);
    BOOST_TEST(info().tail_probes == 1u);
}

// RFC 8985 §7.2, §7.3: a single segment is probed in place of the timeout, whose window it spares; after the
// probe comes the timeout.
BOOST_FIXTURE_TEST_CASE(a_single_segment_is_probed_when_it_would_time_out, far_away) {
    app_sends("request");
    expects(data("request"));
    const auto rto = info().rto;
    after(rto - 1ms).expects_nothing();
    after(1ms).expects(data("request").seq(1));
    BOOST_TEST(info().timeouts == 0u);
    BOOST_TEST(info().cwnd == 10'000u);
    after(rto).expects(data("request").seq(1));
    BOOST_TEST(info().timeouts == 1u);
    BOOST_TEST(info().cwnd == 1000u);
}

// RFC 8985 §7.4.2, case 2: the loss that only the probe has repaired is a loss.
BOOST_FIXTURE_TEST_CASE(a_loss_that_the_probe_repaired_halves_the_window, five_in_flight) {
    after(40ms).peer_sends(ack(4001));
    after(us().next_timeout() - now()).expects(data(1000).seq(4001));
    after(40ms).peer_sends(ack(5001));
    BOOST_TEST(info().ssthresh == UINT32_MAX);
    app_sends(1000);
    expects_data(1, 1000);
    after(40ms).peer_sends(ack());
    BOOST_TEST(info().ssthresh < 10'000u);
    BOOST_TEST(info().fast_recoveries == 0u);
}

// RFC 8985 §7.4.2, case 1: and one that was none, as D-SACK tells, is none.
BOOST_FIXTURE_TEST_CASE(a_probe_that_came_twice_changes_nothing, five_in_flight) {
    after(82ms).expects(data(1000).seq(4001));
    peer_sends(ack(5001));
    after(40ms).peer_sends(ack(5001).sack(4001, 5001));
    app_sends(1000);
    expects_data(1, 1000);
    after(40ms).peer_sends(ack());
    BOOST_TEST(info().ssthresh == UINT32_MAX);
}

// RFC 8985 §6.3: what was sent lately is not lost by a timeout.
BOOST_FIXTURE_TEST_CASE(a_timeout_repeats_what_is_overdue, five_in_flight) {
    after(82ms).expects(data(1000).seq(4001));
    while (info().timeouts == 0) {
        forget_sent();
        after(us().next_timeout() - now());
    }
    expects(data(1000).seq(1));
    BOOST_TEST(info().cwnd == 1000u);
    after(40ms).peer_sends(ack(1001));
    expects(data(1000).seq(1001));
    expects(data(1000).seq(2001));
    expects_nothing();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(recovery_for_nothing)

// RFC 3522 §3.2, RFC 4015 §3.2: the ACK echoes the timestamp of the first transmission.
BOOST_FIXTURE_TEST_CASE(an_old_echo_undoes_fast_recovery, ten_with_timestamps) {
    after(40ms).peer_sends(ack(1).sack(1001, 4001).ts(100'080, 40));
    expects(data(1000).seq(1));
    BOOST_TEST(info().ssthresh == 5000u);
    after(5ms).peer_sends(ack(4001).ts(100'085, 40));
    BOOST_TEST(info().spurious_losses == 1u);
    BOOST_TEST(!info().in_fast_recovery);
    BOOST_TEST(info().cwnd == 10'000u);
    BOOST_TEST(info().ssthresh == UINT32_MAX);
    forget_sent();
}

BOOST_FIXTURE_TEST_CASE(a_new_echo_undoes_nothing, ten_with_timestamps) {
    after(40ms).peer_sends(ack(1).sack(1001, 4001).ts(100'080, 40));
    expects(data(1000).seq(1));
    after(40ms).peer_sends(ack(10'001).ts(100'120, 80));
    BOOST_TEST(info().spurious_losses == 0u);
    BOOST_TEST(info().ssthresh == 5000u);
    BOOST_TEST(info().cwnd == 5000u);
    forget_sent();
}

// RFC 3522 §3.2 for a timeout, RFC 4015 §3.2: sending goes on where it was.
BOOST_FIXTURE_TEST_CASE(an_old_echo_undoes_a_timeout, ten_with_timestamps) {
    while (info().timeouts == 0) {
        forget_sent();
        after(us().next_timeout() - now());
    }
    forget_sent();
    BOOST_TEST(info().cwnd == 1000u);
    const uint32_t repeated = info().retransmissions;
    after(1ms).peer_sends(ack(5001).ts(100'500, 40));
    BOOST_TEST(info().spurious_losses == 1u);
    BOOST_TEST(info().cwnd == 10'000u);
    forget_sent();
    peer_sends(ack(10'001).ts(100'501, 40));
    forget_sent();
    BOOST_TEST(info().retransmissions == repeated);
}

// RFC 3708 §2: all that was sent again came twice, even if that is known when recovery is over.
BOOST_FIXTURE_TEST_CASE(duplicates_of_all_that_was_repeated_undo_recovery, ten_in_flight) {
    after(40ms).peer_sends(ack(1).sack(1001, 4001));
    expects(data(1000).seq(1));
    forget_sent();
    after(5ms).peer_sends(ack());
    BOOST_TEST(!info().in_fast_recovery);
    BOOST_TEST(info().ssthresh == 5000u);
    forget_sent();
    after(35ms).peer_sends(ack(10'001).sack(1, 1001));
    BOOST_TEST(info().spurious_losses == 1u);
    BOOST_TEST(info().cwnd >= 10'000u);
    forget_sent();
}

// RFC 5682 §3.1: without timestamps, an arrival of what was sent before the timeout and not again.
BOOST_FIXTURE_TEST_CASE(an_arrival_from_before_the_timeout_undoes_it, ten_in_flight) {
    while (info().timeouts == 0) {
        forget_sent();
        after(us().next_timeout() - now());
    }
    forget_sent();
    BOOST_TEST(info().cwnd == 1000u);
    after(1ms).peer_sends(ack(1).sack(2001, 3001));
    BOOST_TEST(info().spurious_losses == 1u);
    forget_sent();
    BOOST_TEST(info().cwnd >= 5000u);
}

BOOST_AUTO_TEST_SUITE_END()
