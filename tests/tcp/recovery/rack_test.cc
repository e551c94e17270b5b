#include "tcp/recovery/rack.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1s};
const seq origin(0xfffffe00);

// Segments of 100 bytes, sent a millisecond apart; a round trip takes 40 ms, and never took less.
struct flight_of {
    explicit flight_of(uint32_t segments = 10) {
        for (uint32_t i = 0; i < segments; ++i) flight.push(at(i), 100, start + i * 1ms);
    }
    static seq at(uint32_t i) { return origin + i * 100; }

    void arrives(size_t i, time_point now, time_point echoed_until = never) {
        flight.mark_sacked(i);
        r.on_delivered(flight[i], now, 40ms, echoed_until, memory);
    }
    void update(rack::conditions c = {}) {
        c.una = flight.front().at;
        c.snd_nxt = flight.back().end();
        c.min_rtt = 40ms;
        c.srtt = 50ms;
        r.update_window(c, memory);
    }
    void send_again(size_t i, time_point now) {
        flight.on_retransmit(i, now);
        r.on_retransmit(flight[i]);
    }
    time_point detect(time_point now) { return r.detect_loss(flight, lost, now); }
    // s is sacked, x lost, r sent again, a dot none of these.
    std::string marks() const {
        std::string s;
        for (size_t i = 0; i < flight.size(); ++i) {
            const auto& f = flight[i];
            s += f.sacked ? 's' : f.lost ? 'x' : f.transmissions > 1 ? 'r' : '.';
        }
        return s;
    }

