// Stackful threads: functions that may block.
#include "core/thread.hh"

#include "core/coroutine.hh"
#include "core/semaphore.hh"
#include "core/sleep.hh"
#include "tests/support/allocations.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

struct at_exit {
    int& count;
    ~at_exit() { ++count; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(thread_runs_at_once_and_blocks_in_get) {
    test::shard shard;
    promise<int> p;
    bool begun = false;
    auto f = async([&] {
        begun = true;
        BOOST_TEST(inside_thread());
        return p.get_future().get() + 1;
    });
    BOOST_TEST(begun);
    BOOST_TEST(!inside_thread());
    BOOST_TEST(!f.available());
    p.set_value(1);
    shard.run();
    BOOST_TEST(f.get() == 2);
}

BOOST_AUTO_TEST_CASE(arguments_move_in_and_a_returned_future_is_waited_for) {
    test::shard shard;
    auto f = async([](std::unique_ptr<int> v,
                      std::string s) { return sleep(1ms).then([n = *v + int(s.size())] { return n; }); },
                   std::make_unique<int>(3), "four");
    shard.advance(1ms);
    BOOST_TEST(f.get() == 7);
}

BOOST_AUTO_TEST_CASE(exceptions_leave_through_the_future) {
    test::shard shard;
    auto f = async([] {
        sleep(1ms).get();
        throw std::runtime_error("from a thread");
    });
    shard.advance(1ms);
    BOOST_CHECK_THROW(f.get(), std::runtime_error);
    auto g = async([] { make_exception_future<>(errc::aborted).get(); });
    BOOST_TEST(test::code_of(g) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(threads_may_wait_inside_catch_blocks_independently) {
    test::shard shard;
    auto waits_in_catch = [](std::string text, duration d) {
        try {
            throw std::runtime_error(text);
        } catch (const std::runtime_error& e) {
            sleep(d).get();
            BOOST_TEST(e.what() == text);
            BOOST_CHECK(std::current_exception() != nullptr);
        }
        BOOST_CHECK(std::current_exception() == nullptr);
    };
    auto a = async(waits_in_catch, "first", 2ms), b = async(waits_in_catch, "second", 1ms);
    BOOST_CHECK(std::current_exception() == nullptr);
    shard.advance(1ms);
    shard.advance(1ms);
    a.get();
    b.get();
}

BOOST_AUTO_TEST_CASE(threads_nest_and_take_turns) {
    test::shard shard;
    std::vector<int> log;
    auto f = async([&] {
        auto inner = async([&] {
            log.push_back(1);
            yield().get();
            log.push_back(3);
            yield().get();
        });
        log.push_back(2);
        inner.get();
        log.push_back(4);
    });
    shard.run();
    f.get();
    BOOST_TEST(log == (std::vector<int>{1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(many_threads_at_once) {
    test::shard shard;
    semaphore s(0);
    int done = 0;
    std::vector<future<>> threads;
    for (int i = 0; i < 200; ++i)
        threads.push_back(async([&] {
            s.wait().get();
            ++done;
        }));
    s.signal(200);
    shard.run();
    BOOST_TEST(done == 200);
}

BOOST_AUTO_TEST_CASE(stack_unwinds_when_the_shard_ends) {
    test::shard shard;
    int unwound = 0;
    promise<> never;
    auto f = async([&] {
        at_exit a{unwound};
        async([&] {
            at_exit b{unwound};
            never.get_future().get();
        }).get();
    });
    shard.end();
    BOOST_TEST(unwound == 2);
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(blocking_maps_no_new_stack_once_there_is_one) {
    test::shard shard;
    auto work = [&] {
        auto f = async([] { yield().get(); });
        shard.run();
        f.get();
    };
    work();
    BOOST_TEST(test::allocations_of(work) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
