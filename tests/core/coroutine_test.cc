// Coroutines that return futures: when they run, what they cost, and how they end with their shard.
#include "core/coroutine.hh"

#include "tests/support/allocations.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;

namespace {

// Writes its name where it ends.
class trace {
 public:
    trace(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}
    trace(const trace&) = delete;
    trace& operator=(const trace&) = delete;
    ~trace() { log_.push_back(name_); }

 private:
    std::vector<std::string>& log_;
    std::string name_;
};

future<int> ready(int v) {
    co_return v;
}

future<int> plus_one(future<int> f) {
    co_return co_await std::move(f) + 1;
}

future<> fails() {
    throw std::runtime_error("from a coroutine");
    co_return;
}

future<> stay(future<> f, std::vector<std::string>& log, std::string name) {
    trace t(log, std::move(name));
    co_await std::move(f);
}

future<> note_behind_others(std::vector<std::string>& log, std::string name) {
    trace t(log, name + " ends");
    co_await behind_others();
    log.push_back(name);
}

// Waits for a promise of its own: nobody else can end it.
future<> never_ending(std::vector<std::string>& log) {
    trace t(log, "callee");
    promise<> p;
    co_await p.get_future();
}

future<> caller_of_never_ending(std::vector<std::string>& log) {
    trace t(log, "caller");
    co_await never_ending(log).then([] {});
}

future<uint64_t> sum_of_ready(uint64_t n) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; ++i) sum += co_await make_ready_future<uint64_t>(i);
    co_return sum;
}

future<int> nested(int depth) {
    if (depth == 0) co_return 0;
    co_return co_await nested(depth - 1) + 1;
}

