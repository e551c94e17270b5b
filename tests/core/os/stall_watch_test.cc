// What holds a shard too long is found, whatever the speed of the machine: these tests hold it until it is.
#include "core/os/stall_watch.hh"

#include "core/log.hh"
#include "core/reactor.hh"
#include "core/run_queue.hh"
#include "core/task.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

constexpr duration patience = 30s;

// Work in this program only: the kernel's page with the clock ends some backtraces.
void work() {
    for (int i = 0; i < 100'000; ++i) asm volatile("" : : "r"(i));
}

// Does nothing else until p() or the test has failed.
template <typename Predicate>
bool spin_until(Predicate p, duration limit = patience) {
    system_clock clock;
    for (const time_point end = clock.now() + limit; !p(); work())
        if (clock.now() > end) return false;
    return true;
}

struct watched_thread {
    uint64_t turns = 0;
    run_queue tasks;
    stall_watch watch{1ms, turns, tasks};
    system_clock clock;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core_stall_watch)

BOOST_FIXTURE_TEST_CASE(one_piece_of_work_that_does_not_end_is_found_once, watched_thread) {
    BOOST_REQUIRE(spin_until([&] { return watch.waiting(); }));
    const stall_watch::stall s = watch.take();
    BOOST_TEST((s.lasted > 0ns));
    BOOST_TEST(watch.found() == 1u);
    BOOST_TEST(watch.longest() == uint64_t(s.lasted.count()));
    BOOST_TEST(!watch.waiting());
    BOOST_REQUIRE(s.depth > 3u);
    const std::vector<std::string> lines = describe(s);
    BOOST_REQUIRE(lines.size() + 3 == s.depth);
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").filename();
    BOOST_TEST(std::any_of(lines.begin(), lines.end(),
                           [&](const std::string& l) { return l.find(self) != std::string::npos; }));
}

BOOST_FIXTURE_TEST_CASE(the_next_one_is_found_too, watched_thread) {
    BOOST_REQUIRE(spin_until([&] { return watch.waiting(); }));
    (void)watch.take();
    ++turns;
    BOOST_REQUIRE(spin_until([&] { return watch.waiting(); }));
    BOOST_TEST(watch.found() == 2u);
}

BOOST_FIXTURE_TEST_CASE(work_that_goes_on_is_no_stall, watched_thread) {
    // Two ticks without a turn between them would be a stall: here each look at the clock is one.
    system_clock time;
    for (const time_point end = time.now() + 20ms; time.now() < end;) ++turns;
    BOOST_TEST(watch.found() == 0u);
}

BOOST_FIXTURE_TEST_CASE(sleep_is_no_stall, watched_thread) {
    watch.fall_asleep();
    spin_until([] { return false; }, 20ms);
    BOOST_TEST(watch.found() == 0u);
    watch.wake_up();
    watch.resume();
    BOOST_TEST(spin_until([&] { return watch.waiting(); }));
}

namespace {

// Holds its shard for some milliseconds at a time until that was noticed.
struct hog final : task {
    explicit hog(reactor& r) : loop(r) {}
    void run() noexcept override {
        system_clock clock;
        if (!first) first = clock.now().time_since_epoch();
        const bool noticed = loop.counters().stalls > 0;
        if (noticed || clock.now().time_since_epoch() - *first > patience) return loop.stop();
        for (int i = 0; i < 100; ++i) work();
        schedule(*this);
    }
    reactor& loop;
    std::optional<duration> first;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_shard_reports_what_held_it) {
    std::vector<std::string> messages;
    set_log_sink([&](const log_line& l) { messages.emplace_back(l.message); });
    reactor loop({.stall = 1ms});
    hog h(loop);
    {
        reactor::scope here(loop);
        schedule(h);
    }
    loop.run();
    set_log_sink({});
    BOOST_TEST(loop.counters().stalls >= 1u);
    BOOST_TEST(loop.counters().longest_stall_ns > 0u);
    BOOST_REQUIRE(messages.size() > 3u);
    BOOST_TEST(messages[0].starts_with("one piece of work held the shard for at least "));
    BOOST_TEST(messages[1].find(" 0x") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
