// Fast open between two hosts of ours, and against peers that a test plays: RFC 7413.
#include "core/background.hh"
#include "core/coroutine.hh"
#include "net/error.hh"
#include "tests/tcp/host/raw_fixture.hh"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using tcp::flags;

namespace {

constexpr uint16_t port = 80;

// What a client has seen: the first answer, and when.
struct visit {
    std::string answer;
    duration after{0};
    std::error_code error;
    bool done = false;
};

future<> ask(net::network& n, net::endpoint server, std::string question, visit& v) {
    reactor& here = reactor::current();
    const time_point began = here.now();
    try {
        net::stream s = co_await n.connect(server, {.local = {}, .settings = {}, .first_data = question});
        v.answer = (co_await s.read()).to_string();
        v.after = here.now() - began;
        co_await s.close();
    } catch (const std::system_error& e) {
        v.error = e.code();
    }
    v.done = true;
}

future<> answer(net::stream s) {
    try {
        while (buffer b = co_await s.read()) co_await s.write("re: " + b.to_string());
        co_await s.close();
    } catch (const std::system_error&) {
    }
}

future<> serve(net::listener& l) {
    while (auto s = co_await l.accept()) background(answer(std::move(*s)));
}

// A round trip of 10 ms.
struct fixture {
    explicit fixture(const tcp::native_settings& settings = {}, bool fast_open = true)
        : hosts(1, slow(), settings) {
        hosts.b.run([&](net::network& n) {
            listener = n.listen({.port = port, .fast_open = fast_open});
            background(serve(listener));
        });
    }
    ~fixture() {
        hosts.b.run([&](net::network&) { listener.close(); });
        hosts.world.run_for(10ms);
    }
    static net::wire_setup slow() {
        net::wire_setup s;
        s.a_to_b.delay = s.b_to_a.delay = 5ms;
        return s;
    }
    visit go(const std::string& question) {
        visit v;
        hosts.a.run([&](net::network& n) { background(ask(n, {hosts.b.address, port}, question, v)); });
        hosts.world.run_until([&] { return v.done; }, 10min);
        return v;
    }
    // How many bytes of a question of many 'q' come back, if nothing else is asked.
    long echoes_of(const std::string& question) {
        std::string all;
        bool done = false;
        const auto talk = [&](net::network& n) -> future<> {
            net::stream s = co_await n.connect({hosts.b.address, port},
                                               {.local = {}, .settings = {}, .first_data = question});
            co_await s.shutdown_write();
            while (buffer b = co_await s.read()) all += b.view();
            done = true;
        };
        hosts.a.run([&](net::network& n) { background(talk(n)); });
        hosts.world.run_until([&] { return done; }, 10s);
        return std::count(all.begin(), all.end(), 'q');
    }
    const tcp::stats& client() { return hosts.a.network->counters(); }
    const tcp::stats& server() { return hosts.b.network->counters(); }

