// The judge of simulated connections: what it finds fault with, told by segments of a connection that obeys.
#include "tests/support/sim_hosts.hh"
#include "tests/support/sim_judge.hh"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace millrace;
using namespace millrace::test;
using tcp::flags;
using tcp::segment;
using tcp::seq;

namespace {

// Host a connects to host b. Both offer 2,000 bytes, scaled by four.
struct court {
    court() {
        segment syn = from_a(flags::syn, 0, 0);
        syn.options.window_scale = 2;
        judge.on_segment(net::wire_end::a, syn);
        segment answer = from_b(flags::syn | flags::ack, 0, 1);
        answer.options.window_scale = 2;
        answer.wnd = 2000;
        judge.on_segment(net::wire_end::b, answer);
        judge.on_segment(net::wire_end::a, from_a(flags::ack, 1, 1));
        BOOST_TEST(judge.offence() == "");
    }
    // Numbers count from the initial ones.
    static segment from_a(tcp::flags f, uint32_t at, uint32_t ack, size_t bytes = 0) {
        return make(5000, 80, f, seq(0xfffffff0u + at), seq(7000 + ack), bytes);
    }
    static segment from_b(tcp::flags f, uint32_t at, uint32_t ack, size_t bytes = 0) {
        return make(80, 5000, f, seq(7000 + at), seq(0xfffffff0u + ack), bytes);
    }
    static segment make(uint16_t from, uint16_t to, tcp::flags f, seq at, seq ack, size_t bytes) {
        segment s;
        s.source_port = from;
        s.destination_port = to;
        s.flags = f;
        s.seq = at;
        s.ack = ack;
        s.wnd = 500;
        s.payload = buffer::copy_of(std::string(bytes, 'x'));
        return s;
    }
    void a(const segment& s) { judge.on_segment(net::wire_end::a, s); }
    void b(const segment& s) { judge.on_segment(net::wire_end::b, s); }
    bool accused(std::string_view of) const { return judge.offence().find(of) != std::string::npos; }
    bool content() const { return judge.offence().empty(); }

