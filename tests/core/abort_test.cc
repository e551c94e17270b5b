// Abort sources and their subscribers.
#include "core/abort.hh"

#include "tests/support/core_shard.hh"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <optional>
#include <stdexcept>
#include <vector>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(subscribers_hear_once_and_in_order) {
    abort_source source;
    std::vector<int> log;
    abort_callback a(source, [&] { log.push_back(1); });
    abort_callback b(source, [&] { log.push_back(2); });
    source.request_abort();
    source.request_abort();
    BOOST_TEST(log == (std::vector<int>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(subscription_ends_with_its_object) {
    abort_source source;
    int calls = 0;
    {
        abort_callback gone(source, [&] { ++calls; });
    }
    source.request_abort();
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(late_subscriber_hears_at_once) {
    abort_source source;
    source.request_abort();
    int calls = 0;
    abort_callback late(source, [&] { ++calls; });
    BOOST_TEST(calls == 1);
}

BOOST_AUTO_TEST_CASE(subscriber_may_destroy_another) {
    abort_source source;
    std::optional<abort_callback<std::function<void()>>> second;
    int calls = 0;
    abort_callback first(source, [&] { second.reset(); });
    second.emplace(source, [&] { ++calls; });
    source.request_abort();
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(check_throws_the_reason) {
    abort_source source;
    source.check();
    source.request_abort(std::make_exception_ptr(std::runtime_error("enough")));
    BOOST_CHECK_THROW(source.check(), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
