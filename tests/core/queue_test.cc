// Bounded queues between coroutines.
#include "core/queue.hh"

#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <vector>

using namespace millrace;

namespace {

future<> produce(queue<int>& q, int n) {
    for (int i = 0; i < n; ++i) co_await q.push_eventually(i);
}

future<> consume(queue<int>& q, int n, std::vector<int>& out) {
    for (int i = 0; i < n; ++i) out.push_back(co_await q.pop_eventually());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(elements_pass_in_order_through_a_queue_of_one) {
    test::shard shard;
    queue<int> q(1);
    std::vector<int> out;
    auto p = produce(q, 1000);
    auto c = consume(q, 1000, out);
    shard.run();
    p.get();
    c.get();
    BOOST_TEST_REQUIRE(out.size() == 1000u);
    for (int i = 0; i < 1000; ++i) BOOST_TEST(out[size_t(i)] == i);
    BOOST_TEST(q.empty());
}

BOOST_AUTO_TEST_CASE(several_consumers_share_the_elements) {
    test::shard shard;
    queue<int> q(2);
    std::vector<int> a, b;
    auto c = consume(q, 5, a);
    auto d = consume(q, 5, b);
    auto p = produce(q, 10);
    shard.run();
    p.get();
    c.get();
    d.get();
    BOOST_TEST(a.size() + b.size() == 10u);
}

BOOST_AUTO_TEST_CASE(full_queue_leaves_the_element_with_the_caller) {
    test::shard shard;
    queue<std::unique_ptr<int>> q(1);
    auto kept = std::make_unique<int>(2);
    BOOST_TEST(q.push(std::make_unique<int>(1)));
    BOOST_TEST(!q.push(std::move(kept)));
    BOOST_TEST(*kept == 2);
    auto later = q.push_eventually(std::move(kept));
    BOOST_TEST(!later.available());
    BOOST_TEST(*q.pop() == 1);
    shard.run();
    later.get();
    BOOST_TEST(*q.pop() == 2);
}

BOOST_AUTO_TEST_CASE(readiness_can_be_waited_for) {
    test::shard shard;
    queue<int> q(1);
    auto filled = q.not_empty();
    BOOST_TEST(q.not_full().available());
    BOOST_TEST(q.push(1));
    auto drained = q.not_full();
    BOOST_TEST(filled.available());
    BOOST_TEST(!drained.available());
    BOOST_TEST(q.pop() == 1);
    BOOST_TEST(drained.available());
}

BOOST_AUTO_TEST_CASE(aborted_queue_fails_both_sides_now_and_later) {
    test::shard shard;
    queue<int> empty(1), full(1);
    auto pop = empty.pop_eventually();
    BOOST_TEST(full.push(1));
    auto push = full.push_eventually(2);
    empty.abort();
    full.abort(to_exception_ptr(errc::aborted));
    shard.run();
    BOOST_TEST(test::code_of(pop) == errc::queue_closed);
    BOOST_TEST(test::code_of(push) == errc::aborted);
    BOOST_TEST(test::code_of(full.pop_eventually()) == errc::aborted);
    BOOST_TEST(test::code_of(full.push_eventually(3)) == errc::aborted);
    BOOST_TEST(test::code_of(full.not_full()) == errc::aborted);
    BOOST_TEST(!full.push(3));
}

BOOST_AUTO_TEST_SUITE_END()
