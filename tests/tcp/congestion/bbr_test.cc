// draft-ietf-ccwg-bbr §5.2.3, §5.3 to §5.6: BBR's states and what they lead to, over a path in virtual time;
// and, where a case needs an ACK of its own making, by hand.
#include "tcp/congestion/bbr.hh"

#include "tests/tcp/congestion/bbr_path.hh"

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <utility>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;
using phase = bbr::phase;

namespace millrace::tcp {
std::ostream& operator<<(std::ostream& os, bbr::phase p) {
    constexpr const char* names[] = {"startup", "drain", "down", "cruise", "refill", "up", "probe_rtt"};
    return os << names[size_t(p)];
}
}  // namespace millrace::tcp

namespace {

constexpr time_point start{1s};
constexpr uint32_t mss = 1000;

// ACKs by hand, one for each round, of a path of 1 MB/s and 100 ms: 100 segments.
struct by_hand {
    explicit by_hand(bool selective = true) : flow(window, 100ms, selective, start, 1) {}

    delivery round(uint64_t rate, uint32_t in_flight = 100 * mss) {
        now += 100ms;
        delivery d{.now = now, .newly_acked = 100 * mss, .in_flight = in_flight, .has_sample = true};
        d.prior = total;
        d.total = total += 100 * mss;
        d.delivered = 100 * mss;
        d.rate = rate;
        d.tx_in_flight = in_flight;
        d.rtt = 100ms;
        return d;
    }
    void take(const delivery& d) { flow.on_delivery(window, d); }
    void take_round(uint64_t rate = 1'000'000, uint32_t in_flight = 100 * mss) {
        take(round(rate, in_flight));
    }
    // Out of startup, its queue drained.
    void fill_pipe() {
        for (int i = 0; i < 4; ++i) take_round(1'000'000, 200 * mss);
        take_round();
        BOOST_REQUIRE_EQUAL(flow.now_in(), phase::probe_cruise);
    }
    void reach(phase p, uint32_t in_flight = 100 * mss) {
        for (int i = 0; i < 200 && flow.now_in() != p; ++i)
            take_round(1'000'000, flow.now_in() == phase::probe_rtt ? 40 * mss : in_flight);
        BOOST_REQUIRE_EQUAL(flow.now_in(), p);
    }
    lost_segment loss(uint32_t tx_in_flight, uint64_t lost) const {
        return {
            .size = mss, .tx_in_flight = tx_in_flight, .lost = lost, .total = total, .begins_range = true};
    }

