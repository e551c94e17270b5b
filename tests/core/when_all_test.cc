// Waiting for all of several futures.
#include "core/when_all.hh"

#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(when_all_gives_each_outcome) {
    test::shard shard;
    promise<int> p;
    promise<std::string> q;
    auto all = when_all(p.get_future(), q.get_future(), make_ready_future<>());
    q.set_exception(errc::aborted);
    shard.run();
    BOOST_TEST(!all.available());
    p.set_value(3);
    shard.run();
    auto [a, b, c] = all.get();
    BOOST_TEST(a.get() == 3);
    BOOST_TEST(test::code_of(b) == errc::aborted);
    c.get();
}

BOOST_AUTO_TEST_CASE(when_all_of_ready_futures_is_ready) {
    test::shard shard;
    auto all = when_all(make_ready_future<int>(1), make_ready_future<>());
    BOOST_TEST(all.available());
    BOOST_TEST(std::get<0>(all.get()).get() == 1);
    BOOST_TEST(when_all().available());
}

BOOST_AUTO_TEST_CASE(when_all_takes_a_range) {
    test::shard shard;
    std::vector<promise<int>> promises(3);
    std::vector<future<int>> futures;
    for (auto& p : promises) futures.push_back(p.get_future());
    auto all = when_all(futures.begin(), futures.end());
    for (int i = 2; i >= 0; --i) promises[size_t(i)].set_value(i);
    shard.run();
    auto done = all.get();
    BOOST_TEST_REQUIRE(done.size() == 3u);
    for (int i = 0; i < 3; ++i) BOOST_TEST(done[size_t(i)].get() == i);
}

BOOST_AUTO_TEST_CASE(when_all_succeed_gives_the_values) {
    test::shard shard;
    promise<std::unique_ptr<int>> p;
    auto all = when_all_succeed(make_ready_future<int>(1), make_ready_future<>(), p.get_future());
    p.set_value(std::make_unique<int>(2));
    shard.run();
    auto [one, nothing, two] = all.get();
    static_assert(std::is_same_v<decltype(nothing), unit>);
    BOOST_TEST(one == 1);
    BOOST_TEST(*two == 2);
    when_all_succeed(make_ready_future<>(), make_ready_future<>()).get();
}

BOOST_AUTO_TEST_CASE(when_all_succeed_fails_with_the_first_in_order_once_all_have_resolved) {
    test::shard shard;
    promise<int> p;
    auto all = when_all_succeed(p.get_future(), make_exception_future<>(std::runtime_error("second")),
                                make_exception_future<>(std::runtime_error("third")));
    shard.run();
    BOOST_TEST(!all.available());
    p.set_value(1);
    shard.run();
    BOOST_TEST(describe(all.get_exception()) == "second");
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(when_all_succeed_takes_ranges) {
    test::shard shard;
    std::vector<future<int>> values;
    values.push_back(make_ready_future<int>(1));
    values.push_back(make_ready_future<int>(2));
    BOOST_TEST(when_all_succeed(std::move(values)).get() == (std::vector<int>{1, 2}),
               boost::test_tools::per_element());
    std::vector<future<>> nothings;
    nothings.push_back(make_ready_future<>());
    nothings.push_back(make_exception_future<>(errc::aborted));
    BOOST_TEST(test::code_of(when_all_succeed(nothings.begin(), nothings.end())) == errc::aborted);
}

BOOST_AUTO_TEST_SUITE_END()
