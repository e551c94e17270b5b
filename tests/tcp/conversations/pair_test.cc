// Two ends of ours over a pipe that sins: every byte arrives and both ends come to an end.
#include "tests/support/tcp/pair.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;
using namespace millrace::tcp;
using namespace millrace::tcp::script;
using namespace std::chrono_literals;

namespace {

void check(const pair_options& o) {
    pair p(o);
    p.run();
    BOOST_TEST_REQUIRE(p.both_over(), p.report());
    for (int i = 0; i < 2; ++i) {
        BOOST_TEST_REQUIRE(p.all_arrived(i), p.report());
        BOOST_TEST_REQUIRE(!p.end(i).error(), p.report());
    }
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
    return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pairs)

BOOST_AUTO_TEST_CASE(over_a_clean_pipe_nothing_is_sent_twice) {
    pair p({});
    p.run();
    BOOST_TEST(p.both_over());
    for (int i = 0; i < 2; ++i) {
        BOOST_TEST(p.all_arrived(i));
        BOOST_TEST(p.end(i).info().retransmissions == 0u);
    }
    BOOST_TEST((p.elapsed() < 500ms), p.report());
}

BOOST_AUTO_TEST_CASE(loss_is_repaired) {
    for (uint32_t seed = 1; seed <= 40; ++seed) check({.seed = seed, .sins = {.loss = 0.05}});
}

BOOST_AUTO_TEST_CASE(heavy_loss_is_repaired) {
    for (uint32_t seed = 1; seed <= 10; ++seed)
        check({.seed = seed, .sins = {.loss = 0.2}, .bytes = {20'000, 20'000}});
}

BOOST_AUTO_TEST_CASE(every_sin_at_once_is_repaired) {
    for (uint32_t seed = 1; seed <= 40; ++seed)
        check({.seed = seed, .sins = {.loss = 0.03, .duplicate = 0.05, .reorder = 0.1}});
}

BOOST_AUTO_TEST_CASE(without_options_too) {
    for (uint32_t seed = 1; seed <= 40; ++seed)
        check({.seed = seed,
               .sins = {.loss = 0.03, .duplicate = 0.05, .reorder = 0.1},
               .ours = seed % 2 ? bare() : settings(),
               .theirs = bare()});
}

BOOST_AUTO_TEST_CASE(small_buffers_close_windows_and_open_them_again) {
    for (uint32_t seed = 1; seed <= 40; ++seed)
        check({.seed = seed,
               .sins = {.loss = 0.03, .reorder = 0.05},
               .ours = small_buffers(),
               .theirs = small_buffers(),
               .bytes = {60'000, 60'000}});
}

BOOST_AUTO_TEST_CASE(simultaneous_opens_meet) {
    for (uint32_t seed = 1; seed <= 40; ++seed)
        check({.seed = seed, .sins = {.loss = 0.05}, .simultaneous = true, .bytes = {10'000, 10'000}});
}

BOOST_AUTO_TEST_CASE(with_nagle_too) {
    settings nagle;
    nagle.no_delay = false;
    for (uint32_t seed = 1; seed <= 20; ++seed)
        check({.seed = seed, .sins = {.loss = 0.03}, .ours = nagle, .theirs = nagle});
}

BOOST_AUTO_TEST_CASE(one_way_streams_end_too) {
    for (uint32_t seed = 1; seed <= 20; ++seed) {
        check({.seed = seed, .sins = {.loss = 0.05}, .bytes = {200'000, 0}});
        check({.seed = seed, .sins = {.loss = 0.05}, .bytes = {0, 200'000}});
        check({.seed = seed, .sins = {.loss = 0.05}, .bytes = {0, 0}});
    }
}

BOOST_AUTO_TEST_SUITE_END()
