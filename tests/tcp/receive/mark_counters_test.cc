#include "tcp/receive/mark_counters.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;

namespace {

constexpr net::ecn no = net::ecn::not_capable, one = net::ecn::ect1, zero = net::ecn::ect0,
                   ce = net::ecn::congestion_experienced;
constexpr size_t wide = 40;

}  // namespace

BOOST_AUTO_TEST_SUITE(receive)

// RFC 9768 §3.2.1: what no field that was zeroed on its way can say.
BOOST_AUTO_TEST_CASE(counters_begin_at_five_and_one) {
    mark_counters c;
    BOOST_TEST(int(c.ace().ace()) == 5);
    BOOST_TEST((c.report_all() == first_mark_counts));
    BOOST_TEST(!c.has_news());
}

// RFC 9768 §3.2: segments, control packets too, by the mark; bytes of data by each codepoint.
BOOST_AUTO_TEST_CASE(segments_and_bytes_are_counted) {
    mark_counters c;
    c.on_segment(zero, 1000, false);
    c.on_segment(ce, 0, false);
    c.on_segment(ce, 300, false);
    c.on_segment(one, 20, false);
    c.on_segment(no, 7000, false);
    BOOST_TEST(c.marked() == 7u);
    BOOST_TEST((c.report_all() == mark_counts{.fields = 3, .ect0 = 1001, .ce = 300, .ect1 = 21}));
}

// RFC 9768 §3.2.2.2, §3.2.3.1: the least significant bits.
BOOST_AUTO_TEST_CASE(fields_go_round) {
    mark_counters c;
    for (int i = 0; i < 3; ++i) c.on_segment(ce, 1u << 23, false);
    BOOST_TEST(int(c.ace().ace()) == 0);
    BOOST_TEST(c.report_all().ce == 1u << 23);
}

// RFC 9768 §3.2.2.5.1: at once when marks on data begin; then for every second, or third where nothing waits.
BOOST_AUTO_TEST_CASE(marks_are_acknowledged_at_once) {
    mark_counters c;
    BOOST_TEST(!c.on_segment(zero, 1000, false));
    BOOST_TEST(c.on_segment(ce, 1000, true));
    c.on_ack_sent();
    BOOST_TEST(!c.on_segment(ce, 1000, false));
    BOOST_TEST(c.on_segment(ce, 1000, true));
    c.on_ack_sent();
    BOOST_TEST(!c.on_segment(zero, 1000, false));
    BOOST_TEST(c.on_segment(ce, 1000, true));
    c.on_ack_sent();
    BOOST_TEST(!c.on_segment(ce, 0, false));
    BOOST_TEST(!c.on_segment(ce, 0, false));
    BOOST_TEST(c.on_segment(ce, 0, false));
    c.on_ack_sent();
    BOOST_TEST(!c.on_segment(ce, 0, true));
    BOOST_TEST(c.on_segment(ce, 0, true));
}

// RFC 9768 §3.2.2.5.1: the packet before may be one without data.
BOOST_AUTO_TEST_CASE(a_mark_behind_a_marked_ack_is_no_change) {
    mark_counters c;
    BOOST_TEST(!c.on_segment(ce, 0, false));
    c.on_ack_sent();
    BOOST_TEST(!c.on_segment(ce, 1000, false));
}

// RFC 9768 §3.2.3.3: the counters that have ever changed, from the front of the better order.
BOOST_AUTO_TEST_CASE(the_option_has_what_has_changed) {
    mark_counters c;
    BOOST_TEST(!c.report(wide));
    c.on_segment(zero, 1000, false);
    BOOST_TEST((c.report(wide) == mark_counts{.fields = 1, .ect0 = 1001, .ce = 0, .ect1 = 1}));
    c.on_segment(ce, 500, false);
    BOOST_TEST((c.report(wide) == mark_counts{.fields = 2, .ect0 = 1001, .ce = 500, .ect1 = 1}));
    c.on_segment(one, 10, false);
    BOOST_TEST(int(c.report(wide)->fields) == 3);
    mark_counters other;
    other.on_segment(one, 10, false);
    other.on_segment(ce, 10, false);
    BOOST_TEST((other.report(wide) ==
                mark_counts{.fields = 2, .ect1_first = true, .ect0 = 1, .ce = 10, .ect1 = 11}));
}

// RFC 9768 §3.2.3.3, change-triggered options, and continual repetition: twice after a change, then again
// when enough has come that an ACK could cover eight marks.
BOOST_AUTO_TEST_CASE(the_option_goes_with_two_acks_and_then_with_some) {
    mark_counters c;
    c.on_segment(zero, 1000, false);
    BOOST_TEST(c.has_news());
    BOOST_TEST(c.report(wide).has_value());
    BOOST_TEST(c.report(wide).has_value());
    BOOST_TEST(!c.report(wide));
    BOOST_TEST(!c.has_news());
    for (uint32_t n = 1; n < mark_counters::segments_untold; ++n) c.on_segment(zero, 1000, false);
    BOOST_TEST(!c.has_news());
    c.on_segment(zero, 1000, false);
    BOOST_TEST(c.has_news());
    BOOST_TEST(c.report(wide).has_value());
    BOOST_TEST(!c.report(wide));
    for (int i = 0; i < 5; ++i) {
        c.on_segment(ce, 1000, false);
        BOOST_TEST(c.report(wide).has_value());
    }
    BOOST_TEST(c.report(wide).has_value());
    BOOST_TEST(!c.report(wide));
    c.on_segment(zero, 1000, false);
    BOOST_TEST(c.report(wide).has_value());
}

// RFC 9768 §3.2.3.3: without room for all, those that have changed since the last one; else none, and it
// waits.
BOOST_AUTO_TEST_CASE(without_room_the_option_is_shortened_or_left_out) {
    mark_counters c;
    c.on_segment(one, 1000, false);
    c.on_segment(zero, 1000, false);
    BOOST_TEST(!c.report(8));
    BOOST_TEST(c.report(wide).has_value());
    c.on_segment(ce, 1000, false);
    c.on_segment(zero, 1000, false);
    BOOST_TEST((c.report(8) == mark_counts{.fields = 2, .ect0 = 2001, .ce = 1000, .ect1 = 1001}));
    c.on_segment(zero, 1000, false);
    BOOST_TEST(!c.report(4));
    BOOST_TEST(c.has_news());
}

BOOST_AUTO_TEST_CASE(a_mark_is_news_until_an_ack_has_told_it) {
    mark_counters c;
    c.on_segment(ce, 0, false);
    BOOST_TEST(c.has_news());
    c.on_ack_sent();
    BOOST_TEST(!c.has_news());
}

BOOST_AUTO_TEST_SUITE_END()
