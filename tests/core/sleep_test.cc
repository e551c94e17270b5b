// Sleeping and yielding, in virtual time.
#include "core/sleep.hh"

#include "core/coroutine.hh"
#include "tests/support/allocations.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(sleep_resolves_at_its_deadline_and_not_before) {
    test::shard shard;
    auto f = sleep(10ms);
    shard.advance(10ms - 1ns);
    BOOST_TEST(!f.available());
    shard.advance(1us);
    BOOST_TEST(f.available());
}

BOOST_AUTO_TEST_CASE(abort_ends_a_sleep_early) {
    test::shard shard;
    abort_source source;
    auto f = sleep_abortable(1h, source);
    source.request_abort();
    BOOST_TEST(test::code_of(f) == errc::aborted);
    BOOST_TEST(shard.loop().timers() == 0u);
    BOOST_TEST(test::code_of(sleep_abortable(1h, source)) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(abort_after_a_sleep_does_nothing) {
    test::shard shard;
    abort_source source;
    auto f = sleep_abortable(1ms, source);
    shard.advance(1ms);
    source.request_abort();
    BOOST_TEST(f.available());
    f.get();
}

BOOST_AUTO_TEST_CASE(abort_of_a_sleep_that_was_dropped_says_nothing) {
    test::shard shard;
    abort_source source;
    { auto dropped = sleep_abortable(1h, source); }
    source.request_abort();
    BOOST_TEST(shard.forgotten().empty());
    BOOST_TEST(shard.loop().timers() == 0u);
}

BOOST_AUTO_TEST_CASE(a_sleep_beyond_all_time_does_not_end) {
    test::shard shard;
    abort_source source;
    auto f = sleep(duration::max());
    auto g = sleep_abortable(duration::max(), source);
    shard.advance(1h);
    BOOST_TEST(!f.available());
    BOOST_TEST(!g.available());
    source.request_abort();
    BOOST_TEST(test::code_of(g) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(yield_lets_the_ready_tasks_run_first) {
    test::shard shard;
    std::vector<int> log;
    auto worker = [](std::vector<int>& l, int name) -> future<> {
        for (int i = 0; i < 2; ++i) {
            l.push_back(name);
            co_await yield();
        }
    };
    auto a = worker(log, 1), b = worker(log, 2);
    shard.run();
    BOOST_TEST(log == (std::vector<int>{1, 2, 1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(sleeping_and_yielding_allocate_nothing_once_the_cache_is_warm) {
    test::shard shard;
    auto work = [&] {
        auto f = sleep(1ms);
        auto g = yield();
        shard.advance(1ms);
        BOOST_TEST(f.available());
        BOOST_TEST(g.available());
    };
    work();
    BOOST_TEST(test::allocations_of(work) == 0u);
}

BOOST_AUTO_TEST_CASE(sleepers_end_with_their_shard) {
    test::shard shard;
    abort_source source;
    auto f = sleep(1h);
    auto g = sleep_abortable(1h, source);
    auto h = yield();
    shard.end();
    source.request_abort();
    BOOST_TEST(!f.available());
    BOOST_TEST(!g.available());
    BOOST_TEST(!h.available());
}

BOOST_AUTO_TEST_SUITE_END()
