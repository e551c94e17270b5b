#include "tcp/host/responder.hh"

#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using tcp::flags;
using tcp::seq;

namespace {

// RFC 9293 §3.10.7.1: the answer to `o` at a port that nobody listens on.
tcp::segment answer_to(tcp::outgoing&& o) {
    raw_fixture f;
    f.peer.send(std::move(o), 5000, 81);
    auto answers = f.exchange();
    BOOST_REQUIRE(answers.size() == 1u);
    BOOST_TEST(answers[0].from_port == 81u);
    BOOST_TEST(answers[0].to_port == 5000u);
    BOOST_TEST(f.counters().resets_out == 1u);
    return std::move(answers[0].segment);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

BOOST_AUTO_TEST_CASE(what_acknowledges_is_reset_at_the_number_that_it_acknowledges) {
    const tcp::segment s = answer_to(bare(flags::ack | flags::psh, 1000, 4242, "text"));
    BOOST_TEST((s.flags == flags(flags::rst)));
    BOOST_TEST((s.seq == seq(4242)));
}

BOOST_AUTO_TEST_CASE(what_does_not_is_reset_at_zero_with_its_end_acknowledged) {
    tcp::segment s = answer_to(bare(flags::syn, 0xffffffff));
    BOOST_TEST((s.flags == (flags::rst | flags::ack)));
    BOOST_TEST((s.seq == seq(0)));
    BOOST_TEST((s.ack == seq(0)));
    s = answer_to(bare(flags::fin, 1000, 0, "text"));
    BOOST_TEST((s.ack == seq(1005)));
}

BOOST_AUTO_TEST_CASE(a_reset_is_not_answered) {
    raw_fixture f;
    f.peer.send(bare(flags::rst, 1000), 5000, 81);
    f.peer.send(bare(flags::rst | flags::ack, 1000, 5), 5000, 81);
    BOOST_TEST(f.exchange().empty());
    BOOST_TEST(f.counters().unknown_flow == 2u);
}

BOOST_AUTO_TEST_CASE(resets_are_limited_and_the_limit_begins_anew_each_second) {
    tcp::native_settings settings;
    settings.resets_per_second = 10;
    raw_fixture f(settings);
    for (uint64_t seconds = 1; seconds <= 3; ++seconds) {
        for (uint16_t i = 0; i < 30; ++i) f.peer.send(bare(flags::ack, 1, 2), uint16_t(5000 + i), 81);
        const size_t resets = f.exchange().size();
        BOOST_TEST(resets >= 5u);  // from half to three halves: see rate_limit
        BOOST_TEST(resets <= 15u);
        BOOST_TEST(f.counters().resets_out + f.counters().reset_limited == 30 * seconds);
        f.world.run_for(1s);
    }
}

BOOST_AUTO_TEST_CASE(challenges_are_limited) {
    tcp::native_settings settings;
    settings.tcp.challenge_acks_per_second = 10;
    raw_fixture f(settings);
    net::listener l = f.listen({.port = 80});
    f.begin(5000, 1, 80);
    for (int i = 0; i < 30; ++i) f.peer.send(bare(flags::ack, 900, 1), 5000, 80);  // before the window
    const size_t challenges = f.exchange().size();
    BOOST_TEST(challenges >= 5u);
    BOOST_TEST(challenges <= 15u);
    f.host.run([&](net::network&) { l = {}; });
}

BOOST_AUTO_TEST_SUITE_END()
