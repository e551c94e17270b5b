// Shards: submit_to between threads and between reactors of one thread, and the end of a group.
#include "core/shard.hh"

#include "core/coroutine.hh"
#include "core/timer.hh"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

// Two shards in this thread, in virtual time.
struct one_thread {
    manual_clock clock;
    shards group{{.count = 2, .time = &clock, .ring_capacity = 8}};

    void turn_until_idle() {
        bool worked = true;
        while (worked) {
            worked = group.at(0).turn();
            worked |= group.at(1).turn();
        }
    }
    // Runs a coroutine on shard 0 as far as it gets.
    template <typename F>
    void on_shard_0(F f) {
        future<> done = make_ready_future<>();
        {
            reactor::scope here(group.at(0));
            done = futurize_invoke(f);
        }
        turn_until_idle();
        BOOST_REQUIRE(done.available());
        reactor::scope here(group.at(0));
        done.get();
    }
};

struct two_threads {
    shards group{{.count = 2, .spin = 5us}};
};

class manual_timer final : public timer {
 public:
    promise<> expired;

 private:
    void on_expire() noexcept override { expired.set_value(); }
};

future<> wait(duration d) {
    manual_timer t;
    t.arm_after(d);
    co_await t.expired.get_future();
}

future<> wait_with(std::shared_ptr<int>) {
    co_await wait(24h);
}

future<int> answer_late(int n) {
    co_await wait(200us);
    co_return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core_shard)

BOOST_FIXTURE_TEST_CASE(submit_to_brings_a_result_back, one_thread) {
    on_shard_0([]() -> future<> {
        const shard_id there = co_await submit_to(1, [] { return this_shard(); });
        BOOST_TEST(there == 1u);
        BOOST_TEST(this_shard() == 0u);
        BOOST_TEST(shard_count() == 2u);
    });
}

BOOST_FIXTURE_TEST_CASE(submit_to_this_shard_runs_at_once, one_thread) {
    reactor::scope here(group.at(0));
    auto f = submit_to(0, [] { return 5; });
    BOOST_TEST(f.available());
    BOOST_TEST(f.get() == 5);
}

BOOST_FIXTURE_TEST_CASE(a_local_coroutine_keeps_its_captures_while_it_waits, one_thread) {
    promise<> go;
    on_shard_0([&]() -> future<> {
        auto text = std::make_unique<std::string>("still here");
        auto f = submit_to(0, [&, text = std::move(text)]() -> future<std::string> {
            co_await go.get_future();
            co_return *text;
        });
        go.set_value();
        BOOST_TEST(co_await std::move(f) == "still here");
    });
}

BOOST_FIXTURE_TEST_CASE(exceptions_travel_back, one_thread) {
    on_shard_0([]() -> future<> {
        bool caught = false;
        try {
            co_await submit_to(1, [] { throw std::runtime_error("over there"); });
        } catch (const std::runtime_error& e) {
            caught = std::string(e.what()) == "over there";
        }
        BOOST_TEST(caught);
    });
}

BOOST_FIXTURE_TEST_CASE(move_only_functions_and_results_travel, one_thread) {
    on_shard_0([]() -> future<> {
        auto there_and_back = [n = std::make_unique<int>(20)]() mutable { return std::move(n); };
        const auto n = co_await submit_to(1, std::move(there_and_back));
        BOOST_TEST(*n == 20);
    });
}

BOOST_FIXTURE_TEST_CASE(a_function_may_answer_later_by_a_future, one_thread) {
    future<int> answer = make_ready_future<int>(0);
    {
        reactor::scope here(group.at(0));
        answer = submit_to(1, [n = 7]() -> future<int> { co_return co_await answer_late(n); });
    }
    turn_until_idle();
    BOOST_TEST(!answer.available());
    clock.advance(200us);
    turn_until_idle();
    BOOST_TEST(answer.get() == 7);
}

BOOST_FIXTURE_TEST_CASE(many_submissions_through_a_small_ring_all_come_back, one_thread) {
    on_shard_0([]() -> future<> {
        std::vector<future<int>> asked;
        for (int i = 0; i < 1000; ++i) asked.push_back(submit_to(1, [i] { return i; }));
        for (int i = 0; i < 1000; ++i) BOOST_REQUIRE(co_await std::move(asked[size_t(i)]) == i);
    });
}

BOOST_AUTO_TEST_CASE(a_submission_whose_answer_never_comes_leaves_nothing) {
    manual_clock clock;
    auto witness = std::make_shared<int>(0);
    promise<> never_kept;
    {
        shards group({.count = 2, .time = &clock});
        reactor::scope here(group.at(0));
        (void)submit_to(1, [&, witness]() -> future<> { co_await never_kept.get_future(); });
        BOOST_TEST(witness.use_count() == 2);
    }
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_submission_to_a_shard_that_has_ended_fails, one_thread) {
    group.at(1).end();
    auto witness = std::make_shared<int>(0);
    on_shard_0([&]() -> future<> {
        auto f = submit_to(1, [witness] { return *witness; });
        co_await settled(f);
        BOOST_REQUIRE(f.failed());
        try {
            co_await std::move(f);
        } catch (const std::system_error& e) {
            BOOST_TEST(e.code() == make_error_code(errc::shard_stopped));
        }
    });
    BOOST_TEST(witness.use_count() == 1);
}

