// draft-ietf-ccwg-bbr §4.1, §4.1.2.1.2, §4.1.2.1.3: what each ACK says of how fast the path delivers. In a
// flight, as a connection has it.
#include "tcp/send/delivery_rate.hh"

#include "tcp/send/in_flight.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1s};
constexpr uint32_t mss = 1000;
constexpr duration no_min = 0ms;

// Segments of 1000 bytes, the first of which begins at 0.
struct measured {
    measured() { flight.measure(true, start); }

    void send(int count, time_point now) {
        for (int i = 0; i < count; ++i, next += mss) {
            flight.push(seq(next), mss, now);
            if (flight.rate()) flight.measure_last(now);
        }
    }
    delivery_rate& rate() { return *flight.rate(); }
    // An ACK of the first `segments` of all that were sent.
    delivery_rate::sample ack(uint32_t segments, time_point now, duration min_rtt = no_min) {
        rate().begin_ack(now);
        flight.acknowledge(seq(segments * mss), now);
        return rate().finish(min_rtt);
    }
    // An ACK that reports segment `i` of all that were sent.
    delivery_rate::sample sack(uint32_t i, time_point now, duration min_rtt = no_min) {
        rate().begin_ack(now);
        flight.mark_sacked(flight.find(seq(i * mss)));
        return rate().finish(min_rtt);
    }
    void lose(uint32_t i) { flight.mark_lost(flight.find(seq(i * mss))); }
    void resend(uint32_t i, time_point now) { flight.on_retransmit(flight.find(seq(i * mss)), now); }