future<> wait_often(std::vector<promise<>>& promises, int& resumed) {
    for (auto& p : promises) {
        co_await p.get_future();
        ++resumed;
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(coroutine_starts_when_called) {
    test::shard shard;
    auto f = ready(3);
    BOOST_TEST(f.available());
    BOOST_TEST(f.get() == 3);
}

BOOST_AUTO_TEST_CASE(suspended_coroutine_goes_on_from_the_run_queue) {
    test::shard shard;
    promise<int> p;
    auto f = plus_one(p.get_future());
    p.set_value(1);
    BOOST_TEST(!f.available());
    shard.run();
    BOOST_TEST(f.get() == 2);
}

BOOST_AUTO_TEST_CASE(who_goes_behind_others_runs_after_what_was_ready) {
    test::shard shard;
    std::vector<std::string> log;
    promise<int> p;
    auto f = plus_one(p.get_future());
    auto first = f.then([&](int) { log.push_back("other"); });
    p.set_value(1);
    auto a = note_behind_others(log, "a");
    auto b = note_behind_others(log, "b");
    BOOST_TEST(log.empty());
    shard.run();
    const std::vector<std::string> expected = {"a", "a ends", "b", "b ends", "other"};
    BOOST_TEST(log == expected, boost::test_tools::per_element());
    first.get();
    a.get();
    b.get();
}

BOOST_AUTO_TEST_CASE(ending_shard_destroys_who_went_behind_others) {
    test::shard shard;
    std::vector<std::string> log;
    auto f = note_behind_others(log, "a");
    shard.end();
    BOOST_TEST((log == std::vector<std::string>{"a ends"}));
    BOOST_TEST(!f.available());
}

BOOST_AUTO_TEST_CASE(exception_travels_through_awaits) {
    test::shard shard;
    promise<int> p;
    auto f = plus_one(plus_one(p.get_future()));
    p.set_exception(errc::aborted);
    shard.run();
    BOOST_TEST(test::code_of(f) == errc::aborted);
    BOOST_CHECK_THROW(fails().get(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(forgotten_coroutine_is_reported_by_name) {
    test::shard shard;
    { auto f = fails(); }
    BOOST_TEST_REQUIRE(shard.forgotten().size() == 1u);
    const auto& origin = shard.forgotten()[0].origin;
    BOOST_TEST(std::string_view(origin.file_name()).ends_with("coroutine_test.cc"));
    BOOST_TEST(std::string_view(origin.function_name()).find("fails") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(dropping_the_future_lets_the_coroutine_run_on) {
    test::shard shard;
    std::vector<std::string> log;
    promise<> p;
    { auto f = stay(p.get_future(), log, "ran on"); }
    p.set_value();
    shard.run();
    BOOST_TEST(log == std::vector<std::string>{"ran on"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(arguments_and_results_that_only_move_travel_through) {
    test::shard shard;
    auto pass = [](std::unique_ptr<int> v) -> future<std::unique_ptr<int>> { co_return std::move(v); };
    BOOST_TEST(*pass(std::make_unique<int>(6)).get() == 6);
}

BOOST_AUTO_TEST_CASE(settled_leaves_the_outcome_in_the_future) {
    test::shard shard;
    promise<int> p;
    auto look = [](future<int> f) -> future<bool> {
        co_await settled(f);
        co_return f.failed() && (f.ignore_ready_future(), true);
    };
    auto f = look(p.get_future());
    p.set_exception(errc::aborted);
    shard.run();
    BOOST_TEST(f.get());
}

BOOST_AUTO_TEST_CASE(ten_million_ready_awaits_do_not_grow_the_stack) {
    test::shard shard;
    constexpr uint64_t n = 10'000'000;
    auto f = sum_of_ready(n);
    BOOST_TEST(!f.available());  // it lets others run in between
    shard.run();
    BOOST_TEST(f.get() == n * (n - 1) / 2);
}

BOOST_AUTO_TEST_CASE(resuming_a_deep_chain_of_callers_does_not_grow_the_stack) {
    test::shard shard;
    constexpr int depth = 100'000;
    promise<int> p;
    auto f = p.get_future();
    for (int i = 0; i < depth; ++i) f = plus_one(std::move(f));
    p.set_value(0);
    shard.run();
    BOOST_TEST(f.get() == depth);
}

BOOST_AUTO_TEST_CASE(called_and_resumed_coroutines_allocate_nothing_once_the_cache_is_warm) {
    test::shard shard;
    auto work = [&] {
        promise<int> p;
        auto f = plus_one(p.get_future());
        p.set_value(1);
        shard.run();
        BOOST_TEST(f.get() == 2);
        BOOST_TEST(nested(10).get() == 10);
    };
    work();
    BOOST_TEST(test::allocations_of(work) == 0u);
}

BOOST_AUTO_TEST_CASE(resuming_a_coroutine_allocates_nothing) {
    test::shard shard;
    std::vector<promise<>> promises(100);
    int resumed = 0;
    auto f = wait_often(promises, resumed);
    auto work = [&] {
        for (auto& p : promises) {
            p.set_value();
            shard.run();
        }
    };
    BOOST_TEST(test::allocations_of(work) == 0u);
    BOOST_TEST(resumed == 100);
    f.get();
}

BOOST_AUTO_TEST_CASE(ending_shard_destroys_what_waits_callees_first) {
    test::shard shard;
    std::vector<std::string> log;
    auto f = caller_of_never_ending(log);
    shard.end();
    BOOST_TEST(log == (std::vector<std::string>{"callee", "caller"}), boost::test_tools::per_element());
    BOOST_TEST(shard.forgotten().empty());
    BOOST_TEST(!f.available());
}

BOOST_AUTO_TEST_CASE(ending_shard_destroys_what_was_about_to_run) {
    test::shard shard;
    std::vector<std::string> log;
    promise<> p;
    auto f = stay(p.get_future(), log, "never ran");
    p.set_value();
    shard.end();
    BOOST_TEST(log.size() == 1u);
}

BOOST_AUTO_TEST_CASE(destructor_may_start_work_while_the_shard_ends) {
    struct starter {
        std::vector<std::string>& log;
        ~starter() { auto started = never_ending(log); }
    };
    test::shard shard;
    std::vector<std::string> log;
    auto wait = [](std::vector<std::string>& l) -> future<> {
        starter s{l};
        promise<> p;
        co_await p.get_future();
    };
    auto f = wait(log);
    shard.end();
    BOOST_TEST(log.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