// ---- threads

BOOST_FIXTURE_TEST_CASE(threads_answer_each_other, two_threads) {
    group.run([]() -> future<> {
        for (int i = 0; i < 2000; ++i) {
            const int n = co_await submit_to(1, [i] { return i + 1; });
            BOOST_REQUIRE(n == i + 1);
        }
    });
}

BOOST_FIXTURE_TEST_CASE(threads_may_submit_back_and_forth, two_threads) {
    int sum = 0;
    group.run([&]() -> future<> {
        for (int i = 0; i < 500; ++i)
            sum += co_await submit_to(
                1, [i]() -> future<int> { co_return co_await submit_to(0, [i] { return i; }) + 1; });
    });
    BOOST_TEST(sum == 500 * 499 / 2 + 500);
}

BOOST_FIXTURE_TEST_CASE(a_sleeping_shard_is_woken, two_threads) {
    group.run([]() -> future<> {
        for (int i = 0; i < 50; ++i) {
            co_await wait(300us);  // long enough for both to fall asleep
            co_await submit_to(1, [] {});
        }
    });
    BOOST_TEST(group.at(1).counters().sleeps > 0u);
}

// Both sides sleep whenever they can; a lost wake-up would hang this.
BOOST_AUTO_TEST_CASE(no_wake_up_is_lost) {
    shards group({.count = 2, .spin = 0us});
    group.run([]() -> future<> {
        for (int i = 0; i < 20000; ++i) co_await submit_to(1, [] {});
    });
}

BOOST_FIXTURE_TEST_CASE(threads_that_flood_each_other_do_not_hold_each_other_up, two_threads) {
    std::atomic<int> opened = 0;
    group.run([&]() -> future<> {
        auto flood = [&](shard_id to) {
            for (int i = 0; i < 5000; ++i) post(to, [&] { opened.fetch_add(1); });
        };
        auto other = submit_to(1, [&] { flood(0); });
        flood(1);
        co_await std::move(other);
    });
    BOOST_TEST(opened == 10000);
}

BOOST_FIXTURE_TEST_CASE(the_end_of_main_waits_for_work_under_way_on_all_shards, two_threads) {
    std::atomic<int> hops = 0;
    struct hopper {
        static void hop(std::atomic<int>& hops) {
            if (hops.fetch_add(1) < 1000) post(1 - this_shard(), [&hops] { hop(hops); });
        }
    };
    group.run([&] {
        post(1, [&] { hopper::hop(hops); });
        return make_ready_future<>();
    });
    BOOST_TEST(hops == 1001);
}

BOOST_FIXTURE_TEST_CASE(run_throws_what_main_failed_with, two_threads) {
    BOOST_CHECK_THROW(group.run([]() -> future<> { throw std::runtime_error("no"); }), std::runtime_error);
    BOOST_CHECK_THROW(shards({.count = 1}).run([]() -> future<> {
        co_await wait(10us);
        throw std::logic_error("later");
    }),
                      std::logic_error);
}

BOOST_AUTO_TEST_CASE(coroutines_that_still_wait_at_the_end_are_destroyed) {
    auto witness = std::make_shared<int>(0);
    {
        shards group({.count = 2});
        group.run([&]() -> future<> {
            auto leave_one_waiting = [witness] { (void)wait_with(witness); };
            for (shard_id s = 0; s < 2; ++s) co_await submit_to(s, leave_one_waiting);
        });
        BOOST_TEST(witness.use_count() == 1);
    }
}

BOOST_AUTO_TEST_CASE(each_shard_has_randomness_of_its_own_from_one_seed) {
    manual_clock clock;
    shards one({.count = 2, .time = &clock, .seed = 9});
    shards two({.count = 2, .time = &clock, .seed = 9});
    const uint64_t first = one.at(0).rng().next();
    BOOST_TEST(first != one.at(1).rng().next());
    BOOST_TEST(first == two.at(0).rng().next());
}

// ---- CPUs

BOOST_AUTO_TEST_CASE(shards_run_on_the_cpus_given) {
    const unsigned cpu = available_cpus().back();
    shards group({.count = 1, .cpus = {cpu}});
    const auto before = available_cpus();
    std::vector<unsigned> seen;
    group.run([&] {
        seen = available_cpus();
        return make_ready_future<>();
    });
    BOOST_TEST(seen == std::vector<unsigned>{cpu}, boost::test_tools::per_element());
    BOOST_TEST(available_cpus() == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(cpus_that_are_not_there_or_too_few_are_refused) {
    BOOST_CHECK_THROW(shards({.count = 1, .cpus = {4095}}), std::invalid_argument);
    BOOST_CHECK_THROW(shards({.count = 2, .cpus = {0}}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(lists_of_cpus_are_parsed) {
    BOOST_TEST(parse_cpus("3") == std::vector<unsigned>{3}, boost::test_tools::per_element());
    BOOST_TEST(parse_cpus("0-2,6") == (std::vector<unsigned>{0, 1, 2, 6}), boost::test_tools::per_element());
    for (const char* bad : {"", "a", "1,", "1-", "-1", "2-1", "1,1", "0-99999", "1 ,2"})
        BOOST_CHECK_THROW(parse_cpus(bad), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
