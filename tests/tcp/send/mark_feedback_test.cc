#include "tcp/send/mark_feedback.hh"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace millrace;
using namespace millrace::tcp;

namespace {

constexpr uint32_t smss = 1000;

struct told {
    uint32_t segments;
    uint32_t bytes;
    bool operator==(const told&) const = default;
};
std::ostream& operator<<(std::ostream& out, const told& t) {
    return out << t.segments << " segments, " << t.bytes << " bytes";
}

struct sender : mark_feedback {
    // An ACK of `n` segments; `ce`: what its option counts, if it has one.
    told hears(uint8_t ace, uint32_t n, std::optional<uint32_t> ce = std::nullopt) {
        std::optional<mark_counts> counts;
        if (ce) counts = mark_counts{.fields = 3, .ect0 = 1, .ce = *ce, .ect1 = 1};
        const marks m = on_ack(
            {.ace = ace, .counts = counts, .bytes = n * smss, .segments = n, .counted = true, .smss = smss});
        return {m.segments, m.bytes};
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(send)

// RFC 9768 §3.2.2.2: the least increment that fits; §A.3: of full segments.
BOOST_AUTO_TEST_CASE(marks_are_the_difference_modulo_eight) {
    sender s;
    BOOST_TEST(s.hears(5, 2) == (told{0, 0}));
    BOOST_TEST(s.hears(6, 2) == (told{1, 1000}));
    BOOST_TEST(s.hears(0, 3) == (told{2, 2000}));
    BOOST_TEST(s.hears(7, 7) == (told{7, 7000}));
    BOOST_TEST(s.marked() == 15u);
    BOOST_TEST(int(s.ace().ace()) == 7);
    BOOST_TEST(!s.is_news(7));
    BOOST_TEST(s.is_news(0));
}

// RFC 9768 §3.2.2.5.2: more marks than segments are believed.
BOOST_AUTO_TEST_CASE(marks_on_other_than_data_count_too) {
    sender s;
    BOOST_TEST(s.hears(2, 1) == (told{5, 1000}));
}

// RFC 9768 §3.2.2.5.2, §A.2.1 and its example: of nine segments two were marked, of ten it may have been ten.
BOOST_AUTO_TEST_CASE(without_options_a_long_gap_is_taken_for_marks) {
    sender nine, ten;
    BOOST_TEST(nine.hears(7, 9) == (told{2, 2000}));
    BOOST_TEST(ten.hears(7, 10) == (told{10, 10'000}));
    BOOST_TEST(ten.marked() == 15u);
    sender none;
    BOOST_TEST(none.hears(5, 8) == (told{8, 8000}));
}

// RFC 9768 §A.2.1: where ACKs are thinned out on their way, long gaps are no sign of lost ones.
BOOST_AUTO_TEST_CASE(where_each_ack_covers_many_segments_none_is_suspected) {
    sender s;
    for (int i = 0; i < 60; ++i) s.hears(5, 7);
    BOOST_TEST(s.hears(5, 12) == (told{0, 0}));
}

// RFC 9768 §A.2.2 and its examples, with segments of 1460 bytes there.
BOOST_AUTO_TEST_CASE(the_option_says_whether_it_was_so_many) {
    sender a, b, c;
    BOOST_TEST(a.hears(5, 8, 1000) == (told{8, 1000}));   // no mark cannot be a segment of bytes
    BOOST_TEST(b.hears(7, 10, 1000) == (told{2, 1000}));  // ten would be tiny
    BOOST_TEST(c.hears(4, 15, 6990) == (told{7, 6990}));
    sender d;
    BOOST_TEST(d.hears(5, 16, 16'000) == (told{16, 16'000}));
}

// Where the option gets through, the ACKs that tell of marks have it: RFC 9768 §3.2.3.3.
BOOST_AUTO_TEST_CASE(once_the_option_was_seen_an_ack_without_it_hides_nothing) {
    sender s;
    BOOST_TEST(!s.has_counts());
    s.hears(5, 1, 0);
    BOOST_TEST(s.has_counts());
    BOOST_TEST(s.hears(5, 30) == (told{0, 0}));
}

// RFC 9768 §3.2.3.1: bytes by the option, modulo 2^24; what was guessed before it is not told again.
BOOST_AUTO_TEST_CASE(bytes_are_told_once) {
    sender s;
    s.hears(5, 1, 0);
    BOOST_TEST(s.hears(6, 2) == (told{1, 1000}));
    BOOST_TEST(s.hears(7, 2, 1800) == (told{1, 800}));
    BOOST_TEST(s.hears(7, 2, 1800) == (told{0, 0}));
    BOOST_TEST(s.hears(0, 2) == (told{1, 1000}));
    BOOST_TEST(s.hears(0, 2, 2000) == (told{0, 0}));
    BOOST_TEST(s.hears(1, 2, (1 << 24) - 500).segments == 1u);
    BOOST_TEST(s.hears(2, 2, 500) == (told{1, 1000}));
}

// RFC 9768 §3.2.2.1, table 4.
BOOST_AUTO_TEST_CASE(the_last_ack_of_the_handshake_tells_of_our_syn_ack) {
    for (uint8_t ace = 0; ace < 8; ++ace) {
        sender s;
        BOOST_TEST(s.on_handshake(flags::ack | flags::of_ace(ace)) == (ace == 6));
        BOOST_TEST(s.marked() == (ace == 6 ? 6u : 5u));
        // RFC 9768 §3.2.2.3: it went out as not capable, so that 3, 4 and 6 say that something spoils marks.
        BOOST_TEST(s.is_sound() == (ace == 1 || ace == 2 || ace == 5 || ace == 7));
        BOOST_TEST((s.hears(1, 1).segments == 0) == (ace == 0));  // note 1
    }
}

// RFC 9768 §3.2.2.4.
BOOST_AUTO_TEST_CASE(a_first_counter_of_zero_is_not_believed) {
    sender s;
    BOOST_TEST(s.hears(0, 1) == (told{0, 0}));
    BOOST_TEST(!s.is_sound());
    BOOST_TEST(s.hears(3, 1) == (told{0, 0}));
    sender later;
    later.hears(5, 1);
    BOOST_TEST(later.hears(0, 1) == (told{3, 1000}));
    BOOST_TEST(later.is_sound());
}

// RFC 9768 §3.2.3.2.4.
BOOST_AUTO_TEST_CASE(a_first_option_of_zeros_is_not_believed) {
    for (const mark_counts& zeroed : {mark_counts{.fields = 3, .ect0 = 0, .ce = 0, .ect1 = 1},
                                      mark_counts{.fields = 3, .ect0 = 1, .ce = 0, .ect1 = 0},
                                      mark_counts{.fields = 1, .ect0 = 0, .ce = 0, .ect1 = 1}}) {
        sender s;
        s.on_first_counts(zeroed);
        BOOST_TEST(!s.has_counts());
        BOOST_TEST(s.hears(6, 1, 400) == (told{1, 1000}));
        BOOST_TEST(!s.has_counts());
    }
    sender s;
    s.on_first_counts(mark_counts{.fields = 0});
    BOOST_TEST(s.has_counts());
}

// RFC 9768 §3.2.3.2.3: the option is not there at first, and comes later.
BOOST_AUTO_TEST_CASE(an_option_that_comes_late_is_used) {
    sender s;
    s.on_first_counts(std::nullopt);
    BOOST_TEST(!s.has_counts());
    BOOST_TEST(s.hears(6, 1, 400) == (told{1, 400}));
    BOOST_TEST(s.has_counts());
}

// RFC 9768 §3.2.3.2.5: bytes were marked, but no segment.
BOOST_AUTO_TEST_CASE(counters_that_disagree_stop_what_may_be_marked) {
    sender s;
    s.hears(5, 1, 0);
    s.hears(5, 2, 1000);
    BOOST_TEST(!s.is_sound());
    sender elsewhere;  // the mark was told by an ACK whose option was lost
    elsewhere.hears(5, 1, 0);
    elsewhere.hears(6, 1);
    elsewhere.hears(6, 1, 1000);
    BOOST_TEST(elsewhere.is_sound());
    sender around;  // eight marks
    around.hears(5, 1, 0);
    around.hears(5, 8, 8000);
    BOOST_TEST(around.is_sound());
}

// RFC 9768 §3.2.3.2.5: nor may what went round unseen be taken for a counter that is spoilt.
BOOST_AUTO_TEST_CASE(acks_that_went_the_short_way_make_no_counter_suspect) {
    sender s;
    s.hears(5, 2, 0);
    s.on_plain_ack();  // eight marked segments, by one ACK without an option
    s.hears(5, 1, 8000);
    BOOST_TEST(s.is_sound());
}

BOOST_AUTO_TEST_SUITE_END()
