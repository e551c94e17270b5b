#include "tcp/stats.hh"

#include "core/metrics.hh"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(tcp_stats)

BOOST_AUTO_TEST_CASE(every_counter_is_declared_once_with_its_own_value) {
    tcp::stats s;
    auto* values = reinterpret_cast<uint64_t*>(&s);
    constexpr size_t count = sizeof s / sizeof(uint64_t);
    for (size_t i = 0; i < count; ++i) values[i] = i + 1;
    metric_registry registry;
    metric_group group(registry, "tcp");
    declare(group, s);
    std::set<std::string> names;
    std::set<double> seen;
    for (const metric_sample& m : registry.snapshot()) {
        names.insert(m.name);
        seen.insert(m.value);
        BOOST_TEST(!m.help.empty());
    }
    BOOST_TEST(names.size() == count);
    BOOST_TEST(seen.size() == count);
    BOOST_TEST(*seen.begin() == 1.0);
    BOOST_TEST(*seen.rbegin() == double(count));
}

BOOST_AUTO_TEST_SUITE_END()
