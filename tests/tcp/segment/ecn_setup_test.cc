#include "tcp/segment/ecn_setup.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;

namespace {

constexpr flags of(uint8_t n) {
    return flags::of_ace(n);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(segment_room)

// RFC 3168 §6.1.1, RFC 9768 §3.1.1.
BOOST_AUTO_TEST_CASE(what_a_syn_asks_for) {
    BOOST_TEST((asking_for(ecn_feedback::none) == flags()));
    BOOST_TEST((asking_for(ecn_feedback::classic) == (flags::cwr | flags::ece)));
    BOOST_TEST((asking_for(ecn_feedback::accurate) == (flags::ae | flags::cwr | flags::ece)));
}

// RFC 9768 §3.1.2, third block of table 2; §3.1.3: all that we do not know is answered as 1,1,1 is.
BOOST_AUTO_TEST_CASE(what_a_peers_syn_asks_for) {
    for (uint8_t n = 0; n < 8; ++n) {
        const auto expected = n == 0   ? ecn_feedback::none
                              : n == 3 ? ecn_feedback::classic
                                       : ecn_feedback::accurate;
        BOOST_TEST((asked_by(flags::syn | of(n)) == expected));
    }
}

// RFC 9768 §3.1.2, table 2, and §3.1.3: every answer to 1,1,1.
BOOST_AUTO_TEST_CASE(what_the_answer_to_accurate_ecn_agrees_to) {
    using f = ecn_feedback;
    const f expected[] = {f::none,     f::classic,  f::accurate, f::accurate,
                          f::accurate, f::accurate, f::accurate, f::none};
    for (uint8_t n = 0; n < 8; ++n)
        BOOST_TEST((agreed_by(flags::syn | flags::ack | of(n), f::accurate) == expected[n]));
}

// RFC 3168 §6.1.1: ECE without CWR.
BOOST_AUTO_TEST_CASE(what_the_answer_to_classic_ecn_agrees_to) {
    for (uint8_t n = 0; n < 8; ++n) {
        const auto expected = (n & 3) == 1 ? ecn_feedback::classic : ecn_feedback::none;
        BOOST_TEST((agreed_by(of(n), ecn_feedback::classic) == expected));
        BOOST_TEST((agreed_by(of(n), ecn_feedback::none) == ecn_feedback::none));
    }
}

// RFC 9768 §3.2.2.1, table 3, and what an answer to it means: table 4; the same on a SYN-ACK: table 2.
BOOST_AUTO_TEST_CASE(a_mark_is_told_in_three_bits) {
    const std::pair<net::ecn, uint8_t> all[] = {{net::ecn::not_capable, 2},
                                                {net::ecn::ect1, 3},
                                                {net::ecn::ect0, 4},
                                                {net::ecn::congestion_experienced, 6}};
    for (const auto& [mark, n] : all) {
        BOOST_TEST((handshake_ace(mark) == of(n)));
        BOOST_TEST((handshake_mark(flags::ack | of(n)) == mark));
        BOOST_TEST((answering(ecn_feedback::accurate, mark) == of(n)));
        BOOST_TEST((answering(ecn_feedback::classic, mark) == flags(flags::ece)));
        BOOST_TEST((answering(ecn_feedback::none, mark) == flags()));
    }
    for (uint8_t n : {0, 1, 5, 7}) BOOST_TEST(!handshake_mark(of(n)));
}

// RFC 9768 §3.1.5.
BOOST_AUTO_TEST_CASE(syns_of_both_kinds_contradict_each_other) {
    BOOST_TEST(contradicts(of(3), ecn_feedback::accurate));
    BOOST_TEST(contradicts(of(7), ecn_feedback::classic));
    for (const auto f : {ecn_feedback::none, ecn_feedback::classic, ecn_feedback::accurate}) {
        BOOST_TEST(!contradicts(asking_for(f), f));
        BOOST_TEST(!contradicts(flags(), f));
        BOOST_TEST(!contradicts(asking_for(f), ecn_feedback::none));
    }
}

BOOST_AUTO_TEST_SUITE_END()