    two_hosts hosts;
    net::listener listener;
};

// A client that a test plays.
struct played : raw_fixture {
    explicit played(const tcp::native_settings& settings = {}) : raw_fixture(settings) {
        listener = listen({.port = port, .fast_open = true});
    }
    ~played() {
        host.run([&](net::network& n) {
            n.abort_connections();
            listener = {};
        });
    }
    tcp::segment send(tcp::outgoing&& o, uint16_t from) {
        peer.send(std::move(o), from, port);
        auto all = exchange();
        BOOST_REQUIRE(!all.empty());
        return std::move(all[0].segment);
    }
    tcp::fast_open_cookie cookie() {
        tcp::outgoing o = bare(flags::syn, 1000);
        o.options.fast_open.emplace();
        const tcp::segment answer = send(std::move(o), 4000);
        BOOST_REQUIRE(answer.options.fast_open.has_value());
        return *answer.options.fast_open;
    }
    tcp::outgoing syn_with(const tcp::fast_open_cookie& c, std::string_view text) {
        tcp::outgoing o = bare(flags::syn, 1000, 0, text);
        o.options.fast_open = c;
        return o;
    }
    std::optional<net::stream> accept() {
        return host.run([&](net::network&) -> std::optional<net::stream> {
            auto next = listener.accept();
            if (!next.available()) return std::nullopt;
            return next.get();
        });
    }
    net::listener listener;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(host)

// RFC 7413 §3: the first connection asks for a cookie, the second saves a round trip.
BOOST_AUTO_TEST_CASE(the_second_connection_has_its_answer_after_one_round_trip) {
    fixture f;
    f.go("warm");  // ARP
    const visit second = f.go("hello");
    BOOST_TEST(second.answer == "re: hello");
    BOOST_TEST((second.after < 11ms));
    BOOST_TEST(f.client().fast_open_taken == 1u);
    BOOST_TEST(f.server().fast_open_accepted == 1u);
    BOOST_TEST(f.server().fast_open_granted == 1u);
    f.hosts.world.run_for(2min);
    BOOST_TEST(f.hosts.b.network->usage().connections == 0u);
}

// RFC 7413 §4.2.1: without a cookie the data waits for the handshake.
BOOST_AUTO_TEST_CASE(a_server_without_it_gets_the_data_after_the_handshake) {
    fixture f({}, false);
    f.go("warm");
    const visit second = f.go("hello");
    BOOST_TEST(second.answer == "re: hello");
    BOOST_TEST((second.after >= 20ms && second.after < 21ms));
    BOOST_TEST(f.client().fast_open_blocked == 1u);  // §4.1.3.1: it is not asked again for a while
    BOOST_TEST(f.client().fast_open_taken == 0u);
}

// RFC 7413 §4.2.2: what one segment does not hold goes behind.
BOOST_AUTO_TEST_CASE(more_than_a_segment_begins_in_the_syn) {
    fixture f;
    f.go("warm");
    BOOST_TEST(f.echoes_of(std::string(5000, 'q')) == 5000);
    BOOST_TEST(f.client().fast_open_taken == 1u);
}

// RFC 7413 §4.2.2: "when the SYN timer fires, the client SHOULD retransmit a SYN packet without data";
// §4.1.3.1: and leaves fast open alone on that path.
BOOST_AUTO_TEST_CASE(a_lost_syn_goes_out_again_without_data_and_the_path_is_blocked) {
    fixture f;
    f.go("warm");
    net::wire_options lossy = f.hosts.wire.options(net::wire_end::a);
    lossy.loss = 1;
    f.hosts.wire.impair(net::wire_end::a, lossy);
    visit v;
    f.hosts.a.run([&](net::network& n) { background(ask(n, {f.hosts.b.address, port}, "hello", v)); });
    f.hosts.world.run_for(500ms);
    f.hosts.wire.impair(net::wire_end::a, f.slow().a_to_b);
    f.hosts.world.run_until([&] { return v.done; }, 10s);
    BOOST_TEST(v.answer == "re: hello");
    BOOST_TEST(f.server().fast_open_accepted == 0u);
    BOOST_TEST(f.client().fast_open_blocked == 1u);
    f.go("again");
    BOOST_TEST(f.server().fast_open_accepted == 0u);
}

// RFC 7413 §4.2.2: the SYN-ACK of a connection in use is lost, the SYN comes again, and the data only once.
BOOST_AUTO_TEST_CASE(a_lost_syn_ack_costs_time_and_nothing_else) {
    fixture f;
    f.go("warm");
    net::wire_options lossy = f.hosts.wire.options(net::wire_end::b);
    lossy.loss = 1;
    f.hosts.wire.impair(net::wire_end::b, lossy);
    visit v;
    f.hosts.a.run([&](net::network& n) { background(ask(n, {f.hosts.b.address, port}, "hello", v)); });
    f.hosts.world.run_for(500ms);
    f.hosts.wire.impair(net::wire_end::b, f.slow().b_to_a);
    f.hosts.world.run_until([&] { return v.done; }, 10s);
    BOOST_TEST(v.answer == "re: hello");
    BOOST_TEST(f.server().fast_open_accepted == 1u);
    BOOST_TEST(f.server().accepted == 2u);
}

// As much as a write is taken of once the buffer has grown.
BOOST_AUTO_TEST_CASE(first_data_may_fill_the_largest_send_buffer) {
    tcp::native_settings settings;
    settings.tcp.send_buffer = 100'000;
    fixture f(settings);
    BOOST_TEST(f.echoes_of(std::string(100'000, 'q')) == 100'000);
    const visit more = f.go(std::string(100'001, 'q'));
    BOOST_TEST((more.error == net::errc::message_too_long));
}

BOOST_AUTO_TEST_CASE(more_first_data_than_a_write_takes_is_refused) {
    fixture f;
    const visit v = f.go(std::string(4'500'000, 'x'));  // the send buffer grows to 4 MiB
    BOOST_TEST((v.error == net::errc::message_too_long));
}

// RFC 7413 §4.2.2, server.
BOOST_AUTO_TEST_CASE(data_with_a_good_cookie_is_acknowledged_with_the_syn_and_can_be_read_at_once) {
    played f;
    const auto cookie = f.cookie();
    const tcp::segment syn_ack = f.send(f.syn_with(cookie, "question"), 5000);
    BOOST_TEST((syn_ack.flags == (flags::syn | flags::ack)));
    BOOST_TEST(syn_ack.ack.value() == 1009u);
    BOOST_TEST(!syn_ack.options.fast_open);
    auto s = f.accept();
    BOOST_REQUIRE(s);
    f.host.run([&](net::network&) {
        BOOST_TEST(s->read().get().view() == "question");
        s->write(std::string_view("answer")).get();
    });
    const auto data = f.exchange();
    BOOST_REQUIRE(data.size() == 1u);
    BOOST_TEST(data[0].segment.payload.view() == "answer");
    BOOST_TEST((data[0].segment.seq == syn_ack.seq + 1));
    f.peer.send(bare(flags::ack, 1009, syn_ack.seq.value() + 7), 5000, port);
    f.exchange();
    const auto info = f.host.network->connection({f.host.address, port}, s->remote());
    BOOST_REQUIRE(info);
    BOOST_TEST((info->state == tcp::connection_state::established));
    BOOST_TEST(info->in_flight == 0u);
}

// RFC 7413 §4.2.2: a bad cookie makes it an ordinary handshake, which offers a good one.
BOOST_AUTO_TEST_CASE(data_with_a_bad_cookie_is_not_taken) {
    played f;
    auto cookie = f.cookie();
    cookie.bytes[3] ^= 1;
    const tcp::segment syn_ack = f.send(f.syn_with(cookie, "question"), 5000);
    BOOST_TEST(syn_ack.ack.value() == 1001u);
    BOOST_REQUIRE(syn_ack.options.fast_open.has_value());
    BOOST_TEST(f.counters().fast_open_refused == 1u);
    BOOST_TEST(!f.accept());
    BOOST_TEST((*syn_ack.options.fast_open == f.cookie()));
}

// RFC 7413 §5.1: a flood with stolen cookies; what RSTs end still counts.
BOOST_AUTO_TEST_CASE(so_many_are_in_use_before_their_handshakes_are_done) {
    tcp::native_settings settings;
    settings.fast_open_pending = 2;
    played f(settings);
    const auto cookie = f.cookie();
    for (uint16_t i = 0; i < 2; ++i)
        BOOST_TEST(f.send(f.syn_with(cookie, "q"), uint16_t(5000 + i)).ack.value() == 1002u);
    BOOST_TEST(f.send(f.syn_with(cookie, "q"), 5002).ack.value() == 1001u);
    BOOST_TEST(f.counters().fast_open_limited == 1u);
    f.peer.send(bare(flags::rst, 1002), 5000, port);
    f.exchange();
    BOOST_TEST(f.send(f.syn_with(cookie, "q"), 5003).ack.value() == 1001u);
    f.world.run_for(61s);
    f.peer.receive();
    BOOST_TEST(f.send(f.syn_with(cookie, "q"), 5004).ack.value() == 1002u);
}

BOOST_AUTO_TEST_CASE(the_ack_of_the_syn_ack_makes_room_for_the_next) {
    tcp::native_settings settings;
    settings.fast_open_pending = 1;
    played f(settings);
    const auto cookie = f.cookie();
    for (uint16_t i = 0; i < 3; ++i) {
        const tcp::segment syn_ack = f.send(f.syn_with(cookie, "q"), uint16_t(5000 + i));
        BOOST_TEST(syn_ack.ack.value() == 1002u);
        f.peer.send(bare(flags::ack, 1002, syn_ack.seq.value() + 1), uint16_t(5000 + i), port);
        f.exchange();
    }
    BOOST_TEST(f.counters().fast_open_accepted == 3u);
}

// RFC 7413 §4.2.2: the SYN-ACK is repeated without option, and its acknowledgement need not be early.
BOOST_AUTO_TEST_CASE(the_syn_ack_of_one_in_use_is_repeated) {
    played f;
    const auto cookie = f.cookie();
    const tcp::segment first = f.send(f.syn_with(cookie, "q"), 5000);
    f.world.run_for(1100ms);
    size_t again = 0;
    for (const auto& r : f.peer.receive())
        again += r.to_port == 5000 && r.segment.flags.has(flags::syn) && r.segment.seq == first.seq &&
                 r.segment.ack == first.ack;
    BOOST_TEST(again == 1u);
    // The peer's SYN again asks for one more.
    const tcp::segment third = f.send(bare(flags::syn, 1000), 5000);
    BOOST_TEST((third.flags == (flags::syn | flags::ack)));
    BOOST_TEST((third.ack == first.ack));
}

// RFC 9768 §3.1.5: with which mark the last SYN came; one that asks for the other kind of ECN ends it.
BOOST_AUTO_TEST_CASE(the_syns_of_one_in_use_ask_for_one_kind_of_ecn) {
    played f;
    const auto cookie = f.cookie();
    tcp::outgoing syn = f.syn_with(cookie, "q");
    syn.flags |= tcp::ecn_bits;
    const tcp::segment first = f.send(std::move(syn), 5000);
    BOOST_TEST((first.flags == (flags::syn | flags::ack | flags::cwr)));
    BOOST_TEST(first.options.mark_counts.has_value());
    const tcp::segment again = f.send(bare(flags::syn | tcp::ecn_bits, 1000), 5000);
    BOOST_TEST((again.flags == (flags::syn | flags::ack | flags::cwr)));
    BOOST_TEST(!again.options.mark_counts);
    const tcp::segment reset = f.send(bare(flags::syn | flags::ece | flags::cwr, 1000), 5000);
    BOOST_TEST((reset.flags == (flags::rst | flags::ack | flags::of_ace(5))));
}

// A service that closes before the handshake is done: FIN waits for it.
BOOST_AUTO_TEST_CASE(closing_before_the_handshake_is_done_finishes_behind_it) {
    played f;
    const auto cookie = f.cookie();
    const tcp::segment syn_ack = f.send(f.syn_with(cookie, "q"), 5000);
    auto s = f.accept();
    BOOST_REQUIRE(s);
    f.host.run([&](net::network&) {
        (void)s->read().get();
        s->write(std::string_view("bye")).get();
        s = std::nullopt;
    });
    const auto before = f.exchange();
    BOOST_REQUIRE(before.size() == 1u);
    BOOST_TEST(!before[0].segment.flags.has(flags::fin));
    f.peer.send(bare(flags::ack, 1002, syn_ack.seq.value() + 4), 5000, port);
    const auto after = f.exchange();
    BOOST_REQUIRE(after.size() == 1u);
    BOOST_TEST(after[0].segment.flags.has(flags::fin));
    BOOST_TEST((after[0].segment.seq == syn_ack.seq + 4));
}

BOOST_AUTO_TEST_SUITE_END()
