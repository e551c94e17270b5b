// Gates: counting what is inside, closing.
#include "core/gate.hh"

#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(close_resolves_when_the_last_one_left) {
    test::shard shard;
    gate g;
    g.enter();
    future<> closed = make_ready_future<>();
    {
        auto inside = g.hold();
        auto moved = std::move(inside);
        BOOST_TEST(g.count() == 2u);
        closed = g.close();
        g.leave();
        BOOST_TEST(!closed.available());
    }
    BOOST_TEST(closed.available());
    closed.get();
}

BOOST_AUTO_TEST_CASE(empty_gate_closes_at_once) {
    test::shard shard;
    gate g;
    g.close().get();
    BOOST_TEST(g.is_closed());
}

BOOST_AUTO_TEST_CASE(closed_gate_lets_nobody_in) {
    test::shard shard;
    gate g;
    g.close().get();
    BOOST_TEST(!g.try_enter());
    BOOST_CHECK_THROW(g.enter(), std::system_error);
    BOOST_CHECK_THROW((void)g.hold(), std::system_error);
    bool ran = false;
    BOOST_TEST(test::code_of(with_gate(g, [&] { ran = true; })) == errc::gate_closed);
    BOOST_TEST(!ran);
}

BOOST_AUTO_TEST_CASE(with_gate_stays_inside_until_the_future_resolves) {
    test::shard shard;
    gate g;
    promise<int> p;
    auto f = with_gate(g, [&] { return p.get_future(); });
    BOOST_TEST(g.count() == 1u);
    p.set_exception(errc::aborted);
    shard.run();
    BOOST_TEST(g.count() == 0u);
    BOOST_TEST(test::code_of(f) == errc::aborted);
}

BOOST_AUTO_TEST_CASE(what_is_inside_leaves_when_the_shard_ends) {
    test::shard shard;
    gate g;
    promise<> p;
    auto f = with_gate(g, [&] { return p.get_future(); });
    shard.end();
    BOOST_TEST(g.count() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
