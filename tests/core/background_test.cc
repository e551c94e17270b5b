// Work in the background: counted, and logged when it fails.
#include "core/background.hh"

#include "core/coroutine.hh"
#include "core/frame_cache.hh"
#include "core/log.hh"
#include "core/promise.hh"
#include "core/with_timeout.hh"
#include "tests/support/allocations.hh"
#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace millrace;

namespace {

struct captured_log {
    captured_log() {
        set_log_sink([this](const log_line& l) { lines.emplace_back(l.message); });
    }
    ~captured_log() { set_log_sink({}); }
    std::vector<std::string> lines;
};

future<> wait_for(future<> f) {
    co_await f;
}
struct at_end {
    std::function<void()> f;
    ~at_end() { f(); }
};
future<> wait_with_variable(future<> f, const std::function<void()>& at_its_end) {
    at_end last{at_its_end};
    co_await f;
    co_return;
}
future<> wait_with_parameter(future<> f, std::unique_ptr<at_end>) {
    co_await f;
}
future<> wait_and_fail(future<> f) {
    co_await f;
    throw std::runtime_error("in the end");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(work_is_counted_while_it_runs) {
    test::shard shard;
    promise<> p;
    promise<int> q;
    background(p.get_future());
    background(q.get_future());
    background(make_ready_future<>());
    BOOST_TEST(background_count() == 2u);
    auto done = background_done();
    p.set_value();
    shard.run();
    BOOST_TEST(background_count() == 1u);
    BOOST_TEST(!done.available());
    q.set_value(1);
    shard.run();
    BOOST_TEST(done.available());
    BOOST_TEST(background_done().available());
}

BOOST_AUTO_TEST_CASE(failure_is_one_log_line_with_its_origin) {
    test::shard shard;
    captured_log log;
    promise<> p;
    background(p.get_future());
    p.set_exception(std::runtime_error("later"));
    shard.run();
    background(make_exception_future<>(std::runtime_error("at once")));
    BOOST_TEST_REQUIRE(log.lines.size() == 2u);
    BOOST_TEST(log.lines[0].find("later (from ") != std::string::npos);
    BOOST_TEST(log.lines[1].find("background_test.cc") != std::string::npos);
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(work_ends_with_its_shard) {
    test::shard shard;
    promise<> p;
    background(p.get_future());
    auto done = background_done();
    shard.end();
    p.set_value();
}

BOOST_AUTO_TEST_CASE(coroutine_is_counted_until_it_returns) {
    test::shard shard;
    promise<> p;
    background(wait_for(p.get_future()));
    auto done = background_done();
    shard.run();
    BOOST_TEST(background_count() == 1u);
    BOOST_TEST(!done.available());
    p.set_value();
    shard.run();
    BOOST_TEST(background_count() == 0u);
    BOOST_TEST(done.available());
}

BOOST_AUTO_TEST_CASE(coroutine_in_the_background_costs_its_frame_alone) {
    test::shard shard;
    // More than may have been kept of a size.
    constexpr size_t n = frame_cache::kept_bytes_per_class / frame_cache::granule + 1000;
    std::vector<promise<>> promises(n);
    std::vector<future<>> work;
    work.reserve(n);
    for (promise<>& p : promises) work.push_back(wait_for(p.get_future()));
    const auto held = [] { return test::allocated_bytes() + frame_cache::large_page_bytes(); };
    const size_t before = held();
    for (future<>& f : work) background(std::move(f));
    BOOST_TEST(held() < before + n);
    BOOST_TEST(background_count() == n);
    for (promise<>& p : promises) p.set_value();
    shard.run();
    BOOST_TEST(background_count() == 0u);
}

BOOST_AUTO_TEST_CASE(what_the_last_variables_add_counts) {
    for (const bool parameter : {false, true}) {
        test::shard shard;
        promise<> first, second;
        size_t seen = 0;
        const auto add = [&] {
            seen = background_count();
            background(wait_for(second.get_future()));
        };
        if (parameter)
            background(wait_with_parameter(first.get_future(), std::unique_ptr<at_end>(new at_end{add})));
        else
            background(wait_with_variable(first.get_future(), add));
        auto done = background_done();
        first.set_value();
        shard.run();
        if (!parameter) BOOST_TEST(seen == 1u);
        BOOST_TEST(background_count() == 1u);
        BOOST_TEST(!done.available());
        second.set_value();
        shard.run();
        BOOST_TEST(done.available());
    }
}

BOOST_AUTO_TEST_CASE(failed_coroutine_is_one_log_line) {
    test::shard shard;
    captured_log log;
    promise<> p, q;
    background(wait_and_fail(p.get_future()));
    background(wait_for(q.get_future()));
    p.set_value();
    q.set_exception(std::runtime_error("passed on"));
    shard.run();
    BOOST_TEST_REQUIRE(log.lines.size() == 2u);
    BOOST_TEST(log.lines[0].find("failed: in the end (from ") == 0u);
    BOOST_TEST(log.lines[1].find("failed: passed on (from ") == 0u);
    BOOST_TEST(shard.forgotten().empty());
    BOOST_TEST(background_count() == 0u);
}

// A step of a pipeline returns what is not there yet: that is what goes on in the background from then on.
BOOST_AUTO_TEST_CASE(work_that_hands_over_stays_counted) {
    test::shard shard;
    captured_log log;
    promise<> first, kept, in_turn;
    background(first.get_future().then([&] { return kept.get_future(); }));
    background(wait_for(make_ready_future<>()).then([&] { return wait_and_fail(in_turn.get_future()); }));
    auto done = background_done();
    BOOST_TEST(background_count() == 2u);
    first.set_value();
    shard.run();
    BOOST_TEST(background_count() == 2u);
    kept.set_value();
    shard.run();
    BOOST_TEST(background_count() == 1u);
    BOOST_TEST(!done.available());
    in_turn.set_value();
    shard.run();
    BOOST_TEST(background_count() == 0u);
    BOOST_TEST(done.available());
    BOOST_TEST_REQUIRE(log.lines.size() == 1u);
    BOOST_TEST(log.lines[0].find("failed: in the end") == 0u);
}

BOOST_AUTO_TEST_CASE(work_that_is_late_is_over_and_logged_at_once) {
    test::shard shard;
    captured_log log;
    promise<> p;
    background(with_timeout(std::chrono::milliseconds(1), p.get_future()));
    shard.advance(std::chrono::milliseconds(2));
    BOOST_TEST(background_count() == 0u);
    BOOST_TEST(log.lines.size() == 1u);
    p.set_value();
    shard.run();
    BOOST_TEST(background_count() == 0u);
}

BOOST_AUTO_TEST_CASE(coroutine_ends_with_its_shard) {
    test::shard shard;
    captured_log log;
    promise<> p, q;
    background(wait_and_fail(p.get_future()));
    background(wait_for(wait_for(q.get_future().then([] {}))));
    shard.end();
    BOOST_TEST(log.lines.empty());
}

BOOST_AUTO_TEST_SUITE_END()
