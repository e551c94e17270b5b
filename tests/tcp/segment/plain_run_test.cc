#include "tcp/segment/plain_run.hh"

#include "tcp/segment/segment.hh"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::tcp;

namespace {

// What a bulk sender's segments look like, and how each may differ.
struct sent {
    uint32_t at = 0xfffffff0;  // the numbers go round in between
    uint32_t ack = 77;
    uint16_t wnd = 500;
    tcp::flags flags = tcp::flags::ack;
    std::optional<timestamp_option> stamp = timestamp_option{1000, 7};
    uint16_t from = 1234;
    size_t bytes = 100;
    net::ecn congestion = net::ecn::not_capable;
};

std::string datagram_of(const sent& s) {
    outgoing o;
    o.seq = seq(s.at);
    o.ack = seq(s.ack);
    o.flags = s.flags;
    o.wnd = s.wnd;
    o.options.timestamps = s.stamp;
    std::string bytes(o.header_bytes(), '\0');
    emit(o, s.from, 80, reinterpret_cast<uint8_t*>(bytes.data()));
    return bytes + std::string(s.bytes, 'x');
}

// Keeps the bytes of what it shows.
struct shown {
    explicit shown(const sent& s) : bytes(datagram_of(s)), congestion(s.congestion) {}
    plain_segment segment() const {
        return plain_segment({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, congestion);
    }
    std::string bytes;
    net::ecn congestion;
};

sent behind(const sent& s) {
    sent next = s;
    next.at += uint32_t(s.bytes);
    return next;
}

// Whether the second of two neighbours, changed somehow, is taken in.
bool goes_on(const std::function<void(sent&)>& change) {
    const sent first;
    sent second = behind(first);
    change(second);
    const shown a(first), b(second);
    plain_run run(a.segment());
    return run.append(b.segment());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plain_runs)

BOOST_AUTO_TEST_CASE(neighbours_without_a_gap_are_one_run) {
    const sent one;
    const sent two = behind(one);
    sent three = behind(two);
    three.bytes = 30;
    three.flags |= flags::psh;
    const shown a(one), b(two), c(three), d(behind(three));
    plain_run run(a.segment());
    BOOST_TEST(run.segments() == 1u);
    BOOST_TEST(run.payload_bytes() == 100u);
    BOOST_TEST(run.append(b.segment()));
    BOOST_TEST(run.append(c.segment()));
    BOOST_TEST(run.segments() == 3u);
    BOOST_TEST(run.payload_bytes() == 230u);
    BOOST_TEST(run.segment_bytes() == 100u);
    BOOST_TEST(run.last_bytes() == 30u);
    BOOST_TEST((run.first().seq() == seq(one.at)));
    BOOST_TEST((run.last_seq() == seq(three.at)));
    BOOST_TEST(!run.append(d.segment()), "a shorter segment is the last one");
    BOOST_TEST(run.segments() == 3u);
}

BOOST_AUTO_TEST_CASE(what_differs_ends_a_run) {
    BOOST_TEST(goes_on([](sent&) {}));
    BOOST_TEST(goes_on([](sent& s) { s.flags |= flags::psh; }));
    BOOST_TEST(!goes_on([](sent& s) { ++s.at; }));
    BOOST_TEST(!goes_on([](sent& s) { --s.at; }));
    BOOST_TEST(!goes_on([](sent& s) { ++s.ack; }));
    BOOST_TEST(!goes_on([](sent& s) { ++s.wnd; }));
    BOOST_TEST(!goes_on([](sent& s) { ++s.from; }));
    BOOST_TEST(!goes_on([](sent& s) { ++s.stamp->value; }));
    BOOST_TEST(!goes_on([](sent& s) { ++s.stamp->echo; }));
    BOOST_TEST(!goes_on([](sent& s) { s.stamp.reset(); }));
    BOOST_TEST(!goes_on([](sent& s) { s.congestion = net::ecn::ect0; }));
    BOOST_TEST(!goes_on([](sent& s) { s.bytes = 101; }), "longer than the first");
    BOOST_TEST(!goes_on([](sent& s) { s.bytes = 0; }));
    for (const flags::bit bit : {flags::fin, flags::rst, flags::urg, flags::ece, flags::cwr, flags::ae})
        BOOST_TEST(!goes_on([bit](sent& s) { s.flags |= bit; }), int(bit));
}

BOOST_AUTO_TEST_CASE(nothing_goes_on_behind_a_bare_ack) {
    sent bare;
    bare.bytes = 0;
    const shown a(bare), b(bare), c(sent{});
    plain_run run(a.segment());
    BOOST_TEST(!run.append(b.segment()));
    BOOST_TEST(!run.append(c.segment()));
    BOOST_TEST(run.segments() == 1u);
}

// With the ACE field of RFC 9768 and without timestamps, too.
BOOST_AUTO_TEST_CASE(all_may_have_the_same_bits_of_ecn_and_no_options) {
    sent first;
    first.flags = flags::ack | flags::ae | flags::ece;
    first.stamp.reset();
    first.congestion = net::ecn::ect0;
    const shown a(first), b(behind(first));
    plain_run run(a.segment());
    BOOST_TEST(run.append(b.segment()));
}

BOOST_AUTO_TEST_SUITE_END()