    in_flight flight;
    uint32_t next = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(send)

BOOST_FIXTURE_TEST_CASE(a_segment_alone_gives_its_size_in_a_round_trip, measured) {
    send(1, start);
    const auto s = ack(1, start + 100ms);
    BOOST_TEST(s.valid);
    BOOST_TEST((s.interval == 100ms));
    BOOST_TEST(s.rate == 10'000u);
    BOOST_TEST(s.delivered == 1000u);
    BOOST_TEST(s.prior == 0u);
    BOOST_TEST(s.newly_acked == 1000u);
    BOOST_TEST(s.tx_in_flight == 1000u);
    BOOST_TEST((s.rtt == 100ms));
    BOOST_TEST(rate().delivered() == 1000u);
}

// draft-ietf-ccwg-bbr §4.1.1.2.3: ten sent together, acknowledged 10 ms apart: the later, the nearer to one
// each 10 ms.
BOOST_FIXTURE_TEST_CASE(acks_that_come_apart_show_the_rate_of_the_path, measured) {
    send(10, start);
    delivery_rate::sample s;
    for (uint32_t i = 1; i <= 10; ++i) {
        s = ack(i, start + 100ms + i * 10ms);
        send(1, start + 100ms + i * 10ms);
    }
    BOOST_TEST(s.rate == 50'000u);  // 10 in 200 ms: the silence before the first ACK counts
    for (uint32_t i = 11; i <= 20; ++i) {
        s = ack(i, start + 100ms + i * 10ms);
        send(1, start + 100ms + i * 10ms);
    }
    BOOST_TEST(s.rate == 50'000u);  // and the silence before they were sent
    for (uint32_t i = 21; i <= 30; ++i) s = ack(i, start + 100ms + i * 10ms);
    BOOST_TEST(s.delivered == 10'000u);
    BOOST_TEST((s.interval == 100ms));
    BOOST_TEST(s.rate == 100'000u);
}

// draft-ietf-ccwg-bbr §4.1.1.2.2, §4.1.1.2.4: ACKs that were held back and come together seem fast; what was
// sent slowly cannot be.
BOOST_FIXTURE_TEST_CASE(the_send_rate_bounds_what_acks_in_a_burst_seem_to_say, measured) {
    send(1, start);
    ack(1, start + 100ms);
    for (int i = 0; i < 10; ++i) send(1, start + 100ms + i * 10ms);
    BOOST_TEST(ack(2, start + 200ms).rate == 10'000u);
    const auto s = ack(11, start + 201ms);
    BOOST_TEST((s.interval == 101ms));
    send(1, start + 201ms);
    for (int i = 0; i < 9; ++i) send(1, start + 210ms + i * 10ms);
    ack(12, start + 389ms);
    const auto burst = ack(21, start + 390ms);  // sent over 90 ms behind the first, acknowledged in 1 ms
    BOOST_TEST((burst.interval >= 89ms));
}

BOOST_FIXTURE_TEST_CASE(a_stretched_ack_counts_all_and_goes_by_the_newest, measured) {
    send(4, start);
    send(1, start + 50ms);
    const auto s = ack(5, start + 150ms);
    BOOST_TEST(s.newly_acked == 5000u);
    BOOST_TEST(s.tx_in_flight == 5000u);
    BOOST_TEST((s.rtt == 100ms));
    BOOST_TEST((s.interval == 150ms));
}

BOOST_FIXTURE_TEST_CASE(what_was_reported_counts_once, measured) {
    send(4, start);
    BOOST_TEST(sack(2, start + 100ms).newly_acked == 1000u);
    BOOST_TEST(rate().delivered() == 1000u);
    BOOST_TEST(sack(2, start + 101ms).newly_acked == 0u);
    BOOST_TEST(!sack(2, start + 101ms).valid);
    const auto s = ack(4, start + 102ms);
    BOOST_TEST(s.newly_acked == 3000u);
    BOOST_TEST(rate().delivered() == 4000u);
}

BOOST_FIXTURE_TEST_CASE(an_ack_of_a_part_of_a_segment_counts_that_part, measured) {
    send(1, start);
    rate().begin_ack(start + 100ms);
    flight.acknowledge(seq(300), start + 100ms);
    BOOST_TEST(rate().finish(no_min).newly_acked == 300u);
    BOOST_TEST(ack(1, start + 101ms).newly_acked == 700u);
    BOOST_TEST(rate().delivered() == 1000u);
}

// draft-ietf-ccwg-bbr §4.1.2.2: with nothing in flight the time before says nothing.
BOOST_FIXTURE_TEST_CASE(silence_is_no_part_of_an_interval, measured) {
    send(1, start);
    ack(1, start + 100ms);
    send(1, start + 10s);
    const auto s = ack(2, start + 10s + 100ms);
    BOOST_TEST((s.interval == 100ms));
    BOOST_TEST(s.rate == 10'000u);
}

// draft-ietf-ccwg-bbr §4.1.1.3, §4.1.2.4.
BOOST_FIXTURE_TEST_CASE(what_is_sent_while_the_application_limits_says_so, measured) {
    send(2, start);
    rate().set_app_limited(flight.bytes());
    BOOST_TEST(rate().is_app_limited());
    send(1, start + 10ms);  // the bubble goes before it
    BOOST_TEST(!ack(1, start + 100ms).app_limited);
    BOOST_TEST(!ack(2, start + 101ms).app_limited);
    BOOST_TEST(rate().is_app_limited());
    send(1, start + 102ms);
    BOOST_TEST(ack(3, start + 110ms).app_limited);
    BOOST_TEST(!rate().is_app_limited());
    send(1, start + 111ms);
    BOOST_TEST(ack(4, start + 202ms).app_limited);  // as it was when that was sent
    BOOST_TEST(!ack(5, start + 211ms).app_limited);
}

BOOST_FIXTURE_TEST_CASE(an_application_that_begins_is_its_own_limit, measured) {
    rate().set_app_limited(0);
    BOOST_TEST(rate().is_app_limited());
    send(1, start);
    BOOST_TEST(ack(1, start + 100ms).app_limited);
    BOOST_TEST(!rate().is_app_limited());
}

// draft-ietf-ccwg-bbr §4.1.3.5: from the last time that it was sent, and without a round trip, for it may be
// the first transmission that has arrived.
BOOST_FIXTURE_TEST_CASE(what_was_sent_again_is_measured_from_then_on, measured) {
    send(4, start);
    sack(1, start + 100ms);
    sack(2, start + 101ms);
    sack(3, start + 102ms);
    lose(0);
    resend(0, start + 103ms);
    const auto s = ack(4, start + 203ms, 100ms);
    BOOST_TEST(s.prior == 3000u);
    BOOST_TEST(s.delivered == 1000u);
    BOOST_TEST(s.rtt < 0ms);
    BOOST_TEST((s.interval >= 100ms));
    BOOST_TEST(s.rate > 0u);
}

// draft-ietf-ccwg-bbr §4.1.2.3.
BOOST_FIXTURE_TEST_CASE(an_interval_below_the_least_round_trip_gives_no_rate, measured) {
    send(2, start);
    sack(1, start + 100ms);
    lose(0);
    resend(0, start + 101ms);
    const auto s = ack(2, start + 105ms, 100ms);  // of the first transmission
    BOOST_TEST(s.valid);
    BOOST_TEST(s.newly_acked == 1000u);
    BOOST_TEST(s.rate == 0u);
}

// draft-ietf-ccwg-bbr §5.5.10.2.
BOOST_FIXTURE_TEST_CASE(losses_are_told_with_the_flight_that_they_were_part_of, measured) {
    send(5, start);
    lose(0);
    lose(1);
    lose(3);
    const auto first = rate().next_loss(), second = rate().next_loss(), third = rate().next_loss();
    BOOST_REQUIRE((first && second && third));
    BOOST_TEST(!rate().next_loss().has_value());
    BOOST_TEST(first->size == 1000u);
    BOOST_TEST(first->tx_in_flight == 1000u);
    BOOST_TEST(first->lost == 1000u);
    BOOST_TEST(second->tx_in_flight == 2000u);
    BOOST_TEST(second->lost == 2000u);
    BOOST_TEST(third->lost == 3000u);
    BOOST_TEST(first->begins_range);
    BOOST_TEST(!second->begins_range);
    BOOST_TEST(third->begins_range);
    BOOST_TEST(ack(5, start + 100ms).lost == 3000u);
}

BOOST_FIXTURE_TEST_CASE(a_loss_is_counted_from_the_last_transmission_on, measured) {
    send(2, start);
    lose(0);
    resend(0, start + 100ms);
    lose(0);
    rate().next_loss();
    const auto again = rate().next_loss();
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(again->lost == 1000u);
    BOOST_TEST(again->tx_in_flight == 2000u);
}

BOOST_FIXTURE_TEST_CASE(losses_that_were_none_of_the_network_are_forgotten, measured) {
    send(3, start);
    lose(0);
    lose(1);
    rate().forget_losses();
    BOOST_TEST(!rate().next_loss().has_value());
    BOOST_TEST(ack(3, start + 100ms).lost == 0u);
}

BOOST_FIXTURE_TEST_CASE(halves_of_a_segment_are_measured_as_it_was, measured) {
    send(2, start);
    flight.split(0, 400);
    rate().begin_ack(start + 100ms);
    flight.mark_sacked(1);
    const auto s = rate().finish(no_min);
    BOOST_TEST(s.newly_acked == 600u);
    BOOST_TEST(s.tx_in_flight == 1000u);
    BOOST_TEST(ack(2, start + 101ms).newly_acked == 1400u);
}

BOOST_FIXTURE_TEST_CASE(a_probe_that_is_taken_back_leaves_nothing, measured) {
    send(1, start);
    flight.take_back_last();
    next -= mss;
    send(1, start + 10ms);
    BOOST_TEST((ack(1, start + 110ms).interval == 100ms));
    flight.clear();
    send(1, start + 200ms);
    BOOST_TEST(ack(2, start + 300ms).newly_acked == 1000u);
}

// What the peer says it has and then has not (RFC 2018 §8) is not counted a second time, unless it was sent
// a second time.
BOOST_FIXTURE_TEST_CASE(a_report_that_is_taken_back_counts_once, measured) {
    send(2, start);
    sack(1, start + 100ms);
    flight.forget_sacked();
    BOOST_TEST(ack(2, start + 200ms).newly_acked == 1000u);
    BOOST_TEST(rate().delivered() == 2000u);
}

BOOST_AUTO_TEST_CASE(measuring_may_begin_and_end_with_data_in_flight) {
    measured m;
    m.flight.measure(false, start);
    BOOST_TEST(!m.flight.rate());
    m.send(3, start);
    m.flight.mark_sacked(1);
    m.flight.measure(true, start + 10ms);
    const auto s = m.ack(3, start + 110ms);
    BOOST_TEST(s.valid);
    BOOST_TEST(s.newly_acked == 2000u);
    m.flight.measure(false, start);
    m.send(1, start + 120ms);
    BOOST_TEST(m.flight.acknowledge(seq(4000), start + 220ms).bytes == 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
