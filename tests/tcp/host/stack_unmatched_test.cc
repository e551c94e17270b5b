// SYN cookies, from the SYN to the first data: RFC 4987 §3.6.
#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using tcp::flags;

namespace {

constexpr uint16_t port = 80;

tcp::native_settings with_cookies(tcp::cookie_policy policy = tcp::cookie_policy::always) {
    tcp::native_settings s;
    s.syn_cookies = policy;
    s.half_open = 4;
    return s;
}

tcp::outgoing full_syn() {
    tcp::outgoing o = bare(flags::syn, 1000);
    o.options.mss = 1400;
    o.options.window_scale = 8;
    o.options.sack_permitted = true;
    o.options.timestamps = tcp::timestamp_option{5000, 0};
    return o;
}

// Its answer, which must be one.
tcp::segment answer_to(raw_fixture& f, tcp::outgoing&& o, uint16_t from) {
    f.peer.send(std::move(o), from, port);
    auto all = f.exchange();
    BOOST_REQUIRE(all.size() == 1u);
    return std::move(all[0].segment);
}

tcp::outgoing ack_of(const tcp::segment& syn_ack, std::string_view text = {}) {
    tcp::outgoing o = bare(flags::ack, 1001, syn_ack.seq.value() + 1, text);
    if (syn_ack.options.timestamps)
        o.options.timestamps = tcp::timestamp_option{5001, syn_ack.options.timestamps->value};
    return o;
}

std::optional<net::stream> accept(raw_fixture& f, net::listener& l) {
    return f.host.run([&](net::network&) -> std::optional<net::stream> {
        future<std::optional<net::stream>> next = l.accept();
        if (!next.available()) return std::nullopt;
        return next.get();
    });
}

struct fixture : raw_fixture {
    explicit fixture(const tcp::native_settings& s = with_cookies()) : raw_fixture(s) {
        listener = listen({.port = port});
    }
    ~fixture() {
        host.run([&](net::network& n) {
            n.abort_connections();
            listener = {};
        });
    }
    std::optional<tcp::connection_info> info(uint16_t peer_port) {
        return host.network->connection({host.address, port}, {net::ipv4_address(10, 0, 0, 1), peer_port});
    }
    net::listener listener;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

// RFC 4987 §3.6.
BOOST_AUTO_TEST_CASE(the_ack_of_a_cookie_makes_a_connection_as_of_a_record) {
    fixture f;
    const tcp::segment syn_ack = answer_to(f, full_syn(), 5000);
    BOOST_TEST((syn_ack.flags == (flags::syn | flags::ack)));
    BOOST_TEST(syn_ack.options.window_scale.has_value());
    BOOST_TEST(syn_ack.options.sack_permitted);
    BOOST_TEST(f.usage().half_open == 0u);
    BOOST_TEST(f.counters().syn_cookies_sent == 1u);

    f.world.run_for(30ms);
    f.peer.send(ack_of(syn_ack, "hello"), 5000, port);
    const auto answers = f.exchange();
    BOOST_REQUIRE(answers.size() == 1u);
    BOOST_TEST(answers[0].segment.ack.value() == 1006u);
    BOOST_TEST(f.counters().syn_cookies_accepted == 1u);
    BOOST_TEST(f.counters().passive_opens == 1u);
    const auto info = f.info(5000);
    BOOST_REQUIRE(info);
    BOOST_TEST((info->state == tcp::connection_state::established));
    BOOST_TEST(info->window_scaling);
    BOOST_TEST(int(info->snd_scale) == 8);
    BOOST_TEST(info->sack);
    BOOST_TEST(info->timestamps);
    BOOST_TEST(info->smss == 1400u - 12);
    BOOST_TEST(info->snd_wnd == 60000u << 8);
    // When the SYN-ACK went out is known by its echo, to 64 ms.
    BOOST_TEST((info->srtt >= 30ms && info->srtt <= 95ms));
    auto s = accept(f, f.listener);
    BOOST_REQUIRE(s);
    f.host.run([&](net::network&) { BOOST_TEST(s->read().get().view() == "hello"); });
}

BOOST_AUTO_TEST_CASE(a_peer_without_timestamps_gets_the_mss_alone) {
    fixture f;
    tcp::outgoing syn = full_syn();
    syn.options.timestamps.reset();
    const tcp::segment syn_ack = answer_to(f, std::move(syn), 5000);
    BOOST_TEST(!syn_ack.options.window_scale);
    BOOST_TEST(!syn_ack.options.sack_permitted);
    f.peer.send(ack_of(syn_ack), 5000, port);
    f.exchange();
    const auto info = f.info(5000);
    BOOST_REQUIRE(info);
    BOOST_TEST(info->smss == 1400u);
    BOOST_TEST(!info->window_scaling);
    BOOST_TEST(info->snd_wnd == 60000u);
    BOOST_TEST((info->srtt == duration::zero()));
    BOOST_TEST((info->rto == 1s));  // RFC 6298 §2.1: nothing was measured, and nothing was lost
    BOOST_TEST(info->cwnd == 10u * 1400);
}

// The first ACK may be lost: what comes next acknowledges the cookie as well.
BOOST_AUTO_TEST_CASE(data_after_a_lost_ack_completes_the_handshake) {
    fixture f;
    const tcp::segment syn_ack = answer_to(f, full_syn(), 5000);
    f.world.run_for(1s);
    f.peer.send(ack_of(syn_ack, "late"), 5000, port);
    f.exchange();
    BOOST_TEST(f.counters().syn_cookies_accepted == 1u);
}

// RFC 9293 §3.10.7.2: an ACK that belongs to nothing is answered by RST.
BOOST_AUTO_TEST_CASE(a_wrong_cookie_is_reset_and_counted) {
    fixture f;
    const tcp::segment syn_ack = answer_to(f, full_syn(), 5000);
    tcp::outgoing wrong = ack_of(syn_ack);
    wrong.ack = wrong.ack + 1;
    const tcp::segment answer = answer_to(f, std::move(wrong), 5000);
    BOOST_TEST(answer.flags.has(flags::rst));
    BOOST_TEST((answer.seq == syn_ack.seq + 2));
    BOOST_TEST(f.counters().syn_cookies_failed == 1u);
    BOOST_TEST(f.counters().syn_cookies_accepted == 0u);
    BOOST_TEST(f.usage().connections == 0u);
}

BOOST_AUTO_TEST_CASE(a_cookie_is_not_believed_two_minutes_later) {
    fixture f;
    const tcp::segment syn_ack = answer_to(f, full_syn(), 5000);
    f.world.run_for(121s);
    BOOST_TEST(answer_to(f, ack_of(syn_ack), 5000).flags.has(flags::rst));
    BOOST_TEST(f.counters().syn_cookies_failed == 0u);  // none was sent lately: nothing was looked at
}

BOOST_AUTO_TEST_CASE(cookies_are_sent_while_there_is_no_room_for_records_and_no_longer) {
    fixture f(with_cookies(tcp::cookie_policy::when_full));
    const auto iss = f.begin(5000, 6, port);
    BOOST_TEST(f.usage().half_open == 4u);
    BOOST_TEST(f.counters().syn_cookies_sent == 2u);
    BOOST_TEST(f.counters().half_open_evicted == 0u);
    f.complete(5000, iss, port);
    BOOST_TEST(f.counters().passive_opens == 6u);
    BOOST_TEST(f.counters().syn_cookies_accepted == 2u);
    f.begin(6000, 1, port);
    BOOST_TEST(f.counters().syn_cookies_sent == 2u);
}

// RFC 4987 §3.4.
BOOST_AUTO_TEST_CASE(without_cookies_the_oldest_record_goes) {
    fixture f(with_cookies(tcp::cookie_policy::off));
    f.begin(5000, 6, port);
    BOOST_TEST(f.usage().half_open == 4u);
    BOOST_TEST(f.counters().half_open_evicted == 2u);
    BOOST_TEST(f.counters().syn_cookies_sent == 0u);
}

BOOST_AUTO_TEST_CASE(so_many_cookies_a_second_become_connections) {
    tcp::native_settings s = with_cookies();
    s.syn_cookie_connections_per_second = 3;
    fixture f(s);
    const auto iss = f.begin(5000, 5, port);
    f.complete(5000, iss, port);
    BOOST_TEST(f.counters().syn_cookies_accepted == 3u);
    BOOST_TEST(f.counters().syn_cookies_limited == 2u);
    f.world.run_for(1s);
    f.complete(5003, {iss[3], iss[4]}, port);  // they send again
    BOOST_TEST(f.counters().syn_cookies_accepted == 5u);
}

BOOST_AUTO_TEST_CASE(a_full_backlog_turns_cookies_away_as_it_does_records) {
    fixture f;
    f.host.run([&](net::network&) { f.listener.close(); });
    f.listener = f.listen({.port = port, .backlog = 1});
    const auto iss = f.begin(5000, 2, port);
    f.complete(5000, iss, port);
    BOOST_TEST(f.counters().passive_opens == 1u);
    BOOST_TEST(f.counters().accept_queue_full == 1u);
    BOOST_TEST(accept(f, f.listener).has_value());
    f.complete(5001, {iss[1]}, port);
    BOOST_TEST(f.counters().passive_opens == 2u);
}

// RFC 9768 §5.1.
BOOST_FIXTURE_TEST_CASE(the_ack_of_a_cookie_brings_accurate_ecn_back, fixture) {
    tcp::outgoing syn = full_syn();
    syn.flags |= tcp::ecn_bits;
    const tcp::segment answer = answer_to(*this, std::move(syn), 5000);
    BOOST_TEST((answer.flags == (flags::syn | flags::ack | flags::cwr)));
    BOOST_TEST((answer.options.mark_counts == tcp::first_mark_counts));
    tcp::outgoing ack = ack_of(answer);
    ack.flags |= flags::of_ace(2);
    peer.send(std::move(ack), 5000, port);
    exchange();
    tcp::outgoing text = ack_of(answer, "x");
    text.flags |= flags::of_ace(5);
    const tcp::segment told = answer_to(*this, std::move(text), 5000);
    BOOST_TEST((told.flags == (flags::ack | flags::of_ace(5))));
    peer.send(bare(flags::rst, 1002), 5000, port);
    exchange();
}

// RFC 9768 §3.1.5.
BOOST_AUTO_TEST_CASE(syns_that_ask_for_both_kinds_of_ecn_are_answered_by_a_reset) {
    fixture f(with_cookies(tcp::cookie_policy::off));
    answer_to(f, bare(flags::syn | tcp::ecn_bits, 1000), 5000);
    const tcp::segment reset = answer_to(f, bare(flags::syn | flags::ece | flags::cwr, 1000), 5000);
    BOOST_TEST((reset.flags == (flags::rst | flags::ack)));
    BOOST_TEST(f.usage().half_open == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
