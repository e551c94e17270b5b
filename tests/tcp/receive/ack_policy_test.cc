#include "tcp/receive/ack_policy.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace std::chrono_literals;

namespace {

const time_point start{1s};
constexpr duration delay = 40ms;

ack_policy after_quick_start() {
    ack_policy p(0);
    p.on_in_order(1000, false, start, delay);
    p.on_ack_sent();
    return p;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(receive)

BOOST_AUTO_TEST_CASE(nothing_is_owed_at_first) {
    ack_policy p;
    BOOST_TEST(!p.pending());
    BOOST_TEST((p.deadline() == never));
}

BOOST_AUTO_TEST_CASE(the_first_segments_are_acknowledged_at_once) {
    ack_policy p(3);
    for (int i = 0; i < 3; ++i) {
        p.on_in_order(10, false, start, delay);
        BOOST_TEST(p.due(start));
        p.on_ack_sent();
    }
    p.on_in_order(10, false, start, delay);
    BOOST_TEST(!p.due(start));
}

// RFC 9293 §3.8.6.3: an ACK is not delayed for long.
BOOST_AUTO_TEST_CASE(a_single_segment_waits_for_the_delay) {
    ack_policy p = after_quick_start();
    p.on_in_order(1000, false, start, delay);
    BOOST_TEST(p.pending());
    BOOST_TEST(!p.due(start + 39ms));
    BOOST_TEST((p.deadline() == start + 40ms));
    BOOST_TEST(p.due(start + 40ms));
}

// RFC 5681 §4.2: at least every second full-sized segment.
BOOST_AUTO_TEST_CASE(every_second_full_segment_is_acknowledged_at_once) {
    ack_policy p = after_quick_start();
    for (int i = 0; i < 3; ++i) {
        p.on_in_order(1000, false, start, delay);
        BOOST_TEST(!p.due(start));
        p.on_in_order(1000, false, start, delay);
        BOOST_TEST(p.due(start));
        p.on_ack_sent();
        BOOST_TEST(!p.pending());
    }
}

BOOST_AUTO_TEST_CASE(small_segments_wait_until_they_amount_to_two_full_ones) {
    ack_policy p = after_quick_start();
    for (int i = 0; i < 19; ++i) p.on_in_order(100, false, start + i * 1ms, delay);
    BOOST_TEST(!p.due(start + 19ms));
    BOOST_TEST((p.deadline() == start + 40ms));
    p.on_in_order(100, false, start + 19ms, delay);
    BOOST_TEST(p.due(start + 19ms));
}

// RFC 5681 §4.2: of several at once it says what it would say of each.
BOOST_AUTO_TEST_CASE(segments_that_come_together_count_as_many) {
    for (uint8_t quick = 0; quick < 5; ++quick)
        for (uint32_t segments = 1; segments < 5; ++segments)
            for (const uint32_t full : {100u, 536u, 1448u})
                for (const uint32_t last : {1u, full / 2, full})
                    for (const uint32_t before : {0u, 100u, 1448u}) {
                        ack_policy one(quick), together(quick);
                        const auto both = [&](auto&& f) {
                            f(one);
                            f(together);
                        };
                        if (before > 0)
                            both([&](ack_policy& p) { p.on_in_order(before, false, start, delay); });
                        for (uint32_t i = 1; i < segments; ++i)
                            one.on_in_order(full, false, start + 1ms, delay);
                        one.on_in_order(last, false, start + 1ms, delay);
                        // A segment alone is full by itself.
                        const uint32_t size = segments == 1 ? last : full;
                        together.on_in_order((segments - 1) * full + last, segments, size, false, start + 1ms,
                                             delay);
                        BOOST_TEST((one.deadline() == together.deadline()));
                        // And the same afterwards.
                        for (int i = 0; i < 6; ++i) {
                            both([&](ack_policy& p) {
                                if (p.due(start + 1ms)) p.on_ack_sent();
                                p.on_in_order(400, false, start + 2ms, delay);
                            });
                            BOOST_TEST((one.deadline() == together.deadline()));
                        }
                    }
}

BOOST_AUTO_TEST_CASE(what_is_urgent_is_due_at_once) {
    ack_policy p = after_quick_start();
    p.require_now();
    BOOST_TEST(p.due(start));
    p.on_ack_sent();
    BOOST_TEST(!p.pending());
}

// RFC 9293 §3.8.6.3: that ACKs are delayed must not be what the sender waits for.
BOOST_AUTO_TEST_CASE(what_was_pushed_is_acknowledged_at_once) {
    ack_policy p = after_quick_start();
    for (int i = 0; i < 3; ++i) {
        p.on_in_order(1000, true, start, delay);
        BOOST_TEST(p.due(start));
        p.on_ack_alone();
        p.on_ack_sent();
    }
}

BOOST_AUTO_TEST_CASE(where_there_are_answers_they_carry_the_ack) {
    ack_policy p = after_quick_start();
    p.on_data_sent(true);  // not asked for the first question, but it was the answer
    p.on_ack_sent();
    for (int i = 0; i < 3; ++i) {
        p.on_in_order(100, true, start, delay);
        BOOST_TEST(!p.due(start + 39ms));
        p.on_data_sent(true);
        p.on_ack_sent();
        p.on_data_sent(true);  // the rest of it
        p.on_ack_sent();
    }
    // One that does not come in time is not waited for again, until there is one.
    p.on_in_order(100, true, start, delay);
    BOOST_TEST(p.due(start + 40ms));
    p.on_ack_alone();
    p.on_ack_sent();
    p.on_in_order(100, true, start, delay);
    BOOST_TEST(p.due(start));
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_late_carries_no_ack) {
    ack_policy p = after_quick_start();
    for (int i = 0; i < 3; ++i) {
        p.on_in_order(100, true, start, delay);
        BOOST_TEST(p.due(start));
        p.on_ack_alone();
        p.on_ack_sent();
        p.on_data_sent(false);
        p.on_data_sent(true);  // the rest of it
        p.on_ack_sent();
    }
}

// Who only sends has answered nothing.
BOOST_AUTO_TEST_CASE(a_question_is_no_answer) {
    ack_policy p(0);
    p.on_data_sent(true);
    p.on_ack_sent();
    p.on_in_order(1000, true, start, delay);
    BOOST_TEST(p.due(start));
}

BOOST_AUTO_TEST_CASE(acks_are_quick_again_behind_a_silence) {
    ack_policy p = after_quick_start();
    p.on_silence(1);
    p.on_in_order(10, false, start, delay);
    BOOST_TEST(p.due(start));
    p.on_ack_alone();
    p.on_ack_sent();
    p.on_in_order(10, false, start, delay);
    BOOST_TEST(!p.due(start));
    // But not where pauses are those of somebody who asks and is answered.
    p.on_data_sent(true);
    p.on_ack_sent();
    p.on_silence(1);
    p.on_in_order(10, false, start, delay);
    BOOST_TEST(!p.due(start));
}

BOOST_AUTO_TEST_SUITE_END()
