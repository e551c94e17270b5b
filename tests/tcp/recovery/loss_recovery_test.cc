#include "tcp/recovery/loss_recovery.hh"

#include "tcp/send/in_flight.hh"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <ostream>
#include <random>
#include <string>

using namespace millrace;
using namespace millrace::tcp;

namespace millrace::tcp {

std::ostream& operator<<(std::ostream& out, loss_recovery::transition t) {
    switch (t) {
        case loss_recovery::transition::none:
            return out << "none";
        case loss_recovery::transition::entered:
            return out << "entered";
        case loss_recovery::transition::exited:
            return out << "exited";
        case loss_recovery::transition::repaired:
            return out << "repaired";
        case loss_recovery::transition::undone:
            return out << "undone";
    }
    return out;
}

}  // namespace millrace::tcp

namespace {

using transition = loss_recovery::transition;

constexpr uint32_t mss = 100;
const seq iss(0xffffff00);

// A sender of segments of one MSS, numbered from 0, and its peer's ACKs.
class sender {
 public:
    explicit sender(loss_detection how, uint32_t segments = 10) : recovery(iss, mss, how) { send(segments); }
    explicit sender(bool with_sack, uint32_t segments = 10)
        : sender(with_sack ? loss_detection::sack : loss_detection::duplicates, segments) {}

    static seq at(uint32_t segment) { return iss + 1 + segment * mss; }

    void send(uint32_t segments) {
        for (uint32_t i = 0; i < segments; ++i) flight.push(at(sent++), mss, time_point());
    }
    // Everything before `segment` is acknowledged; blocks are pairs of segment numbers.
    transition ack(uint32_t segment, std::initializer_list<std::pair<uint32_t, uint32_t>> sacked = {}) {
        sack_blocks blocks;
        for (auto [left, right] : sacked) blocks.push_back({at(left), at(right)});
        const auto acked = flight.acknowledge(at(segment), time_point());
        return recovery.on_ack({.una = at(segment),
                                .snd_nxt = at(sent),
                                .acked_bytes = acked.bytes,
                                .newly_arrived = acked.newly_arrived,
                                .is_duplicate = acked.bytes == 0},
                               blocks, flight, path);
    }
    void time_out(bool first = true) { recovery.on_timeout(at(sent), flight, path, time_point(), first); }
    // Sends again what is to be sent next; its number, or -1.
    int retransmit() {
        const auto i = recovery.next_retransmission(flight);
        if (!i) return -1;
        const int segment = (flight[*i].at - at(0)) / int(mss);
        flight.on_retransmit(*i, time_point());
        recovery.on_retransmit(flight[*i]);
        return segment;
    }
    uint32_t pipe() const { return recovery.pipe(flight) / mss; }

