#include "core/metrics.hh"

#include <boost/test/unit_test.hpp>

#include <memory>

using namespace millrace;

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_AUTO_TEST_CASE(a_snapshot_shows_the_values_of_the_moment) {
    metric_registry registry;
    uint64_t received = 0;
    metric_group group(registry, "tcp");
    group.counter("segments_in", "segments received", received).gauge("open", "connections open", [] {
        return 2.5;
    });
    received = 7;
    auto samples = registry.snapshot();
    BOOST_REQUIRE_EQUAL(samples.size(), 2u);
    BOOST_TEST(samples[0].name == "tcp_segments_in");
    BOOST_TEST(samples[0].help == "segments received");
    BOOST_TEST(samples[0].value == 7);
    BOOST_TEST((samples[0].type == metric_type::counter));
    BOOST_TEST(samples[1].name == "tcp_open");
    BOOST_TEST(samples[1].value == 2.5);
    BOOST_TEST((samples[1].type == metric_type::gauge));
    received = 8;
    BOOST_TEST(samples[0].value == 7);
    BOOST_TEST(registry.snapshot()[0].value == 8);
}

BOOST_AUTO_TEST_CASE(a_group_takes_its_metrics_with_it) {
    metric_registry registry;
    uint64_t a = 1;
    metric_group stays(registry, "a");
    stays.counter("n", "", a);
    {
        metric_group goes(registry, "b");
        goes.counter("n", "", a);
        BOOST_TEST(registry.snapshot().size() == 2u);
    }
    BOOST_REQUIRE_EQUAL(registry.snapshot().size(), 1u);
    BOOST_TEST(registry.snapshot()[0].name == "a_n");
}

BOOST_AUTO_TEST_CASE(labels_of_the_group_come_before_those_of_the_metric) {
    metric_registry registry;
    uint64_t n = 0;
    metric_group group(registry, "net", {{"device", "tap0"}});
    group.counter("dropped", "", n, {{"reason", "bad_checksum"}});
    metric_labels expected = {{"device", "tap0"}, {"reason", "bad_checksum"}};
    BOOST_TEST((registry.snapshot()[0].labels == expected));
}

BOOST_AUTO_TEST_CASE(a_total_sums_over_labels) {
    metric_registry registry;
    uint64_t a = 2, b = 3, other = 100;
    metric_group group(registry, "net");
    group.counter("dropped", "", a, {{"reason", "a"}}).counter("dropped", "", b, {{"reason", "b"}});
    group.counter("sent", "", other);
    BOOST_TEST(registry.total("net_dropped") == 5);
    BOOST_TEST(registry.total("net_none") == 0);
    BOOST_TEST(registry.total("netdropped") == 0);
}

BOOST_AUTO_TEST_CASE(prometheus_gets_one_heading_for_the_lines_of_all_shards) {
    std::vector<metric_sample> all;
    for (unsigned shard = 0; shard < 2; ++shard) {
        metric_registry registry;
        uint64_t in = 10 + shard;
        metric_group group(registry, "tcp");
        group.counter("in", "segments", in).gauge("load", "share", [] { return 0.5; });
        add_shard(all, registry.snapshot(), shard);
    }
    BOOST_TEST(prometheus_text(all) ==
               "# HELP millrace_tcp_in_total segments\n"
               "# TYPE millrace_tcp_in_total counter\n"
               "millrace_tcp_in_total{shard=\"0\"} 10\n"
               "millrace_tcp_in_total{shard=\"1\"} 11\n"
               "# HELP millrace_tcp_load share\n"
               "# TYPE millrace_tcp_load gauge\n"
               "millrace_tcp_load{shard=\"0\"} 0.5\n"
               "millrace_tcp_load{shard=\"1\"} 0.5\n");
}

BOOST_AUTO_TEST_CASE(prometheus_text_escapes_what_would_break_a_line) {
    std::vector<metric_sample> all{{"a", {{"path", "x\"\\\ny"}}, "two\nlines \"q\"", metric_type::gauge, 1}};
    BOOST_TEST(prometheus_text(all) ==
               "# HELP millrace_a two\\nlines \"q\"\n"
               "# TYPE millrace_a gauge\n"
               "millrace_a{path=\"x\\\"\\\\\\ny\"} 1\n");
}

BOOST_AUTO_TEST_SUITE_END()