    congestion_window window{.smss = mss, .cwnd = 10 * mss};
    bbr flow;
    time_point now = start;
    uint64_t total = 0;
};

struct without_sack : by_hand {
    without_sack() : by_hand(false) {}
};

// Past startup on the usual path, 50 segments of bandwidth-delay product.
struct on_path : bbr_path {
    on_path() : on_path(options{}) {}
    explicit on_path(options o) : bbr_path(std::move(o)) { BOOST_REQUIRE(run_to(phase::probe_cruise, 5s)); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(congestion)

// draft-ietf-ccwg-bbr §5.2.1 and §5.6.2: InitPacingRate(), with the gain of §2.4.
BOOST_AUTO_TEST_CASE(it_begins_at_the_initial_window_for_each_round_trip) {
    const congestion_window w{.smss = mss, .cwnd = 10 * mss};
    BOOST_TEST(bbr(w, 100ms, true, start, 1).pacing_rate() == 277'000u);
    BOOST_TEST(bbr(w, 0ms, true, start, 1).pacing_rate() == 27'700'000u);  // a millisecond, until it is known
    BOOST_TEST(bbr(w, 100ms, true, start, 1).send_quantum(mss) == 2 * mss);
    BOOST_TEST(bbr(w, 1us, true, start, 1).send_quantum(mss) == 64u * 1024);
}

BOOST_AUTO_TEST_CASE(the_first_round_trip_gives_the_pace_that_was_guessed) {
    congestion_window w{.smss = mss, .cwnd = 10 * mss};
    bbr flow(w, 0ms, true, start, 1);
    flow.on_delivery(w, {.now = start + 100ms,
                         .total = 1000,
                         .newly_acked = 1000,
                         .has_sample = true,
                         .delivered = 1000,
                         .rate = 10'000,
                         .app_limited = true,
                         .rtt = 100ms});
    BOOST_TEST(flow.pacing_rate() == 277'000u);
}

// draft-ietf-ccwg-bbr §5.3.1.1: the rate doubles each round trip.
BOOST_AUTO_TEST_CASE(startup_finds_the_bandwidth_in_a_few_round_trips) {
    bbr_path p({.rate = 100'000'000});  // 5000 segments, of which ten are the first window
    p.run_for(15 * 50ms);
    BOOST_TEST(p.flow.model().max_bw() > 95'000'000u);
}

// draft-ietf-ccwg-bbr §5.3.1.2; the draft's test case "Exiting STARTUP on Bandwidth Plateau".
BOOST_AUTO_TEST_CASE(startup_ends_when_the_bandwidth_has_not_grown_for_three_rounds) {
    bbr_path p;
    BOOST_TEST(p.run_to(phase::drain, 2s));
    BOOST_TEST(p.flow.full_bw_reached());
    BOOST_TEST(p.flow.model().max_bw() >= 980'000u);
    BOOST_TEST(p.flow.model().max_bw() <= 1'020'000u);
    BOOST_TEST(p.lost_segments == 0u);

    by_hand h;
    for (uint64_t rate : {300'000, 600'000, 1'000'000}) h.take_round(rate);
    h.take_round(1'100'000);
    h.take_round(1'200'000);
    BOOST_TEST(h.flow.now_in() == phase::startup);
    h.take_round(1'200'000, 300 * mss);
    BOOST_TEST(h.flow.now_in() == phase::drain);
}

// "Never Exiting PROBE_UP (or STARTUP) When Application-Limited With No Loss".
BOOST_FIXTURE_TEST_CASE(rounds_that_the_application_limits_fill_no_pipe, by_hand) {
    for (int i = 0; i < 40; ++i) {
        delivery d = round(100'000, 10 * mss);
        d.app_limited = true;
        take(d);
    }
    BOOST_TEST(flow.now_in() == phase::startup);
}

// draft-ietf-ccwg-bbr §5.3.1.3: in recovery, more than 2 % of a round and six ranges.
BOOST_FIXTURE_TEST_CASE(startup_ends_when_it_loses_much, by_hand) {
    take_round(500'000);
    for (int i = 0; i < 6; ++i) flow.on_lost(window, loss(200 * mss, 6 * mss));
    delivery d = round(1'000'000, 300 * mss);
    d.lost = 6 * mss;
    d.in_recovery = true;
    take(d);
    BOOST_TEST(flow.now_in() == phase::startup);  // 2 % of 300 are six
    for (int i = 0; i < 6; ++i) flow.on_lost(window, loss(200 * mss, 6 * mss));
    d = round(2'000'000, 299 * mss);
    d.lost = 6 * mss;
    d.in_recovery = true;
    take(d);
    BOOST_TEST(flow.now_in() == phase::drain);
    BOOST_TEST(flow.full_bw_reached());
    BOOST_TEST(flow.inflight_longterm() == 100u * mss);
}

BOOST_FIXTURE_TEST_CASE(startup_goes_on_after_few_losses, by_hand) {
    for (int i = 0; i < 20; ++i) {
        for (int l = 0; l < 5; ++l) flow.on_lost(window, loss(100 * mss, 5 * mss));
        delivery d = round(uint64_t(100'000) << i, 100 * mss);
        d.lost = 5 * mss;
        d.in_recovery = true;
        take(d);
    }
    BOOST_TEST(flow.now_in() == phase::startup);
}

BOOST_FIXTURE_TEST_CASE(without_sack_a_loss_in_recovery_ends_startup, without_sack) {
    take_round(500'000);
    flow.on_lost(window, loss(100 * mss, mss));
    delivery d = round(1'000'000, 300 * mss);
    d.lost = mss;
    d.in_recovery = true;
    take(d);
    BOOST_TEST(flow.now_in() == phase::drain);
}

// draft-ietf-ccwg-bbr §5.3.2 and Inflight() of §5.6.4.2; "Exiting DRAIN Based on Inflight".
BOOST_AUTO_TEST_CASE(drain_lasts_until_the_queue_is_gone) {
    bbr_path p;
    p.run_to(phase::drain, 2s);
    BOOST_TEST(p.queued() > p.bdp() / 2);
    BOOST_TEST(p.flow.pacing_rate() <= 510'000u);
    const time_point began = p.now;
    p.run_until(p.now + 1s, [&] { return p.flow.now_in() != phase::drain; });
    BOOST_TEST(p.in_network() <= p.bdp() + 4 * mss);
    BOOST_TEST((p.now - began <= 4 * 50ms));
}

// "Exiting DRAIN Based on Time".
BOOST_FIXTURE_TEST_CASE(drain_lasts_no_longer_than_three_rounds, by_hand) {
    for (int i = 0; i < 4; ++i) take_round(1'000'000, 200 * mss);
    BOOST_TEST(flow.now_in() == phase::drain);
    for (int i = 0; i < 3; ++i) take_round(1'000'000, 200 * mss);
    BOOST_TEST(flow.now_in() == phase::drain);
    take_round(1'000'000, 200 * mss);
    BOOST_TEST(flow.now_in() == phase::probe_down);
}

// draft-ietf-ccwg-bbr §5.3.3, §5.3.3.9: each state in turn, with its pace by the table of §5.6.1, less the
// margin of §2.5.
BOOST_AUTO_TEST_CASE(bandwidth_is_probed_in_a_cycle) {
    on_path p;
    BOOST_REQUIRE(p.run_to(phase::probe_up, 5s));
    BOOST_REQUIRE(p.run_to(phase::probe_down, 5s));
    for (int cycle = 0; cycle < 2; ++cycle) {
        BOOST_TEST(p.flow.pacing_rate() / 10'000 == 89u);
        BOOST_REQUIRE(p.run_to(phase::probe_cruise, 1s));
        const time_point cruises = p.now;
        BOOST_TEST(p.flow.pacing_rate() / 10'000 == 99u);
        p.run_until(p.now + 4s, [&] { return p.flow.now_in() != phase::probe_cruise; });
        if (p.flow.now_in() == phase::probe_rtt) BOOST_REQUIRE(p.run_to(phase::probe_refill, 5s));
        BOOST_REQUIRE_EQUAL(p.flow.now_in(), phase::probe_refill);
        BOOST_TEST((p.now - cruises > 1500ms));
        BOOST_TEST(p.flow.pacing_rate() / 10'000 == 99u);
        const uint32_t refill = p.flow.model().rounds();
        BOOST_REQUIRE(p.run_to(phase::probe_up, 1s));
        BOOST_TEST(p.flow.model().rounds() == refill + 1);
        BOOST_TEST(p.flow.pacing_rate() / 10'000 >= 123u);
        BOOST_REQUIRE(p.run_to(phase::probe_down, 1s));
        BOOST_TEST(p.in_network() >= p.bdp() * 5 / 4);
    }
    BOOST_TEST(p.lost_segments == 0u);
}

// draft-ietf-ccwg-bbr §5.3.3.8: within two to three seconds, or 63 rounds, or as many as Reno needs.
BOOST_FIXTURE_TEST_CASE(probes_are_two_to_three_seconds_apart, on_path) {
    path.rtt = 50ms;
    BOOST_REQUIRE(run_to(phase::probe_up, 5s));
    BOOST_REQUIRE(run_to(phase::probe_down, 5s));
    time_point down = now;
    run_until(now + 8s, [&] {
        if (flow.now_in() == phase::probe_rtt) down = now;  // begins the wait anew
        return flow.now_in() == phase::probe_refill;
    });
    BOOST_TEST((now - down >= 2s));
    BOOST_TEST((now - down <= 3s + 100ms));
}

// draft-ietf-ccwg-bbr §5.3.3.8.3.
BOOST_AUTO_TEST_CASE(a_small_window_is_probed_as_often_as_reno_would) {
    on_path p({.rate = 1'000'000, .rtt = 10ms});  // ten segments
    BOOST_REQUIRE(p.run_to(phase::probe_up, 5s));
    BOOST_REQUIRE(p.run_to(phase::probe_down, 5s));
    const uint32_t down = p.flow.model().rounds();
    BOOST_REQUIRE(p.run_to(phase::probe_refill, 5s));
    BOOST_TEST(p.flow.model().rounds() - down <= 11u);
}

// The draft's test cases "Increasing Bandwidth 10x ..." and "Decreasing Bandwidth 10x ...".
BOOST_FIXTURE_TEST_CASE(ten_times_the_bandwidth_is_found, on_path) {
    path.rate = 10'000'000;
    run_for(15s);
    BOOST_TEST(flow.model().max_bw() > 9'000'000u);
}

BOOST_AUTO_TEST_CASE(a_tenth_of_the_bandwidth_is_found) {
    on_path p({.rate = 10'000'000, .queue = 500'000});
    p.path.rate = 1'000'000;
    p.run_for(20s);
    BOOST_TEST(p.flow.model().max_bw() < 1'100'000u);
    BOOST_TEST(p.goodput(5s) > 900'000u);
}

// draft-ietf-ccwg-bbr §3: a queue that could hold all is not filled.
BOOST_FIXTURE_TEST_CASE(a_deep_queue_stays_short, on_path) {
    run_for(5s);
    most_queued = 0;
    const uint64_t rate = goodput(20s);
    BOOST_TEST(rate > 950'000u);
    BOOST_TEST(most_queued <= bdp());
}

// draft-ietf-ccwg-bbr §5.3.4 and §5.6.4.5: every five seconds, half of what the path holds (§2.14.2), for 200
// ms.
BOOST_FIXTURE_TEST_CASE(the_round_trip_is_probed_with_half_a_window, on_path) {
    BOOST_REQUIRE(run_to(phase::probe_rtt, 6s));
    const time_point began = now;
    BOOST_TEST(window.cwnd <= bdp() / 2 + mss);
    BOOST_TEST(window.cwnd >= bdp() / 2 - 3 * mss);
    BOOST_TEST((began - start > 4900ms));
    run_until(now + 5s, [&] { return flow.now_in() != phase::probe_rtt; });
    BOOST_TEST(flow.now_in() == phase::probe_cruise);
    BOOST_TEST((now - began >= 200ms));
    BOOST_TEST((now - began <= 400ms));
    BOOST_TEST(window.cwnd >= bdp());
    BOOST_REQUIRE(run_to(phase::probe_rtt, 6s));
    BOOST_TEST((now - began >= 5s));
}

// "Entering and Exiting PROBE_RTT During STARTUP".
BOOST_FIXTURE_TEST_CASE(startup_goes_on_after_the_round_trip_was_probed, by_hand) {
    for (int i = 0; i < 49; ++i) {
        delivery d = round(50'000, 10 * mss);
        d.app_limited = true;
        take(d);
    }
    BOOST_TEST(flow.now_in() == phase::startup);
    for (int i = 0; i < 2; ++i) {
        delivery d = round(50'000, 10 * mss);
        d.app_limited = true;
        d.rtt = 101ms;
        take(d);
    }
    BOOST_TEST(flow.now_in() == phase::probe_rtt);
    BOOST_TEST(flow.takes_app_limited());
    BOOST_TEST(!flow.takes_app_limited());
    for (int i = 0; i < 4; ++i) {
        delivery d = round(50'000, 2 * mss);
        d.app_limited = true;
        take(d);
    }
    BOOST_TEST(flow.now_in() == phase::startup);
}

// draft-ietf-ccwg-bbr §5.5.10.2: "Handling Loss During PROBE_UP".
BOOST_FIXTURE_TEST_CASE(a_probe_that_loses_more_than_two_percent_ends_and_is_remembered, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    BOOST_TEST(flow.inflight_longterm() == no_limit);
    flow.on_lost(window, loss(150 * mss, 3 * mss));  // 2 %
    BOOST_TEST(flow.now_in() == phase::probe_up);
    flow.on_lost(window, loss(150 * mss, 4 * mss));
    BOOST_TEST(flow.now_in() == phase::probe_down);
    // (149 + x) with (3 + x) lost is where 2 % were crossed: 149 - 0.02.
    BOOST_TEST(flow.inflight_longterm() >= 148u * mss);
    BOOST_TEST(flow.inflight_longterm() <= 149u * mss);
    flow.on_lost(window, loss(120 * mss, 100 * mss));  // once for each probe
    BOOST_TEST(flow.inflight_longterm() >= 148u * mss);
}

// draft-ietf-ccwg-bbr §5.5.10.2: not less than seven tenths, as CUBIC.
BOOST_FIXTURE_TEST_CASE(what_is_remembered_is_no_less_than_seven_tenths, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    flow.on_lost(window, loss(50 * mss, 4 * mss));
    BOOST_TEST(flow.inflight_longterm() == 70u * mss);
    // And while nothing is probed 15 % of that (§2.7) are left to others: §5.3.3.1, §5.6.4.7.
    reach(phase::probe_cruise, 50 * mss);
    take_round(1'000'000, 50 * mss);
    BOOST_TEST(window.cwnd == 59'500u);
}

BOOST_FIXTURE_TEST_CASE(losses_of_what_the_application_limited_end_a_probe_and_bound_nothing, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    lost_segment l = loss(50 * mss, 4 * mss);
    l.app_limited = true;
    flow.on_lost(window, l);
    BOOST_TEST(flow.now_in() == phase::probe_down);
    BOOST_TEST(flow.inflight_longterm() == no_limit);
}

// draft-ietf-ccwg-bbr §5.3.3.6: the probe after one that lost ends where that had, and the next goes on.
BOOST_FIXTURE_TEST_CASE(a_probe_after_one_that_lost_is_careful_and_is_followed_by_one_that_is_not, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    flow.on_lost(window, loss(120 * mss, 4 * mss));
    const uint64_t bound = flow.inflight_longterm();
    reach(phase::probe_up, 90 * mss);
    take_round(1'000'000, uint32_t(bound));
    BOOST_TEST(flow.now_in() == phase::probe_down);
    take_round(1'000'000, 90 * mss);
    BOOST_TEST(flow.now_in() == phase::probe_refill);
    take_round(1'000'000, 90 * mss);
    BOOST_TEST(flow.now_in() == phase::probe_up);
    take_round(1'000'000, uint32_t(bound));
    BOOST_TEST(flow.now_in() == phase::probe_up);
}

// draft-ietf-ccwg-bbr §5.3.3.5: by one segment in the first round, two in the next, four, ...
BOOST_FIXTURE_TEST_CASE(a_bound_that_is_in_the_way_is_raised_faster_each_round, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    flow.on_lost(window, loss(100 * mss, 4 * mss));
    reach(phase::probe_up, 80 * mss);
    take_round(1'000'000, 100 * mss);
    delivery shorter = round(1'000'000, 80 * mss);
    shorter.rtt = 99ms;  // puts the next probe of the round trip off
    take(shorter);
    reach(phase::probe_up, 80 * mss);
    uint64_t before = flow.inflight_longterm();
    uint64_t last = 0;
    for (int i = 0; i < 5; ++i) {
        window.cwnd = uint32_t(before);
        delivery d = round(1'000'000, 80 * mss);
        d.cwnd_limited = true;
        d.newly_acked = uint32_t(before);
        take(d);
        const uint64_t more = flow.inflight_longterm() - before;
        BOOST_TEST(more >= last);
        last = more;
        window.cwnd = uint32_t(flow.inflight_longterm());
        d.prior = 0;  // the same round goes on, and the window is at its bound again
        d.newly_acked = 0;
        take(d);
        before = flow.inflight_longterm();
    }
    BOOST_TEST(last >= 8u * mss);
    BOOST_TEST(flow.now_in() == phase::probe_up);  // the window limits, not the path: §5.3.3.7
}

// draft-ietf-ccwg-bbr §5.5.10.3.
BOOST_FIXTURE_TEST_CASE(a_loss_between_probes_slows_down_until_the_next_one, by_hand) {
    fill_pipe();
    reach(phase::probe_cruise);
    flow.on_lost(window, loss(100 * mss, 1 * mss));
    take_round(500'000);
    flow.on_lost(window, loss(100 * mss, 1 * mss));
    take_round(500'000);
    BOOST_TEST(flow.model().bw() == 700'000u);
    BOOST_TEST(flow.pacing_rate() == 693'000u);
    BOOST_TEST(flow.inflight_longterm() == no_limit);
    reach(phase::probe_refill);
    BOOST_TEST(flow.model().bw() == 1'000'000u);
}

// The draft's "Handling Spurious Fast Recovery": §5.5.11.1, §5.5.11.2.
BOOST_FIXTURE_TEST_CASE(a_probe_that_ended_for_nothing_is_taken_up_again, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    const uint32_t cwnd = window.cwnd;
    flow.on_recovery(window);
    flow.on_lost(window, loss(150 * mss, 4 * mss));
    BOOST_TEST(flow.now_in() == phase::probe_down);
    BOOST_TEST(flow.inflight_longterm() < no_limit);
    flow.on_spurious(window);
    BOOST_TEST(flow.now_in() == phase::probe_refill);
    BOOST_TEST(flow.inflight_longterm() == no_limit);
    BOOST_TEST(window.cwnd >= cwnd);
}

BOOST_FIXTURE_TEST_CASE(a_startup_that_ended_for_nothing_is_taken_up_again, by_hand) {
    take_round(500'000);
    for (int i = 0; i < 6; ++i) flow.on_lost(window, loss(100 * mss, 6 * mss));
    delivery d = round(1'000'000, 200 * mss);
    d.lost = 60 * mss;
    d.in_recovery = true;
    take(d);
    BOOST_TEST(flow.now_in() == phase::drain);
    flow.on_spurious(window);
    BOOST_TEST(flow.now_in() == phase::startup);
    BOOST_TEST(!flow.full_bw_reached());
    BOOST_TEST(flow.inflight_longterm() == no_limit);
}

// draft-ietf-ccwg-bbr §5.6.4.4.
BOOST_FIXTURE_TEST_CASE(a_timeout_lets_one_segment_out_and_its_end_brings_the_window_back, by_hand) {
    fill_pipe();
    reach(phase::probe_cruise);
    const uint32_t cwnd = window.cwnd;
    flow.on_timeout(window, true);
    BOOST_TEST(window.cwnd == mss);
    for (int i = 0; i < 50; ++i) flow.on_lost(window, loss(100 * mss, mss));
    flow.on_timeout(window, false);
    BOOST_TEST(window.cwnd == mss);
    delivery d = round(10'000, mss);
    d.newly_acked = mss;
    d.delivered = mss;
    d.rtt = -1ms;
    d.in_recovery = true;
    take(d);
    BOOST_TEST(window.cwnd == 4 * mss);
    d = round(1'000'000, 50 * mss);
    take(d);
    BOOST_TEST(window.cwnd > cwnd / 2);
}

// draft-ietf-ccwg-bbr §3.8.
BOOST_FIXTURE_TEST_CASE(marks_in_two_rounds_end_startup, by_hand) {
    take_round(250'000);
    flow.on_mark(window);
    take_round(500'000);
    BOOST_TEST(flow.now_in() == phase::startup);
    flow.on_mark(window);
    take_round(1'000'000, 300 * mss);
    BOOST_TEST(flow.now_in() == phase::drain);
    BOOST_TEST(flow.inflight_longterm() < no_limit);
}

BOOST_FIXTURE_TEST_CASE(a_mark_ends_a_probe, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    take_round(1'000'000, 120 * mss);
    flow.on_mark(window);
    BOOST_TEST(flow.now_in() == phase::probe_down);
    BOOST_TEST(flow.inflight_longterm() == 120u * mss);
}

BOOST_FIXTURE_TEST_CASE(marks_between_probes_bring_the_flight_down, by_hand) {
    fill_pipe();
    reach(phase::probe_cruise);
    const uint32_t before = window.cwnd;
    flow.on_mark(window);
    take_round();
    BOOST_TEST(window.cwnd == before / 10 * 7);
    flow.on_mark(window);
    take_round();
    BOOST_TEST(window.cwnd < before / 10 * 7);
}

// draft-ietf-ccwg-bbr §5.4.1: "Skipping PROBE_RTT Due to Application-Limited Sending".
BOOST_FIXTURE_TEST_CASE(after_a_silence_it_goes_on_at_the_bandwidth_that_it_knows, by_hand) {
    fill_pipe();
    reach(phase::probe_up);
    reach(phase::probe_down, 130 * mss);
    BOOST_TEST(flow.pacing_rate() == 891'000u);
    const uint32_t cwnd = window.cwnd;
    now += 20s;
    flow.on_restart(window, now);
    BOOST_TEST(flow.pacing_rate() == 990'000u);
    BOOST_TEST(window.cwnd == cwnd);
    delivery d = round(900'000, 50 * mss);
    d.app_limited = true;
    d.rtt = 110ms;
    take(d);
    BOOST_TEST(flow.now_in() != phase::probe_rtt);
    BOOST_TEST(flow.model().max_bw() == 1'000'000u);
}

// draft-ietf-ccwg-bbr §5.3.4.4.
BOOST_FIXTURE_TEST_CASE(a_silence_may_end_the_probe_of_the_round_trip, by_hand) {
    fill_pipe();
    for (int i = 0; i < 100 && flow.now_in() != phase::probe_rtt; ++i) {
        delivery d = round(1'000'000, 50 * mss);
        d.rtt = 101ms;
        take(d);
    }
    BOOST_REQUIRE_EQUAL(flow.now_in(), phase::probe_rtt);
    take_round(1'000'000, mss);
    flow.on_restart(window, now + 100ms);
    BOOST_TEST(flow.now_in() == phase::probe_rtt);
    take_round(1'000'000, mss);
    flow.on_restart(window, now + 300ms);
    BOOST_TEST(flow.now_in() == phase::probe_cruise);
}

// draft-ietf-ccwg-bbr §5.5.4.
BOOST_AUTO_TEST_CASE(an_application_that_sends_less_does_not_lower_the_bandwidth) {
    on_path p;
    p.path.app_rate = 100'000;
    p.run_for(20s);
    BOOST_TEST(p.flow.model().max_bw() >= 970'000u);
}

// draft-ietf-ccwg-bbr §5.6.4.3: "Correctly Managing Sub-Packet BDPs".
BOOST_AUTO_TEST_CASE(a_path_that_holds_less_than_a_segment_is_filled_all_the_same) {
    bbr_path p({.rate = 8000, .rtt = 10ms});
    p.run_for(60s);
    BOOST_TEST(p.window.cwnd >= 4 * mss);
    BOOST_TEST(p.goodput(20s) >= 7000u);
    BOOST_TEST(p.window.cwnd <= 20 * mss);
    BOOST_TEST_REQUIRE(p.run_to(phase::probe_cruise, 60s));
    BOOST_TEST(p.window.cwnd >= 6 * mss);  // three bursts of two segments: §5.5.8.1
}

// A loss by chance is none of congestion: below the threshold nothing is bounded by it.
BOOST_AUTO_TEST_CASE(random_losses_below_the_threshold_cost_little) {
    uint32_t n = 0;
    on_path p({.rate = 10'000'000, .loses = [&n] { return ++n % 100 == 0; }});
    p.run_for(2s);
    BOOST_TEST(p.goodput(20s) > 9'000'000u);
}

// A buffer that is a tenth of what the path holds.
BOOST_AUTO_TEST_CASE(a_shallow_buffer_is_not_overrun_for_long) {
    on_path p({.rate = 10'000'000, .queue = 50'000});
    const uint64_t sent = p.delivered(), lost = p.lost_segments;
    BOOST_TEST(p.goodput(20s) > 8'000'000u);
    BOOST_TEST((p.lost_segments - lost) * mss * 50 < p.delivered() - sent);  // below 2 %
}

BOOST_AUTO_TEST_SUITE_END()
