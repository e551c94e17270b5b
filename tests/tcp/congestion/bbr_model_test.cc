// draft-ietf-ccwg-bbr §5.5: what BBR knows of a path.
#include "tcp/congestion/bbr_model.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1s};
constexpr uint32_t cwnd = 100'000;

struct modelled {
    modelled() { model.begin(10'000, 0ms, start); }

    // An ACK that ends a round, of `bytes` delivered at `rate`.
    delivery round(uint64_t rate, uint32_t bytes = 1000) {
        delivery d{.now = now, .newly_acked = bytes, .has_sample = true, .delivered = bytes, .rate = rate};
        d.prior = total;
        d.total = total += bytes;
        return d;
    }
    void take(const delivery& d, bool accelerating = false) {
        model.on_delivery(d, cwnd, accelerating);
        model.update_min_rtt(d);
        model.finish(d);
    }
    void take_round_trip(duration rtt) {
        delivery d = round(1000);
        d.rtt = rtt;
        take(d);
    }

    bbr_model model;
    time_point now = start;
    uint64_t total = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// draft-ietf-ccwg-bbr §5.5.1.
BOOST_FIXTURE_TEST_CASE(a_round_ends_when_what_was_sent_behind_its_start_arrives, modelled) {
    take(round(1000));
    BOOST_TEST(model.round_start());
    BOOST_TEST(model.rounds() == 1u);
    delivery d = round(1000);
    d.prior = 0;  // sent before the first was acknowledged
    take(d);
    BOOST_TEST(!model.round_start());
    d = round(1000);
    d.prior = 1000;
    take(d);
    BOOST_TEST(model.round_start());
    BOOST_TEST(model.rounds() == 2u);
    take({.now = now, .total = total});  // delivers nothing
    BOOST_TEST(!model.round_start());
}

// draft-ietf-ccwg-bbr §5.5.3, §5.5.6.
BOOST_FIXTURE_TEST_CASE(the_bandwidth_is_the_largest_of_this_cycle_and_the_one_before, modelled) {
    take(round(5000));
    take(round(3000));
    BOOST_TEST(model.max_bw() == 5000u);
    model.advance_max_bw();
    take(round(2000));
    BOOST_TEST(model.max_bw() == 5000u);
    model.advance_max_bw();
    take(round(1000));
    BOOST_TEST(model.max_bw() == 2000u);
    BOOST_TEST(model.bw() == 2000u);
}

BOOST_FIXTURE_TEST_CASE(a_cycle_without_a_sample_forgets_nothing, modelled) {
    take(round(5000));
    for (int i = 0; i < 5; ++i) model.advance_max_bw();
    BOOST_TEST(model.max_bw() == 5000u);
}

// draft-ietf-ccwg-bbr §5.5.4.
BOOST_FIXTURE_TEST_CASE(a_sample_that_the_application_limits_can_only_raise_the_bandwidth, modelled) {
    take(round(5000));
    model.advance_max_bw();
    model.advance_max_bw();
    delivery d = round(4000);
    d.app_limited = true;
    take(d);
    BOOST_TEST(model.max_bw() == 5000u);
    model.advance_max_bw();
    BOOST_TEST(model.max_bw() == 5000u);
    d = round(6000);
    d.app_limited = true;
    take(d);
    BOOST_TEST(model.max_bw() == 6000u);
}

// draft-ietf-ccwg-bbr §5.3.4.3, §5.5.7.
BOOST_FIXTURE_TEST_CASE(the_round_trip_is_the_least_of_ten_seconds, modelled) {
    BOOST_TEST((model.min_rtt() == bbr_model::no_rtt));
    BOOST_TEST(model.bdp(12345) == 10'000u);  // the initial window: nothing is known
    take_round_trip(50ms);
    now += 1s;
    take_round_trip(40ms);
    BOOST_TEST((model.min_rtt() == 40ms));
    BOOST_TEST(model.bdp(1'000'000) == 40'000u);
    BOOST_TEST(model.bdp(1'000'000, 50) == 20'000u);
    now += 4s;
    take_round_trip(60ms);
    BOOST_TEST(!model.wants_rtt_probed());
    now += 1s + 1ms;
    take_round_trip(60ms);  // no lower one for 5 s
    BOOST_TEST(model.wants_rtt_probed());
    BOOST_TEST((model.min_rtt() == 40ms));
    now += 5s;
    take_round_trip(60ms);  // for 10 s
    BOOST_TEST((model.min_rtt() == 60ms));
}

BOOST_FIXTURE_TEST_CASE(a_round_trip_that_was_probed_is_good_for_five_seconds, modelled) {
    take_round_trip(50ms);
    now += 6s;
    take_round_trip(55ms);
    BOOST_TEST(model.wants_rtt_probed());
    model.on_rtt_probed(now);
    now += 4s;
    take_round_trip(56ms);
    BOOST_TEST(!model.wants_rtt_probed());
}

// draft-ietf-ccwg-bbr §5.5.9.
BOOST_FIXTURE_TEST_CASE(acks_in_bursts_are_more_than_the_bandwidth_lets_expect, modelled) {
    take(round(10'000));  // bytes per second
    now += 100ms;
    delivery d = round(10'000, 4000);
    model.update_aggregation(d, cwnd, false);
    BOOST_TEST(model.extra_acked() == 4000u);  // a first burst begins the count
    now += 100ms;
    d = round(10'000, 1000);
    model.update_aggregation(d, cwnd, false);
    BOOST_TEST(model.extra_acked() == 4000u);  // 5000 came in 100 ms in which 1000 were to
    now += 10s;
    d = round(10'000, 500);
    model.update_aggregation(d, 300, true);
    BOOST_TEST(model.extra_acked() == 4000u);
}

// draft-ietf-ccwg-bbr §5.5.10.3.
BOOST_FIXTURE_TEST_CASE(a_round_with_losses_lowers_what_the_path_is_thought_to_bear, modelled) {
    take(round(10'000, 60'000));
    BOOST_TEST(model.note_loss(total));
    BOOST_TEST(!model.note_loss(total));
    take(round(5000, 40'000));
    // Seven tenths, as less was delivered: of the bandwidth, and of the window.
    BOOST_TEST(model.bw_shortterm() == 10'000u);  // the best of the round that ends was still that
    BOOST_TEST(model.inflight_shortterm() == 70'000u);
    model.note_loss(total);
    take(round(5000, 40'000));
    BOOST_TEST(model.bw_shortterm() == 7000u);
    BOOST_TEST(model.inflight_shortterm() == 49'000u);
    BOOST_TEST(model.bw() == 7000u);
    model.note_loss(total);
    take(round(5000, 40'000));
    BOOST_TEST(model.bw() == 5000u);  // no lower than what is delivered
    BOOST_TEST(model.inflight_shortterm() == 40'000u);
    model.reset_short_term();
    take(round(5000, 40'000));
    BOOST_TEST(model.bw() == 10'000u);
}

// Our own: else each round in which something is lost by chance is the measure of a slower one.
BOOST_FIXTURE_TEST_CASE(losses_that_are_tolerated_lower_nothing_if_all_else_that_was_sent_arrives, modelled) {
    delivery first = round(10'000);
    first.send_rate = 10'000;
    take(first);
    const auto lossy = [&](uint64_t send_rate, uint64_t rate, uint64_t lost) {
        model.note_loss(total);
        delivery d = round(rate);
        d.send_rate = send_rate;
        d.lost = lost;
        d.tx_in_flight = 1000;
        take(d);
    };
    for (uint64_t i = 0; i < 20; ++i) lossy(9900 - i * 100, 9801 - i * 100, 20);
    BOOST_TEST(model.bw() == 10'000u);
    BOOST_TEST(model.inflight_shortterm() == no_limit);
    lossy(9900, 9600, 10);  // the path has held back
    lossy(9900, 9600, 10);
    BOOST_TEST(model.bw() == 9600u);
    model.reset_short_term();
    lossy(9900, 9900, 21);  // or has lost more than that
    lossy(9900, 9900, 21);
    BOOST_TEST(model.bw() == 9900u);
}

BOOST_FIXTURE_TEST_CASE(losses_lower_nothing_while_they_are_looked_for, modelled) {
    take(round(10'000));
    model.note_loss(total);
    take(round(5000), true);
    BOOST_TEST(model.bw_shortterm() == no_limit);
    BOOST_TEST(model.inflight_shortterm() == no_limit);
    take(round(5000));  // and were of the round that is over
    BOOST_TEST(model.bw_shortterm() == no_limit);
}

// draft-ietf-ccwg-bbr §3.8: marks are congestion.
BOOST_FIXTURE_TEST_CASE(marks_lower_the_flight_whatever_was_delivered, modelled) {
    take(round(10'000, 90'000));
    model.note_mark(total);
    take(round(10'000, 90'000));
    BOOST_TEST(model.bw() == 10'000u);
    BOOST_TEST(model.inflight_shortterm() == 70'000u);
    BOOST_TEST(model.marked_rounds() == 1u);
    model.note_mark(total);
    take(round(10'000, 90'000));
    BOOST_TEST(model.inflight_shortterm() == 49'000u);
    BOOST_TEST(model.marked_rounds() == 2u);
    take(round(10'000, 90'000));
    BOOST_TEST(model.inflight_shortterm() == 49'000u);
    BOOST_TEST(model.marked_rounds() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
