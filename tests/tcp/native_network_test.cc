#include "tcp/native_network.hh"

#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::test;
using tcp::flags;

namespace {

struct quiet_host : raw_fixture {
    quiet_host()
        : raw_fixture([] {
              tcp::native_settings settings;
              settings.quiet_until_used = true;
              return settings;
          }()) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(native)

// Else who tries early would be refused by a service that is about to listen.
BOOST_FIXTURE_TEST_CASE(a_quiet_network_answers_nothing_until_it_listens, quiet_host) {
    peer.send(bare(flags::syn, 1000), 5000, 80);
    BOOST_TEST(exchange().empty());
    BOOST_TEST(counters().segments_in == 0u);
    net::listener l = listen({.port = 80});
    exchange();  // it announces itself
    peer.send(bare(flags::syn, 1000), 5000, 80);
    const auto answers = exchange();
    BOOST_TEST_REQUIRE(answers.size() == 1u);
    BOOST_TEST((answers[0].segment.flags == (flags::syn | flags::ack)));
    host.run([&](net::network&) { l = {}; });
}

BOOST_FIXTURE_TEST_CASE(a_quiet_network_may_be_started_without_a_listener, quiet_host) {
    host.run([](tcp::native_network& n) {
        n.start();
        n.start();
    });
    exchange();
    peer.send(bare(flags::syn, 1000), 5000, 80);
    const auto answers = exchange();
    BOOST_TEST_REQUIRE(answers.size() == 1u);
    BOOST_TEST(answers[0].segment.flags.has(flags::rst));
}

BOOST_FIXTURE_TEST_CASE(connecting_begins_to_receive, quiet_host) {
    auto connecting = host.run([](net::network& n) {
        return n.connect({net::ipv4_address(10, 0, 0, 1), 7});
    });
    const auto sent = exchange();
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    peer.send(bare(flags::rst | flags::ack, 0, sent[0].segment.seq.value() + 1), 7, sent[0].from_port);
    exchange();
    BOOST_TEST_REQUIRE(connecting.available());
    BOOST_TEST(connecting.failed());
    host.run([&](net::network&) { connecting.ignore_ready_future(); });
}

BOOST_FIXTURE_TEST_CASE(a_quiet_network_that_is_never_used_ends, quiet_host) {
    host.run([&](net::network&) { host.network.reset(); });
    BOOST_TEST(exchange().empty());
}

BOOST_AUTO_TEST_SUITE_END()
