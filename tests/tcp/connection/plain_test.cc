// The short ways in and out do what the general ways do: pairs of connections from one seed, with them and
// without, send the same bytes at the same times and come to the same state after each step.
#include "tests/support/effort.hh"
#include "tests/support/tcp/pair.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

struct plain_counts {
    unsigned sent = 0;
    unsigned arrived = 0;
    unsigned merged = 0;
    unsigned prolonged = 0;
};

// Where two traces part, with what came before.
std::string first_difference(const std::string& a, const std::string& b) {
    const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    const size_t i = size_t(at.first - a.begin());
    const size_t from = i > 1200 ? i - 1200 : 0;
    std::string text =
        a.substr(from, i - from) + "\n<<< with: " + a.substr(i, 200) + "\n<<< without: " + b.substr(i, 200);
    for (char& c : text)
        if (c != '\n' && (c < ' ' || c > '~')) c = '.';
    return text;
}

plain_counts check(pair_options o) {
    pair with(o);
    o.short_ways = false;
    pair without(o);
    with.run();
    without.run();
    BOOST_TEST_REQUIRE((with.trace() == without.trace()), first_difference(with.trace(), without.trace()));
    BOOST_TEST(without.sent_plainly() + without.arrived_plainly() + without.merged() == 0u);
    BOOST_TEST(with.both_over(), with.report());
    return {with.sent_plainly(), with.arrived_plainly(), with.merged(), with.prolonged()};
}

// A send buffer so small that nearly all goes out before the end is known.
settings streaming() {
    settings s;
    s.send_buffer = 30'000;
    return s;
}

settings small_buffers() {
    settings s;
    s.receive_buffer = 8'000;
    s.send_buffer = 6'000;
    return s;
}

settings bare() {
    settings s;
    s.timestamps = s.sack = s.window_scaling = false;
    s.send_buffer = 20'000;
    return s;
}

settings counting_marks() {
    settings s = streaming();
    s.ecn = ecn_mode::accurate;
    return s;
}

settings careful() {
    settings s;
    s.no_delay = false;
    s.send_buffer = 20'000;
    s.keepalive = true;
    s.user_timeout = 100s;
    return s;
}

constexpr uint32_t seeds = test::effort(20, 40, 200);

}  // namespace

BOOST_AUTO_TEST_SUITE(short_ways)

BOOST_AUTO_TEST_CASE(over_a_clean_pipe_nearly_all_segments_are_plain) {
    const auto n = check({.ours = streaming(), .theirs = streaming(), .bytes = {1'000'000, 1'000'000}});
    BOOST_TEST(n.sent > 1000u);
    BOOST_TEST(n.arrived > 1000u);
    BOOST_TEST(n.prolonged > 50u);
}

BOOST_AUTO_TEST_CASE(they_differ_in_nothing_whatever_the_pipe_does) {
    plain_counts all;
    for (uint32_t seed = 1; seed <= seeds; ++seed) {
        const double sin = double(seed % 7) * 0.005;
        const auto n = check({.seed = seed,
                              .sins = {.loss = sin, .duplicate = sin / 2, .reorder = double(seed % 3) / 50},
                              .ours = streaming(),
                              .theirs = streaming()});
        all.sent += n.sent;
        all.arrived += n.arrived;
        all.prolonged += n.prolonged;
    }
    BOOST_TEST(all.prolonged > 10 * seeds);
    BOOST_TEST(all.sent > 30 * seeds);
    BOOST_TEST(all.arrived > 30 * seeds);
}

BOOST_AUTO_TEST_CASE(nor_without_options_or_with_other_settings) {
    for (uint32_t seed = 1; seed <= seeds; ++seed) {
        const pipe_sins sins{.loss = double(seed % 3) * 0.02, .reorder = double(seed % 2) / 20};
        check({.seed = seed, .sins = sins, .ours = seed % 2 ? bare() : settings(), .theirs = bare()});
        check({.seed = seed, .sins = sins, .ours = careful(), .theirs = careful()});
        check({.seed = seed,
               .sins = sins,
               .ours = small_buffers(),
               .theirs = small_buffers(),
               .bytes = {60'000, 60'000}});
    }
}

// RFC 9768.
BOOST_AUTO_TEST_CASE(nor_where_marks_are_counted) {
    plain_counts all;
    for (uint32_t seed = 1; seed <= seeds; ++seed) {
        const double sin = double(seed % 4) * 0.005;
        const pipe_sins sins{.loss = sin, .reorder = sin, .mark = double(seed % 3) / 20};
        settings opener = counting_marks(), other = counting_marks();
        if (seed % 5 == 0) opener.timestamps = false;
        if (seed % 7 == 0) other.sack = false;
        const auto n = check({.seed = seed, .sins = sins, .ours = opener, .theirs = other});
        all.sent += n.sent;
        all.arrived += n.arrived;
        check({.seed = seed, .sins = sins, .ours = opener, .theirs = other, .simultaneous = true});
        check({.seed = seed, .sins = sins, .ours = opener, .theirs = other, .bytes = {200'000, 0}});
    }
    BOOST_TEST(all.sent > 30 * seeds);
    BOOST_TEST(all.arrived > 30 * seeds);
}

// Generic receive offload: what is counted by segment is the same, marks (RFC 9768) among it.
BOOST_AUTO_TEST_CASE(nor_where_neighbours_are_taken_as_one) {
    unsigned merged = 0, counted = 0;
    for (uint32_t seed = 1; seed <= seeds; ++seed) {
        const double sin = double(seed % 4) * 0.005;
        const pipe_sins sins{
            .loss = sin, .duplicate = sin / 2, .reorder = sin, .mark = double(seed % 3) / 50};
        for (const settings& s : {streaming(), small_buffers(), bare(), careful()})
            merged += check({.seed = seed, .sins = sins, .ours = s, .theirs = s, .bursts = true}).merged;
        const settings counting = counting_marks();
        counted +=
            check({.seed = seed, .sins = sins, .ours = counting, .theirs = counting, .bursts = true}).merged;
        merged += check({.seed = seed, .sins = sins, .bursts = true, .bytes = {300'000, 0}}).merged;
    }
    BOOST_TEST(merged > 200 * seeds);
    BOOST_TEST(counted > 20 * seeds);
}

BOOST_AUTO_TEST_CASE(nor_in_one_direction_only) {
    for (uint32_t seed = 1; seed <= 20; ++seed) {
        check({.seed = seed, .sins = {.loss = 0.02}, .bytes = {200'000, 0}});
        check({.seed = seed, .sins = {.duplicate = 0.05}, .bytes = {0, 200'000}});
        check({.seed = seed, .sins = {.loss = 0.02}, .simultaneous = true, .bytes = {50'000, 70'000}});
    }
}

BOOST_AUTO_TEST_SUITE_END()
