#include "tcp/listen/half_open.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;

namespace {

const four_tuple flow{.local = {net::ipv4_address(10, 0, 0, 1), 80},
                      .remote = {net::ipv4_address(10, 0, 0, 2), 5000}};

segment bare(flags f, uint32_t sequence, uint32_t ack = 0) {
    segment s;
    s.flags = f;
    s.seq = seq(sequence);
    s.ack = seq(ack);
    s.wnd = 1000;
    return s;
}

// A SYN of a peer that can do everything, with the number 100.
segment full_syn() {
    segment s = bare(flags::syn, 100);
    s.options.mss = 1400;
    s.options.window_scale = 20;  // more than RFC 7323 allows
    s.options.sack_permitted = true;
    s.options.timestamps = timestamp_option{.value = 7000, .echo = 0};
    return s;
}

half_open record(const segment& syn = full_syn(), passive_offer offer = {}) {
    offer.window_scale = 8;
    return begin_half_open(flow, syn, seq(500), offer);
}

segment stamped(segment s) {
    s.options.timestamps = timestamp_option{.value = 7001, .echo = 0};
    return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(listen)

// RFC 9293 §3.10.7.2, third: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>.
BOOST_AUTO_TEST_CASE(a_syn_ack_offers_what_the_peer_offered) {
    const outgoing o = syn_ack(record(), 9);
    BOOST_TEST((o.flags == (flags::syn | flags::ack)));
    BOOST_TEST((o.seq == seq(500)));
    BOOST_TEST((o.ack == seq(101)));
    BOOST_TEST(o.wnd == 65535u);
    BOOST_TEST(*o.options.mss == 1460u);
    BOOST_TEST(int(*o.options.window_scale) == 8);
    BOOST_TEST(o.options.sack_permitted);
    BOOST_TEST(o.options.timestamps->value == 9u);
    BOOST_TEST(o.options.timestamps->echo == 7000u);
}

// RFC 7323 §1.3, RFC 2018 §2: only who was asked answers.
BOOST_AUTO_TEST_CASE(a_syn_ack_offers_nothing_that_the_peer_did_not) {
    const outgoing o = syn_ack(record(bare(flags::syn, 100)), 9);
    BOOST_TEST(!o.options.window_scale);
    BOOST_TEST(!o.options.sack_permitted);
    BOOST_TEST(!o.options.timestamps);
}

BOOST_AUTO_TEST_CASE(settings_can_refuse_what_the_peer_offers) {
    const half_open h = record(full_syn(), {.scale_windows = false, .timestamps = false, .sack = false});
    BOOST_TEST(!h.peer_window_scale);
    BOOST_TEST(!h.timestamps);
    BOOST_TEST(!h.sack);
}

BOOST_AUTO_TEST_CASE(the_peers_limits_are_remembered) {
    const half_open h = record();
    BOOST_TEST(h.peer_mss == 1400u);
    BOOST_TEST(h.peer_wnd == 1000u);
    BOOST_TEST(int(*h.peer_window_scale) == 14);  // RFC 7323 §2.3
    BOOST_TEST(record(bare(flags::syn, 100)).peer_mss == 536u);
}

BOOST_AUTO_TEST_CASE(the_right_ack_completes_the_handshake) {
    BOOST_TEST((judge(record(), stamped(bare(flags::ack, 101, 501))) == half_open_verdict::complete));
    BOOST_TEST(
        (judge(record(bare(flags::syn, 100)), bare(flags::ack, 101, 501)) == half_open_verdict::complete));
}

// RFC 7323 §3.2: once agreed on they are in every segment but a RST; the connection would drop it, too, and
// wait half-open without a record to count it.
BOOST_AUTO_TEST_CASE(an_ack_without_the_timestamps_agreed_on_is_dropped) {
    BOOST_TEST((judge(record(), bare(flags::ack, 101, 501)) == half_open_verdict::drop));
}

BOOST_AUTO_TEST_CASE(a_repeated_syn_is_answered_by_the_syn_ack_again) {
    BOOST_TEST((judge(record(), full_syn()) == half_open_verdict::repeat_syn_ack));
}

// RFC 5961 §4.2.
BOOST_AUTO_TEST_CASE(another_syn_is_challenged) {
    BOOST_TEST((judge(record(), bare(flags::syn, 200)) == half_open_verdict::challenge_ack));
    BOOST_TEST((judge(record(), bare(flags::syn, 4000000)) == half_open_verdict::challenge_ack));
    const outgoing o = challenge_ack(record(), 9);
    BOOST_TEST((o.seq == seq(501)));
    BOOST_TEST((o.ack == seq(101)));
}

// RFC 5961 §3.2.
BOOST_AUTO_TEST_CASE(only_a_reset_with_the_exact_number_ends_it) {
    BOOST_TEST((judge(record(), bare(flags::rst, 101)) == half_open_verdict::forget));
    BOOST_TEST((judge(record(), bare(flags::rst, 102)) == half_open_verdict::challenge_ack));
    BOOST_TEST((judge(record(), bare(flags::rst, 101 + 65535)) == half_open_verdict::drop));
    BOOST_TEST((judge(record(), bare(flags::rst, 100 + 70000)) == half_open_verdict::drop));
}

// RFC 9293 §3.10.7.4, fifth: "form a reset segment".
BOOST_AUTO_TEST_CASE(an_ack_of_what_was_never_sent_resets_the_peer) {
    BOOST_TEST((judge(record(), stamped(bare(flags::ack, 101, 500))) == half_open_verdict::reset_peer));
    BOOST_TEST((judge(record(), stamped(bare(flags::ack, 101, 502))) == half_open_verdict::reset_peer));
}

BOOST_AUTO_TEST_CASE(an_ack_outside_of_the_window_is_no_completion) {
    BOOST_TEST((judge(record(), bare(flags::ack, 101 + 65536, 501)) == half_open_verdict::challenge_ack));
    BOOST_TEST((judge(record(), bare(flags::ack, 99, 501)) == half_open_verdict::challenge_ack));
}

// RFC 7323 §5.3 R1.
BOOST_AUTO_TEST_CASE(an_ack_with_an_old_timestamp_is_no_completion) {
    segment s = bare(flags::ack, 101, 501);
    s.options.timestamps = timestamp_option{.value = 6999, .echo = 0};
    BOOST_TEST((judge(record(), s) == half_open_verdict::challenge_ack));
    s.options.timestamps->value = 7000;
    BOOST_TEST((judge(record(), s) == half_open_verdict::complete));
}

BOOST_AUTO_TEST_CASE(a_segment_without_ack_is_dropped) {
    BOOST_TEST((judge(record(), bare(flags::psh, 101)) == half_open_verdict::drop));
}

// RFC 3168 §6.1.1: an ECN-setup SYN has both flags, the SYN-ACK that agrees ECE alone.
BOOST_AUTO_TEST_CASE(ecn_is_agreed_on_when_asked_for) {
    const auto syn_with = [](flags f) {
        segment s = full_syn();
        s.flags |= f;
        return s;
    };
    const half_open h = record(syn_with(flags::ece | flags::cwr));
    BOOST_TEST((h.ecn == ecn_feedback::classic));
    BOOST_TEST(may_be_marked(h));
    BOOST_TEST((syn_ack(h, 9).flags == (flags::syn | flags::ack | flags::ece)));
    BOOST_TEST((record().ecn == ecn_feedback::none));
    BOOST_TEST((syn_ack(record(), 9).flags == (flags::syn | flags::ack)));
    for (flags f : {flags(), flags::ece | flags::cwr, ecn_bits}) {
        const half_open off = record(syn_with(f), {.ecn = false});
        BOOST_TEST((off.ecn == ecn_feedback::none));
        BOOST_TEST(!may_be_marked(off));
        BOOST_TEST((syn_ack(off, 9).flags == (flags::syn | flags::ack)));
    }
}

// RFC 9768 §3.1.1, §3.1.2, §3.1.3: to a SYN that asks for it, or for what we do not know, the SYN-ACK says
// with which mark it came, and brings the option (§3.2.3.2.1).
BOOST_AUTO_TEST_CASE(accurate_ecn_is_agreed_on_when_asked_for) {
    for (uint32_t asked = 1; asked < 8; ++asked) {
        if (asked == 3) continue;
        segment s = full_syn();
        s.flags |= flags::of_ace(asked);
        const std::pair<net::ecn, uint8_t> answers[] = {{net::ecn::not_capable, 2},
                                                        {net::ecn::ect1, 3},
                                                        {net::ecn::ect0, 4},
                                                        {net::ecn::congestion_experienced, 6}};
        for (const auto& [mark, answer] : answers) {
            s.congestion = mark;
            const half_open h = record(s);
            BOOST_TEST((h.ecn == ecn_feedback::accurate));
            BOOST_TEST(may_be_marked(h));
            const outgoing o = syn_ack(h, 9);
            BOOST_TEST((o.flags == (flags::syn | flags::ack | flags::of_ace(answer))));
            BOOST_TEST((o.options.mark_counts == first_mark_counts));
            BOOST_TEST((challenge_ack(h, 9).flags == (flags::ack | flags::of_ace(5))));
        }
    }
}

// RFC 9768 §3.2.3.2.2, §3.1.5: the second SYN-ACK comes without the option, the third as if we knew no ECN,
// and from then on nothing is sent that may be marked.
BOOST_AUTO_TEST_CASE(a_syn_ack_that_is_not_answered_says_less_each_time) {
    segment s = full_syn();
    s.flags |= ecn_bits;
    half_open h = record(s);
    for (uint8_t n = 1; n <= 4; ++n) {
        h.transmissions = n;
        const outgoing o = syn_ack(h, 9);
        BOOST_TEST(int(o.flags.ace()) == (n <= 2 ? 2 : 0));
        BOOST_TEST(o.options.mark_counts.has_value() == (n == 1));
        BOOST_TEST(may_be_marked(h) == (n <= 2));
    }
}

// RFC 9768 §3.1.5: the SYN-ACK is about the latest SYN; one that asks no more is answered all the same, but
// then nothing may be marked.
BOOST_AUTO_TEST_CASE(a_repeated_syn_does_not_change_accurate_ecn) {
    segment asking = full_syn();
    asking.flags |= ecn_bits;
    half_open h = record(asking);
    asking.congestion = net::ecn::congestion_experienced;
    BOOST_TEST((judge(h, asking) == half_open_verdict::repeat_syn_ack));
    repeat(h, asking);
    BOOST_TEST(int(syn_ack(h, 9).flags.ace()) == 6);
    BOOST_TEST(!syn_ack(h, 9).options.mark_counts);
    BOOST_TEST(may_be_marked(h));
    BOOST_TEST((judge(h, full_syn()) == half_open_verdict::repeat_syn_ack));
    repeat(h, full_syn());
    BOOST_TEST((h.ecn == ecn_feedback::accurate));
    BOOST_TEST(int(syn_ack(h, 9).flags.ace()) == 2);
    BOOST_TEST(!may_be_marked(h));
}

// RFC 9768 §3.1.5: nobody could know which of the two was heard.
BOOST_AUTO_TEST_CASE(syns_that_ask_for_both_kinds_end_the_handshake) {
    segment accurate = full_syn(), classic = full_syn();
    accurate.flags |= ecn_bits;
    classic.flags |= flags::ece | flags::cwr;
    BOOST_TEST((judge(record(accurate), classic) == half_open_verdict::reset_handshake));
    BOOST_TEST((judge(record(classic), accurate) == half_open_verdict::reset_handshake));
    BOOST_TEST((judge(record(), accurate) == half_open_verdict::repeat_syn_ack));
}

// RFC 3168 §6.1.1.1: the peer has given up on it.
BOOST_AUTO_TEST_CASE(a_repeated_syn_that_no_longer_asks_for_ecn_goes_without) {
    segment asking = full_syn();
    asking.flags |= flags::ece | flags::cwr;
    half_open h = record(asking);
    repeat(h, asking);
    BOOST_TEST(may_be_marked(h));
    const segment without = full_syn();
    for (const segment* again : {&without, static_cast<const segment*>(&asking)}) {
        repeat(h, *again);
        BOOST_TEST(!may_be_marked(h));
        BOOST_TEST((syn_ack(h, 9).flags == (flags::syn | flags::ack)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
