#include "tcp/connection/connection.hh"

#include "tests/support/allocations.hh"
#include "tests/tcp/connection/pair.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::two_ends;
using namespace std::chrono_literals;

namespace {

// Both ends established, nothing sent, nobody reads or closes by itself.
struct established : pair {
    established() : pair(1) {
        a.closes = b.closes = a.reads = b.reads = false;
        open_active(a, 1);
        run_for(1s);
        BOOST_REQUIRE((a.conn->state() == connection_state::established));
        BOOST_REQUIRE((b.conn->state() == connection_state::established));
        a.seen = b.seen = {};
    }
};

std::string read_all(tcp::connection& c) {
    std::string s;
    while (buffer data = c.receive()) s.append(data.view());
    return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

BOOST_AUTO_TEST_CASE(a_connection_is_small) {
    BOOST_TEST(sizeof(tcp::connection) <= 768u);
}

BOOST_FIXTURE_TEST_CASE(a_timeout_that_has_not_come_does_nothing, established) {
    a.conn->send("x");
    outgoing out;
    BOOST_TEST(a.conn->next_segment(out, now()));
    const time_point deadline = a.conn->next_timeout();
    a.conn->on_timeout(now());
    a.conn->on_timeout(deadline - 1ns);
    outgoing none;
    BOOST_TEST(!a.conn->next_segment(none, deadline - 1ns));
    BOOST_TEST((a.conn->next_timeout() == deadline));
    a.conn->on_timeout(deadline);
    BOOST_TEST(a.conn->next_segment(none, deadline));
    BOOST_TEST((none.seq == out.seq));
}

BOOST_FIXTURE_TEST_CASE(an_idle_connection_waits_for_nothing, established) {
    BOOST_TEST((a.conn->next_timeout() == never));
    BOOST_TEST((b.conn->next_timeout() == never));
}

BOOST_FIXTURE_TEST_CASE(send_takes_what_there_is_room_for_and_tells_of_new_room, established) {
    a.conn->set_send_limit(1000);
    BOOST_TEST(a.conn->send_room() == 1000u);
    buffer data = buffer::copy_of(std::string(1500, 'x'));
    BOOST_TEST(a.conn->send(data) == 1000u);
    BOOST_TEST(data.size() == 500u);
    BOOST_TEST(a.conn->send("more") == 0u);
    BOOST_TEST(!a.conn->take_events().any());
    run_for(1s);
    BOOST_TEST(a.seen.has(events::writable));
    BOOST_TEST(a.conn->send_room() == 1000u);
    BOOST_TEST(read_all(*b.conn).size() == 1000u);
}

// None at all would wait for ever, and sequence numbers are compared within 2^31.
BOOST_FIXTURE_TEST_CASE(a_send_limit_that_cannot_work_is_taken_for_the_nearest_that_can, established) {
    a.conn->set_send_limit(0);
    BOOST_TEST(a.conn->send_room() > 0u);
    a.conn->set_send_limit(UINT32_MAX);
    BOOST_TEST(a.conn->send_room() == 1u << 30);
}

// RFC 9293 §3.10.2 in SYN-SENT: queued until the connection is established.
BOOST_AUTO_TEST_CASE(what_is_sent_before_the_handshake_is_done_follows_it) {
    pair p(1);
    p.open_active(p.a, 1);
    BOOST_TEST(p.a.conn->send("early") == 5u);
    p.a.conn->shutdown_write();
    p.run_for(1s);
    BOOST_TEST(p.b.received == "early");
    BOOST_TEST((p.b.seen.has(events::peer_finished)));
}

BOOST_FIXTURE_TEST_CASE(after_half_close_the_other_direction_goes_on, established) {
    a.conn->shutdown_write();
    run_for(1s);
    BOOST_TEST(a.seen.has(events::finished));
    BOOST_TEST(a.conn->send("no") == 0u);
    BOOST_TEST(b.conn->at_end());
    BOOST_TEST(b.conn->send("still here") == 10u);
    run_for(1s);
    BOOST_TEST(read_all(*a.conn) == "still here");
    BOOST_TEST((a.conn->state() == connection_state::fin_wait_2));
    b.conn->shutdown_write();
    run_for(1s);
    BOOST_TEST((a.conn->state() == connection_state::time_wait));
    BOOST_TEST((b.conn->state() == connection_state::closed));
    BOOST_TEST(!b.conn->error());
    BOOST_TEST(a.conn->take_time_wait().has_value());
    BOOST_TEST(!a.conn->take_time_wait().has_value());
}

// RFC 2525 §2.17.
BOOST_FIXTURE_TEST_CASE(closing_with_unread_data_resets_the_peer, established) {
    a.conn->send("unread");
    run_for(1s);
    b.conn->close(now());
    run_for(1s);
    BOOST_TEST((a.conn->error() == std::errc::connection_reset));
    BOOST_TEST(a.seen.has(events::failed));
    BOOST_TEST((b.conn->error() == std::errc::connection_aborted));
}

// What was received before a reset can still be read.
BOOST_FIXTURE_TEST_CASE(abort_resets_the_peer, established) {
    a.conn->send("last words");
    run_for(1s);
    a.conn->abort();
    run_for(1s);
    BOOST_TEST((a.conn->state() == connection_state::closed));
    BOOST_TEST((b.conn->error() == std::errc::connection_reset));
    BOOST_TEST(read_all(*b.conn) == "last words");
}

BOOST_FIXTURE_TEST_CASE(fin_wait_2_of_an_orphan_ends_by_its_timeout, established) {
    a.conn->close(now());
    run_for(a.options.fin_wait_2_timeout - 1s);
    BOOST_TEST((a.conn->state() == connection_state::fin_wait_2));
    run_for(2s);
    BOOST_TEST((a.conn->state() == connection_state::closed));
    BOOST_TEST(!a.conn->error());
}

// RFC 9293 §3.8.4.
BOOST_FIXTURE_TEST_CASE(keepalive_finds_a_peer_that_is_gone_and_spares_one_that_is_not, established) {
    a.conn->set_keepalive({.on = true, .idle = 2h, .interval = 75s, .probes = 9}, now());
    run_for(a.options.keepalive_idle * 3);
    BOOST_TEST(a.conn->info().keepalive_probes >= 2u);
    BOOST_TEST((a.conn->state() == connection_state::established));
    faults.loss = 1;
    run_for(a.options.keepalive_idle + a.options.keepalive_interval * 11);
    BOOST_TEST((a.conn->error() == std::errc::timed_out));
}

// RFC 5482; RFC 9293 §3.10.8.
BOOST_FIXTURE_TEST_CASE(the_user_timeout_ends_a_connection_whose_data_is_not_acknowledged, established) {
    a.conn->set_user_timeout(5s);
    faults.loss = 1;
    a.conn->send("hello?");
    run_for(4900ms);
    BOOST_TEST(!a.conn->is_closed());
    run_for(200ms);
    BOOST_TEST((a.conn->error() == std::errc::timed_out));
}

// RFC 1122 §4.2.3.9, RFC 5461.
BOOST_FIXTURE_TEST_CASE(what_icmp_said_is_the_reason_only_if_time_runs_out, established) {
    a.conn->set_user_timeout(5s);
    faults.loss = 1;
    a.conn->send("hello?");
    run_for(10ms);
    BOOST_TEST(a.conn->on_path_error({path_error::kind::host_unreachable, seq(2)}));
    BOOST_TEST(!a.conn->on_path_error({path_error::kind::host_unreachable, seq(70000)}));  // RFC 5927 §4.1
    BOOST_TEST(!a.conn->is_closed());
    run_for(10s);
    BOOST_TEST((a.conn->error() == std::errc::host_unreachable));
}

BOOST_AUTO_TEST_CASE(an_opening_fails_as_icmp_says) {
    pair p(1);
    p.open_active(p.a, 100);
    p.faults.loss = 1;
    p.run_for(10ms);
    BOOST_TEST(p.a.conn->on_path_error({path_error::kind::port_unreachable, seq(100)}));
    BOOST_TEST((p.a.conn->error() == std::errc::connection_refused));
    BOOST_TEST(p.a.conn->take_events().has(events::failed));
}

BOOST_AUTO_TEST_CASE(a_syn_that_nobody_answers_is_given_up) {
    pair p(1);
    p.faults.loss = 1;
    p.open_active(p.a, 1);
    p.run_for(122s);  // 1 + 2 + 4 + ... + 32 and one maximal timeout
    BOOST_TEST(!p.a.conn->is_closed());
    BOOST_TEST(p.run_for(2s));
    BOOST_TEST((p.a.conn->error() == std::errc::timed_out));
    BOOST_TEST(p.a.segments == 1u + p.a.options.syn_retries);
}

// RFC 6691 §2: options come off the payload, not off the MSS that is announced.
BOOST_AUTO_TEST_CASE(segments_with_options_stay_within_the_mss) {
    pair p(4);
    p.mss = 1000;
    p.faults.loss = 0.03;
    p.a.to_send = p.b.to_send = pattern(300000, 1);
    size_t largest = 0;
    p.filter = [&](bool, const segment& s) {
        const size_t options_bytes = s.options.emitted_bytes();
        if (s.flags.has(flags::syn)) BOOST_TEST(s.options.mss.value() == 1000);
        largest = std::max(largest, s.payload.size() + options_bytes);
        return true;
    };
    p.open_active(p.a, 1);
    BOOST_TEST(p.run_for(10min));
    BOOST_TEST(largest == 1000u);
}

// RFC 9293 §3.9.1.2.
BOOST_FIXTURE_TEST_CASE(push_marks_the_last_byte_that_there_is, established) {
    std::vector<bool> pushed;
    filter = [&](bool from_a, const segment& s) {
        if (from_a && !s.payload.empty()) pushed.push_back(s.flags.has(flags::psh));
        return true;
    };
    a.conn->send(std::string(3000, 'x'));
    run_for(1s);
    BOOST_TEST((pushed == std::vector<bool>{false, false, true}));
}

BOOST_FIXTURE_TEST_CASE(a_request_and_its_answer_allocate_nothing, established) {
    const auto exchange = [&](tcp::connection& from, tcp::connection& to, buffer& message, segment& s) {
        CHECK(from.send(message) == 64);
        outgoing o;
        CHECK(from.next_segment(o, now()));
        s.seq = o.seq;
        s.ack = o.ack;
        s.flags = o.flags;
        s.wnd = o.wnd;
        s.options = o.options;
        s.payload = std::move(o.payload[0]);
        CHECK(to.on_segment(std::move(s), now()) == drop_reason::none);
        message = to.receive();
        CHECK(message.size() == 64);
    };
    buffer message = buffer::copy_of(std::string(64, 'x'));
    segment s;
    exchange(*a.conn, *b.conn, message, s);
    const auto count = millrace::test::allocations_of([&] {
        for (int i = 0; i < 1000; ++i) {
            exchange(*b.conn, *a.conn, message, s);
            exchange(*a.conn, *b.conn, message, s);
        }
    });
    BOOST_TEST(count == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