    in_flight flight;
    rtt path;
    loss_recovery recovery;
    uint32_t sent = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_AUTO_TEST_CASE(acks_in_order_change_nothing) {
    sender s(true);
    for (uint32_t i = 1; i <= 10; ++i) BOOST_TEST(s.ack(i) == transition::none);
    BOOST_TEST((s.recovery.state() == recovery_state::open));
    BOOST_TEST(s.pipe() == 0u);
    BOOST_TEST(s.retransmit() == -1);
}

// RFC 5681 §3.2, RFC 6582 §3.2 step 2.
BOOST_AUTO_TEST_CASE(the_third_duplicate_ack_starts_recovery) {
    sender s(false);
    BOOST_TEST(s.ack(0) == transition::none);
    BOOST_TEST(s.ack(0) == transition::none);
    BOOST_TEST(s.retransmit() == -1);
    BOOST_TEST(s.ack(0) == transition::entered);
    BOOST_TEST(s.recovery.retransmit_due());
    BOOST_TEST(s.retransmit() == 0);
    BOOST_TEST(!s.recovery.retransmit_due());
    BOOST_TEST(s.retransmit() == -1);
}

// RFC 3042.
BOOST_AUTO_TEST_CASE(the_first_two_duplicates_make_room_for_new_data) {
    sender s(false);
    s.ack(0);
    BOOST_TEST(s.pipe() == 9u);
    s.ack(0);
    BOOST_TEST(s.pipe() == 8u);
    s.ack(1);
    BOOST_TEST(s.pipe() == 9u);
}

// RFC 6582 §3.2 steps 2 and 4: the window inflates by what has left the network.
BOOST_AUTO_TEST_CASE(each_further_duplicate_takes_one_segment_off_the_pipe) {
    sender s(false);
    for (int i = 0; i < 3; ++i) s.ack(0);
    BOOST_TEST(s.pipe() == 6u);  // three arrived, one is lost
    s.retransmit();
    BOOST_TEST(s.pipe() == 7u);
    s.ack(0);
    s.ack(0);
    BOOST_TEST(s.pipe() == 5u);
}

// RFC 6582 §3.2 step 3, full acknowledgement.
BOOST_AUTO_TEST_CASE(an_ack_of_everything_ends_recovery) {
    sender s(false);
    for (int i = 0; i < 3; ++i) s.ack(0);
    s.retransmit();
    s.send(2);
    BOOST_TEST(s.ack(10) == transition::exited);
    BOOST_TEST((s.recovery.state() == recovery_state::open));
    BOOST_TEST(s.pipe() == 2u);
}

// RFC 6582 §3.2 step 3, partial acknowledgement.
BOOST_AUTO_TEST_CASE(a_partial_ack_sends_the_next_hole_again) {
    sender s(false);
    for (int i = 0; i < 8; ++i) s.ack(0);  // segments 0 and 5 are lost
    BOOST_TEST(s.retransmit() == 0);
    BOOST_TEST(s.ack(5) == transition::none);
    BOOST_TEST(s.recovery.in_fast_recovery());
    BOOST_TEST(s.recovery.retransmit_due());
    BOOST_TEST(s.retransmit() == 5);
    BOOST_TEST(s.pipe() == 1u);  // 6 to 9 have arrived: eight duplicates, four of them now acknowledged
    BOOST_TEST(s.ack(10) == transition::exited);
}

// RFC 6582 §3.2 step 2, §4.
BOOST_AUTO_TEST_CASE(duplicates_of_the_last_recovery_start_none) {
    sender s(false);
    s.time_out();
    s.retransmit();
    BOOST_TEST(s.ack(10) == transition::none);
    s.send(5);
    for (int i = 0; i < 5; ++i) BOOST_TEST(s.ack(10) == transition::none);
    BOOST_TEST(s.retransmit() == -1);
    s.ack(11);
    BOOST_TEST(s.ack(11) == transition::none);
    BOOST_TEST(s.ack(11) == transition::none);
    BOOST_TEST(s.ack(11) == transition::entered);
}

// RFC 6675 §5 steps 1 to 4.
BOOST_AUTO_TEST_CASE(with_sack_three_segments_arrived_behind_start_recovery) {
    sender s(true);
    BOOST_TEST(s.ack(0, {{1, 2}}) == transition::none);
    BOOST_TEST(s.ack(0, {{1, 3}}) == transition::none);
    BOOST_TEST(s.pipe() == 8u);  // limited transmit, RFC 3042
    BOOST_TEST(s.ack(0, {{1, 4}}) == transition::entered);
    BOOST_TEST(s.pipe() == 6u);
    BOOST_TEST(s.retransmit() == 0);
    BOOST_TEST(s.pipe() == 7u);
    BOOST_TEST(s.ack(10) == transition::exited);
}

BOOST_AUTO_TEST_CASE(with_sack_duplicates_without_blocks_say_nothing) {
    sender s(true);
    for (int i = 0; i < 10; ++i) BOOST_TEST(s.ack(0) == transition::none);
    BOOST_TEST(s.pipe() == 10u);
}

BOOST_AUTO_TEST_CASE(with_sack_one_ack_may_show_several_losses) {
    sender s(true);
    BOOST_TEST(s.ack(0, {{7, 10}, {1, 2}, {4, 5}}) == transition::entered);
    std::string order;
    for (int i; (i = s.retransmit()) >= 0;) order += std::to_string(i);
    BOOST_TEST(order == "02356");
    BOOST_TEST(s.pipe() == 5u);
}

BOOST_AUTO_TEST_CASE(with_sack_a_partial_ack_finds_the_hole_near_the_end) {
    sender s(true);
    s.ack(0, {{1, 8}, {9, 10}});
    BOOST_TEST(s.retransmit() == 0);
    BOOST_TEST(s.retransmit() == -1);
    BOOST_TEST(s.ack(8, {{9, 10}}) == transition::none);
    BOOST_TEST(s.retransmit() == 8);
    BOOST_TEST(s.ack(10) == transition::exited);
}

BOOST_AUTO_TEST_CASE(with_sack_loss_of_what_was_sent_during_recovery_is_another_loss) {
    sender s(true);
    BOOST_TEST(s.ack(0, {{1, 10}}) == transition::entered);
    s.retransmit();
    s.send(5);
    BOOST_TEST(s.ack(0, {{11, 15}, {1, 10}}) == transition::none);
    BOOST_TEST(s.ack(10, {{11, 15}}) == transition::entered);
    BOOST_TEST(s.retransmit() == 10);
    BOOST_TEST(s.ack(15) == transition::exited);
}

// RFC 4821 §7.6.2: as long as nothing is lost besides.
BOOST_AUTO_TEST_CASE(what_tells_of_no_congestion_starts_no_recovery_later) {
    sender s(loss_detection::rack);
    const auto overdue = [&] { return s.recovery.on_reorder_timeout(s.at(s.sent), s.flight, time_point()); };
    BOOST_TEST(s.ack(0, {{1, 4}}) == transition::entered);
    s.recovery.forgo();
    BOOST_TEST(s.ack(0, {{1, 5}}) == transition::none);
    BOOST_TEST(overdue() == transition::none);
    BOOST_TEST(s.ack(0, {{6, 10}, {1, 5}}) == transition::entered);
}

// RFC 5681 §3.1, RFC 6675 §5.1.
BOOST_AUTO_TEST_CASE(after_a_timeout_all_that_did_not_arrive_is_sent_again) {
    sender s(true, 6);
    s.ack(0, {{2, 3}});
    s.time_out();
    BOOST_TEST((s.recovery.state() == recovery_state::timed_out));
    BOOST_TEST(!s.recovery.in_fast_recovery());
    BOOST_TEST(s.pipe() == 0u);
    BOOST_TEST(s.retransmit() == 0);
    BOOST_TEST(s.pipe() == 1u);
    BOOST_TEST(s.ack(1, {{2, 3}}) == transition::none);
    BOOST_TEST(s.retransmit() == 1);
    BOOST_TEST(s.retransmit() == 3);
    BOOST_TEST(s.ack(6) == transition::none);
    BOOST_TEST((s.recovery.state() == recovery_state::open));
}

BOOST_AUTO_TEST_CASE(late_sacks_after_a_timeout_do_not_lose_a_retransmission_again) {
    sender s(true);
    s.time_out(false);
    BOOST_TEST(s.retransmit() == 0);
    s.ack(0, {{1, 9}});
    BOOST_TEST(s.retransmit() == 9);
    BOOST_TEST(s.retransmit() == -1);
}

// RFC 2018 §8.
BOOST_AUTO_TEST_CASE(a_timeout_of_the_first_segment_distrusts_its_sack) {
    sender s(true, 5);
    s.ack(0, {{1, 3}});
    s.ack(1, {});  // the peer has dropped 1 and 2 again
    s.time_out();
    BOOST_TEST(s.retransmit() == 1);
    BOOST_TEST(s.retransmit() == 2);
}

BOOST_AUTO_TEST_CASE(a_timeout_with_nothing_in_flight_is_no_event) {
    sender s(true, 0);
    s.time_out();
    BOOST_TEST((s.recovery.state() == recovery_state::open));
}

// An unlimited transfer does not confuse numbers with those of 2^31 bytes ago.
BOOST_AUTO_TEST_CASE(loss_is_seen_after_gigabytes_without_any) {
    for (bool with_sack : {false, true}) {
        in_flight flight;
        const rtt path;
        loss_recovery r(iss, mss, with_sack ? loss_detection::sack : loss_detection::duplicates);
        seq una = iss + 1;
        for (int i = 0; i < 5; ++i) {
            const uint32_t step = 0x3fffffff;
            flight.push(una, step, time_point());
            flight.acknowledge(una + step, time_point());
            una += step;
            r.on_ack({.una = una, .snd_nxt = una, .acked_bytes = step}, {}, flight, path);
        }
        for (uint32_t i = 0; i < 5; ++i) flight.push(una + i * mss, mss, time_point());
        auto seen = transition::none;
        for (uint32_t i = 2; i <= 4; ++i) {
            sack_blocks blocks;
            if (with_sack) blocks.push_back({una + mss, una + i * mss});
            seen =
                r.on_ack({.una = una, .snd_nxt = una + 5 * mss, .is_duplicate = true}, blocks, flight, path);
        }
        BOOST_TEST(seen == transition::entered);
        BOOST_TEST(r.next_retransmission(flight).value() == 0u);
    }
}

// Whatever a peer says, the counts stay true and a loss is found where one is marked.
BOOST_AUTO_TEST_CASE(a_lying_peer_breaks_no_invariant) {
    for (uint32_t run = 0; run < 400; ++run) {
        std::mt19937 random(run);
        sender s(run % 2, 1 + random() % 20);
        uint32_t una = 0;
        for (int step = 0; step < 300; ++step) {
            auto segment = [&] { return una + random() % (s.sent - una + 3); };
            switch (random() % 8) {
                case 0:
                    if (s.flight.size() < 200) s.send(random() % 10);
                    break;
                case 1:
                    s.time_out();
                    break;
                case 2:
                case 3:
                    while (s.retransmit() >= 0 && random() % 4) {
                    }
                    break;
                case 4:
                    una += random() % (s.sent - una + 1);
                    s.ack(una, {{segment(), segment()}});
                    break;
                default:
                    s.ack(una, {{segment(), segment()}, {segment(), segment()}, {segment(), segment()}});
                    break;
            }
            uint32_t sacked = 0, lost = 0;
            for (size_t i = 0; i < s.flight.size(); ++i) {
                BOOST_TEST_REQUIRE(!(s.flight[i].sacked && s.flight[i].lost));
                sacked += s.flight[i].sacked ? mss : 0;
                lost += s.flight[i].lost ? mss : 0;
            }
            BOOST_TEST_REQUIRE(s.flight.sacked_bytes() == sacked);
            BOOST_TEST_REQUIRE(s.flight.lost_bytes() == lost);
            BOOST_TEST_REQUIRE(s.recovery.pipe(s.flight) <= s.flight.bytes() - sacked - lost);
            BOOST_TEST_REQUIRE(s.recovery.next_retransmission(s.flight).has_value() == (lost > 0));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