    in_flight flight;
    lost_ranges lost;
    rack::memory memory;
    rack r{origin, 40ms};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

// RFC 8985 §6.2 steps 2 and 5.
BOOST_AUTO_TEST_CASE(what_was_sent_before_a_segment_that_arrived_is_lost_after_the_window) {
    flight_of f;
    f.arrives(4, start + 44ms);
    f.update();
    BOOST_TEST((f.r.window() == 10ms));
    BOOST_TEST((f.detect(start + 44ms) == start + 50ms));
    BOOST_TEST(f.marks() == "....s.....");
    BOOST_TEST((f.detect(start + 51ms) == start + 52ms));
    BOOST_TEST(f.marks() == "xx..s.....");
    BOOST_TEST((f.detect(start + 90ms) == never));
    BOOST_TEST(f.marks() == "xxxxs.....");
    BOOST_TEST(f.lost.first(f.flight).value() == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_before_something_has_arrived) {
    flight_of f;
    f.update();
    BOOST_TEST((f.detect(start + 1h) == never));
    BOOST_TEST(f.flight.lost_bytes() == 0u);
}

// RFC 8985 §6.2 step 5: of segments sent at once, the later in sequence was sent later.
BOOST_AUTO_TEST_CASE(a_burst_is_ordered_by_sequence) {
    flight_of f(0);
    for (uint32_t i = 0; i < 5; ++i) f.flight.push(f.at(i), 100, start);
    f.arrives(2, start + 40ms);
    f.update({.three_arrived = true});
    f.detect(start + 40ms);
    BOOST_TEST(f.marks() == "xxs..");
}

// RFC 8985 §6.2 step 4.
BOOST_AUTO_TEST_CASE(without_reordering_three_arrivals_or_a_recovery_need_no_window) {
    flight_of f;
    f.update({.three_arrived = true});
    BOOST_TEST((f.r.window() == 0ms));
    f.update({.recovering = true});
    BOOST_TEST((f.r.window() == 0ms));
    f.memory.reordering_seen = true;
    f.update({.recovering = true, .three_arrived = true});
    BOOST_TEST((f.r.window() == 10ms));
}

// RFC 8985 §6.2 step 3.
BOOST_AUTO_TEST_CASE(a_segment_that_arrives_behind_a_later_one_is_reordering) {
    flight_of f;
    f.arrives(1, start + 41ms);
    f.arrives(2, start + 42ms);
    BOOST_TEST(!f.memory.reordering_seen);
    f.send_again(0, start + 50ms);
    f.arrives(0, start + 90ms);
    BOOST_TEST(!f.memory.reordering_seen);
    f.arrives(5, start + 91ms);
    f.arrives(4, start + 92ms);
    BOOST_TEST(f.memory.reordering_seen);
}

// RFC 8985 §5.3, §6.2 step 4: by a quarter for each round trip with D-SACKs, up to SRTT, forgotten after 16
// recoveries without.
BOOST_AUTO_TEST_CASE(the_window_grows_while_retransmissions_were_for_nothing) {
    flight_of f;
    f.memory.reordering_seen = true;
    f.update({.duplicate_reported = true});
    BOOST_TEST((f.r.window() == 20ms));
    f.update({.duplicate_reported = true});  // of the same round
    BOOST_TEST((f.r.window() == 20ms));
    for (duration wanted : {30ms, 40ms, 50ms, 50ms}) {
        f.flight.push(f.flight.back().end(), 100, start);
        f.flight.acknowledge(f.flight.back().at, start);
        f.update({.duplicate_reported = true});
        BOOST_TEST((f.r.window() == wanted));
    }
    for (int i = 0; i < 15; ++i) rack::on_recovery_exit(f.memory);
    BOOST_TEST(f.memory.multiplier == 6u);
    rack::on_recovery_exit(f.memory);
    BOOST_TEST(f.memory.multiplier == 1u);
}

// RFC 8985 §6.1, §6.2 step 5: the times find a lost retransmission, too.
BOOST_AUTO_TEST_CASE(a_retransmission_is_lost_if_what_was_sent_later_has_arrived) {
    flight_of f;
    for (size_t i : {1u, 2u, 3u}) f.arrives(i, start + 45ms);
    f.update({.three_arrived = true});
    f.detect(start + 45ms);
    f.send_again(0, start + 45ms);
    f.flight.push(f.at(10), 100, start + 46ms);
    BOOST_TEST((f.detect(start + 60ms) == never));
    f.arrives(10, start + 90ms);
    f.update({.recovering = true});
    f.detect(start + 90ms);
    BOOST_TEST(f.marks() == "xsssxxxxxxs");
    f.send_again(0, start + 90ms);
    f.detect(start + 91ms);
    BOOST_TEST(f.marks() == "rsssxxxxxxs");
    BOOST_TEST(!f.r.nothing_resent());
    f.arrives(0, start + 130ms);
    f.detect(start + 130ms);
    BOOST_TEST(f.r.nothing_resent());
}

// RFC 8985 §6.2 step 2: the ACK may be of the first transmission.
BOOST_AUTO_TEST_CASE(an_ambiguous_ack_teaches_nothing) {
    for (const time_point echoed : {never, start + 1ms}) {
        flight_of f;
        f.r.on_timeout(f.flight, f.lost, start + 45ms);
        f.send_again(0, start + 45ms);
        // Sooner than a round trip can be; or with the echo of the first.
        f.arrives(0, echoed == never ? start + 60ms : start + 95ms, echoed);
        f.update();
        f.detect(start + 1s);
        BOOST_TEST(f.flight[9].lost == false);
    }
}

// RFC 8985 §6.3.
BOOST_AUTO_TEST_CASE(a_timeout_loses_the_first_and_what_is_overdue) {
    flight_of f;
    f.arrives(2, start + 42ms);
    f.update();
    f.r.on_timeout(f.flight, f.lost, start + 55ms);
    BOOST_TEST(f.marks() == "xxsxxx....");
    flight_of late(3);
    late.r.on_timeout(late.flight, late.lost, start + 5ms);
    BOOST_TEST(late.marks() == "x..");
}

// RFC 8985 §6.2 step 5: walks are bounded by transmissions, not by ACKs times the flight.
BOOST_AUTO_TEST_CASE(reports_do_not_cost_a_walk_along_the_flight) {
    constexpr uint32_t segments = 16384;
    flight_of f(0);
    for (uint32_t i = 0; i < segments; ++i) f.flight.push(f.at(i), 100, start + i * 1us);
    f.update();
    time_point now = start + 40ms;
    uint64_t transmissions = segments, acks = 0;
    for (uint32_t i = segments - 1; i > 0; i -= 3, ++acks) {  // from the end on: nothing is lost for long
        f.arrives(i, now);
        f.detect(now);
        if (i < 3) break;
    }
    now += 1s;
    for (int round = 0; round < 3; ++round) {  // all is lost, sent again, and lost again but for one
        f.detect(now);
        while (const auto i = f.lost.first(f.flight)) {
            now += 1us;
            f.send_again(*i, now);
            ++transmissions;
        }
        now += 1s;
        size_t last = f.flight.size();
        while (f.flight[--last].sacked) {
        }
        f.arrives(last, now);
        for (int i = 0; i < 1000; ++i, ++acks) f.detect(now);
        now += 1s;
    }
    BOOST_TEST(f.r.visited() <= 3 * transmissions + 2 * acks);
}

BOOST_AUTO_TEST_SUITE_END()