    two_hosts hosts{1};
    sim_judge judge{hosts};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sim)

BOOST_AUTO_TEST_CASE(one_byte_and_no_more_may_go_beyond_the_window) {
    court c;
    c.a(c.from_a(flags::ack, 1, 1, 2000));
    c.a(c.from_a(flags::ack, 2001, 1, 1));
    BOOST_TEST(c.content());
    c.a(c.from_a(flags::ack, 2000, 1, 2));
    BOOST_TEST(c.accused("where the window that was offered ends at 2001"));
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_behind_a_gap) {
    court c;
    c.a(c.from_a(flags::ack, 1, 1, 100));
    c.a(c.from_a(flags::ack, 50, 1, 100));
    BOOST_TEST(c.content());
    c.a(c.from_a(flags::ack, 151, 1, 100));
    BOOST_TEST(c.accused("nothing before it"));
}

BOOST_AUTO_TEST_CASE(an_ack_is_of_what_was_sent_and_does_not_go_back) {
    court c;
    c.a(c.from_a(flags::ack, 1, 1, 100));
    c.b(c.from_b(flags::ack, 1, 101));
    BOOST_TEST(c.content());
    c.b(c.from_b(flags::ack, 1, 100));
    BOOST_TEST(c.accused("acknowledged 101 and then 100"));
    court d;
    d.b(d.from_b(flags::ack, 1, 2));
    BOOST_TEST(d.accused("acknowledged 2, of 1"));
}

BOOST_AUTO_TEST_CASE(a_window_goes_back_by_rounding_only) {
    court c;
    segment s = c.from_b(flags::ack, 1, 1);
    s.wnd = 501;
    c.b(s);
    c.a(c.from_a(flags::ack, 1, 1, 3));
    s = c.from_b(flags::ack, 1, 4);
    s.wnd = 500;
    c.b(s);
    BOOST_TEST(c.content());
    s.wnd = 499;
    c.b(s);
    BOOST_TEST(c.accused("took back its window from 2005 to 2000"));
}

BOOST_AUTO_TEST_CASE(reports_are_of_what_was_sent_and_not_acknowledged) {
    const auto report = [](uint32_t ack, uint32_t left, uint32_t right) {
        court c;
        c.a(c.from_a(flags::ack, 1, 1, 300));
        segment s = c.from_b(flags::ack, 1, ack);
        s.options.sack.push_back({seq(0xfffffff0u + left), seq(0xfffffff0u + right)});
        c.b(s);
        return c.content();
    };
    BOOST_TEST(report(1, 101, 301));
    BOOST_TEST(report(301, 101, 201));  // D-SACK
    BOOST_TEST(!report(1, 101, 302));
    BOOST_TEST(!report(1, 201, 201));
    BOOST_TEST(!report(150, 101, 201));
}

BOOST_AUTO_TEST_CASE(clocks_go_forward_and_echoes_are_of_what_was_sent) {
    const auto stamped = [](segment s, uint32_t value, uint32_t echo) {
        s.options.timestamps = tcp::timestamp_option{.value = value, .echo = echo};
        return s;
    };
    court c;
    c.a(stamped(c.from_a(flags::ack, 1, 1), 10, 0));
    c.b(stamped(c.from_b(flags::ack, 1, 1), 90, 10));
    BOOST_TEST(c.content());
    c.b(stamped(c.from_b(flags::ack, 1, 1), 90, 11));
    BOOST_TEST(c.accused("echoed 11"));
    court d;
    d.a(stamped(d.from_a(flags::ack, 1, 1), 10, 0));
    d.a(stamped(d.from_a(flags::ack, 1, 1), 9, 0));
    BOOST_TEST(d.accused("set its clock back"));
}

BOOST_AUTO_TEST_CASE(behind_a_reset_everything_may_be_said_until_the_next_syn) {
    court c;
    c.b(c.from_b(flags::rst, 5000, 0));
    c.a(c.from_a(flags::ack, 90'000, 1, 100));
    BOOST_TEST(c.content());
    c.a(c.from_a(flags::syn, 100'000, 0));
    c.a(c.from_a(flags::ack, 100'002, 1, 100));
    BOOST_TEST(c.accused("nothing before it"));
}

BOOST_AUTO_TEST_CASE(new_data_goes_out_within_the_congestion_window_but_for_two_segments_and_a_probe) {
    const auto flight = [](uint32_t was, uint32_t is, uint32_t tail_probes) {
        court c;
        tcp::connection_info i;
        i.snd_nxt = 5000;
        i.smss = 1000;
        i.cwnd = 10'000;
        i.pipe = was;
        c.judge.on_state(net::wire_end::a, {5000, 80}, i);
        i.snd_nxt = 6000;
        i.pipe = is;
        i.tail_probes = tail_probes;
        c.judge.on_state(net::wire_end::a, {5000, 80}, i);
        return !c.accused("a has");
    };
    BOOST_TEST(flight(9000, 12'000, 0));
    BOOST_TEST(!flight(9000, 12'001, 0));
    BOOST_TEST(flight(15'000, 16'000, 1));
    BOOST_TEST(!flight(15'000, 16'001, 1));
    BOOST_TEST(!flight(15'000, 16'000, 0));
}

BOOST_AUTO_TEST_CASE(a_host_holds_what_it_may) {
    court c;
    auto& memory = c.hosts.b.network->interface().memory();
    memory.set(net::memory_use::fragments, memory.limit());
    c.judge.look();
    BOOST_TEST(c.content());
    memory.set(net::memory_use::fragments, memory.limit() + 200'000);
    c.judge.look();
    BOOST_TEST(c.accused("of fragments"));
    memory.set(net::memory_use::fragments, 0);
}

BOOST_AUTO_TEST_SUITE_END()
