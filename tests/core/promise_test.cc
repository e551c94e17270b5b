// Promises: resolving before and after, moving both ends, dropping either.
#include "core/promise.hh"

#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(value_may_come_before_the_future_is_taken) {
    test::shard shard;
    promise<std::string> p;
    p.set_value("early");
    BOOST_TEST(p.get_future().get() == "early");
}

BOOST_AUTO_TEST_CASE(both_ends_may_move_in_any_order) {
    test::shard shard;
    promise<int> a;
    promise<int> b = std::move(a);
    future<int> f = b.get_future();
    future<int> g = std::move(f);
    promise<int> c = std::move(b);
    f = std::move(g);
    c.set_value(4);
    BOOST_TEST(f.get() == 4);

    promise<int> d;
    d.set_value(5);
    promise<int> e = std::move(d);
    BOOST_TEST(e.get_future().get() == 5);
}

BOOST_AUTO_TEST_CASE(promise_dropped_unresolved_breaks_its_future) {
    test::shard shard;
    std::optional<promise<int>> p(std::in_place);
    future<int> f = p->get_future();
    p.reset();
    BOOST_TEST(f.available());
    BOOST_TEST(test::code_of(f) == errc::broken_promise);
}

BOOST_AUTO_TEST_CASE(promise_dropped_unresolved_wakes_its_waiter) {
    test::shard shard;
    std::optional<promise<>> p(std::in_place);
    auto f = p->get_future().then([] { return 1; });
    p.reset();
    shard.run();
    BOOST_TEST(test::code_of(f) == errc::broken_promise);
}

BOOST_AUTO_TEST_CASE(assigning_to_a_promise_breaks_the_one_before) {
    test::shard shard;
    promise<> p;
    future<> first = p.get_future();
    p = promise<>();
    future<> second = p.get_future();
    BOOST_TEST(test::code_of(first) == errc::broken_promise);
    p.set_value();
    second.get();
}

BOOST_AUTO_TEST_CASE(reason_may_be_a_pointer_a_code_or_an_object) {
    test::shard shard;
    promise<> a, b, c;
    a.set_exception(std::make_exception_ptr(std::runtime_error("pointer")));
    b.set_exception(std::make_error_code(std::errc::timed_out));
    c.set_exception(std::logic_error("object"));
    BOOST_CHECK_THROW(a.get_future().get(), std::runtime_error);
    BOOST_CHECK(test::code_of(b.get_future()) == std::errc::timed_out);
    BOOST_CHECK_THROW(c.get_future().get(), std::logic_error);
}

BOOST_AUTO_TEST_CASE(abandoned_promise_may_still_be_resolved) {
    test::shard shard;
    promise<std::unique_ptr<int>> p;
    { auto dropped = p.get_future(); }
    BOOST_TEST(p.abandoned());
    p.set_value(std::make_unique<int>(1));
    BOOST_TEST(p.resolved());
    BOOST_TEST(shard.forgotten().empty());
}

BOOST_AUTO_TEST_CASE(failure_of_an_abandoned_promise_is_reported) {
    test::shard shard;
    promise<> p;
    { auto dropped = p.get_future(); }
    p.set_exception(std::runtime_error("nobody listens"));
    BOOST_TEST(shard.forgotten().size() == 1u);
}

BOOST_AUTO_TEST_CASE(failure_in_a_promise_whose_future_was_never_taken_is_reported) {
    test::shard shard;
    {
        promise<> p;
        p.set_exception(std::runtime_error("never taken"));
    }
    BOOST_TEST(shard.forgotten().size() == 1u);
    { promise<> untouched; }
    BOOST_TEST(shard.forgotten().size() == 1u);
}

BOOST_AUTO_TEST_CASE(constructor_that_throws_leaves_the_promise_unresolved) {
    struct picky {
        explicit picky(bool fails) {
            if (fails) throw std::runtime_error("picky");
        }
    };
    test::shard shard;
    promise<picky> p;
    auto f = p.get_future();
    BOOST_CHECK_THROW(p.set_value(true), std::runtime_error);
    BOOST_TEST(!p.resolved());
    p.set_value(false);
    BOOST_TEST(f.available());
    f.ignore_ready_future();
}

BOOST_AUTO_TEST_CASE(future_may_outlive_its_shard) {
    test::shard shard;
    promise<int> p;
    auto f = p.get_future();
    shard.end();
    p.set_value(3);
    BOOST_TEST(f.get() == 3);
}

BOOST_AUTO_TEST_SUITE_END()
