#include "tcp/host/listening.hh"

#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using tcp::flags;

namespace {

constexpr uint16_t port = 80;

using accepted = std::optional<net::stream>;

size_t accept_all_ready(raw_fixture& f, net::listener& l) {
    return f.host.run([&](net::network&) {
        for (size_t n = 0;; ++n) {
            future<accepted> next = l.accept();
            if (!next.available()) return n;
            next.get()->abort();
        }
    });
}

void drop(raw_fixture& f, net::listener& l) {
    f.host.run([&](net::network&) { l = {}; });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

BOOST_AUTO_TEST_CASE(a_burst_of_last_acks_fills_the_backlog_and_no_more) {
    raw_fixture f;
    net::listener l = f.listen({.port = port, .backlog = 2});
    const auto iss = f.begin(5000, 8, port);
    f.complete(5000, iss, port);
    BOOST_TEST(f.counters().passive_opens == 2u);
    BOOST_TEST(f.counters().accept_queue_full == 6u);
    BOOST_TEST(f.usage().half_open == 6u);
    BOOST_TEST(accept_all_ready(f, l) == 2u);
    drop(f, l);
}

BOOST_AUTO_TEST_CASE(who_was_turned_away_gets_in_once_there_is_room) {
    raw_fixture f;
    net::listener l = f.listen({.port = port, .backlog = 1});
    const auto iss = f.begin(5000, 2, port);
    f.complete(5000, iss, port);
    BOOST_TEST(accept_all_ready(f, l) == 1u);
    f.complete(5000, iss, port);
    BOOST_TEST(f.counters().passive_opens == 2u);
    drop(f, l);
}

// By setting: the peer learns at once, instead of waiting for an answer to what it sends.
BOOST_AUTO_TEST_CASE(who_is_turned_away_may_be_reset) {
    tcp::native_settings settings;
    settings.reset_on_full_backlog = true;
    raw_fixture f(settings);
    net::listener l = f.listen({.port = port, .backlog = 1});
    const auto iss = f.begin(5000, 3, port);
    const auto answers = f.complete(5000, iss, port);
    BOOST_TEST_REQUIRE(answers.size() == 2u);
    for (const auto& r : answers) {
        BOOST_TEST((r.segment.flags == flags::rst));
        BOOST_TEST(r.segment.seq.value() == iss[r.to_port - 5000u] + 1);  // RFC 9293 §3.10.7.1
    }
    BOOST_TEST(f.counters().accept_queue_full == 2u);
    BOOST_TEST(f.counters().backlog_resets == 2u);
    BOOST_TEST(f.usage().half_open == 0u);
    BOOST_TEST(accept_all_ready(f, l) == 1u);
    drop(f, l);
}

// RFC 9293 §3.8.1: without the setting both ends repeat themselves, and get through when there is room.
BOOST_AUTO_TEST_CASE(who_is_dropped_is_asked_again_by_our_syn_ack) {
    raw_fixture f;
    net::listener l = f.listen({.port = port, .backlog = 1});
    const auto iss = f.begin(5000, 2, port);
    BOOST_TEST(f.complete(5000, iss, port).empty());
    BOOST_TEST(accept_all_ready(f, l) == 1u);
    f.world.run_for(1s);
    const auto again = f.peer.receive();
    size_t asked = 0;
    for (const auto& r : again) asked += r.to_port == 5001 && r.segment.flags.has(flags::syn);
    BOOST_TEST(asked == 1u);
    f.complete(5001, {iss[1]}, port);
    BOOST_TEST(f.counters().passive_opens == 2u);
    drop(f, l);
}

BOOST_AUTO_TEST_CASE(a_full_backlog_begins_no_handshake) {
    raw_fixture f;
    net::listener l = f.listen({.port = port, .backlog = 1});
    f.complete(5000, f.begin(5000, 1, port), port);
    f.peer.send(bare(flags::syn, 1000), 6000, port);
    BOOST_TEST(f.exchange().empty());
    BOOST_TEST(f.counters().accept_queue_full == 1u);
    drop(f, l);
}

BOOST_AUTO_TEST_CASE(who_waits_is_handed_the_connection_and_the_backlog_stays_empty) {
    raw_fixture f;
    net::listener l = f.listen({.port = port, .backlog = 1});
    std::optional<future<accepted>> waiting(f.host.run([&](net::network&) { return l.accept(); }));
    f.complete(5000, f.begin(5000, 2, port), port);
    BOOST_TEST(f.counters().passive_opens == 2u);
    BOOST_TEST_REQUIRE(waiting->available());
    f.host.run([&](net::network&) { BOOST_TEST(waiting->get()->remote().port == 5000u); });
    BOOST_TEST(accept_all_ready(f, l) == 1u);
    drop(f, l);
}

BOOST_AUTO_TEST_CASE(closing_resets_who_was_not_accepted_and_answers_who_waits_with_nothing) {
    raw_fixture f;
    net::listener l = f.listen({.port = port});
    f.complete(5000, f.begin(5000, 1, port), port);
    f.host.run([&](net::network&) { l.close(); });
    const auto answers = f.exchange();
    BOOST_TEST_REQUIRE(answers.size() == 1u);
    BOOST_TEST(answers[0].segment.flags.has(flags::rst));
    f.host.run([&](net::network&) { BOOST_TEST(!l.accept().get()); });
    net::listener other = f.listen({.port = port});
    std::optional<future<accepted>> waiting(f.host.run([&](net::network&) { return other.accept(); }));
    f.host.run([&](net::network&) { other.close(); });
    BOOST_TEST_REQUIRE(waiting->available());
    f.host.run([&](net::network&) { BOOST_TEST(!waiting->get()); });
}

// RFC 4987 §3: a SYN-ACK without answer goes out again at doubling distances, and not for ever.
BOOST_AUTO_TEST_CASE(syn_acks_repeat_at_doubling_distances_however_many_are_asked_for) {
    tcp::native_settings settings;
    settings.tcp.syn_retries = 255;
    raw_fixture f(settings);
    net::listener l = f.listen({.port = port});
    const time_point start = f.world.now();
    f.begin(5000, 1, port);
    int sent = 1;
    for (int second = 0; second < 600; ++second) {
        f.world.run_for(1s);
        sent += int(f.peer.receive().size());
        if (f.usage().half_open == 0) break;
    }
    BOOST_TEST(sent == 8);
    BOOST_TEST((f.world.now() - start <= 257s));
    BOOST_TEST(f.counters().half_open_expired == 1u);
    drop(f, l);
}

BOOST_AUTO_TEST_SUITE_END()
