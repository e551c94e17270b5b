// What a measurement says of itself.
#include "apps/perf/report.hh"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace millrace;
using namespace millrace::perf;
using namespace std::chrono_literals;

namespace {

std::vector<measurement> two_shards() {
    measurement a, b;
    a.requests = 100, b.requests = 300;
    a.sent = a.received = 6400;
    a.measured = 2s, b.measured = 1900ms;
    a.connected = b.connected = 2;
    a.cpu = 40ms, b.cpu = 60ms;
    a.server_cpu = 200ms;
    a.latency.record(10us, 100);
    b.latency.record(10us, 300);
    return {a, b};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(perf_report)

BOOST_AUTO_TEST_CASE(results_of_shards_are_merged_and_told) {
    settings s;
    s.connections = 4;
    BOOST_TEST(
        to_text(two_shards(), s) ==
        "rr with 4 connections, 64B messages, 2 shards, 2.00 s\n"
        "  200 requests/s, 400 in all\n"
        "  latency in us: min 10.0, mean 10.0, p50 10.0, p90 10.0, p99 10.0, p99.9 10.0, p99.99 10.0, max "
        "10.0\n"
        "  sent 0.000 Gbit/s, received 0.000 Gbit/s\n"
        "  CPU here 0.10 s, 250.000 us for a request; server 0.20 s, 500.000 us for a request\n");
}

BOOST_AUTO_TEST_CASE(virtual_time_is_told) {
    settings s;
    BOOST_TEST(!has(to_text(two_shards(), s), "virtual"));
    BOOST_TEST(has(to_json(two_shards(), s), R"("virtual_time":false)"));
    s.self = s.virtual_time = true;
    BOOST_TEST(
        has(to_text(two_shards(), s), "2 shards, 2.00 s of virtual time, a microsecond for each turn"));
    BOOST_TEST(has(to_json(two_shards(), s), R"("virtual_time":true)"));
}

BOOST_AUTO_TEST_CASE(json_holds_the_settings_each_shard_and_at_last_the_sum) {
    settings s;
    s.server_text = "10.0.0.1:7";
    s.connections = 4;
    const std::string json = to_json(two_shards(), s);
    BOOST_TEST(json.starts_with(
        R"({"workload":"rr","server":"10.0.0.1:7","connections":4,"message":64,"shards":2,"settings":{)"));
    BOOST_TEST(
        has(json,
            R"("per_shard":[{"connected":2,"seconds":2.000000,"partial":false,"error":"","requests":100,)"));
    BOOST_TEST(has(json, R"({"connected":2,"seconds":1.900000,"partial":false,"error":"","requests":300,)"));
    BOOST_TEST(has(json, R"(],"connected":4,"seconds":2.000000,"partial":false,"error":"","requests":400,)"));
    BOOST_TEST(has(json, R"("p999":10.000,"p9999":10.000,"max":10.000}})"));
    BOOST_TEST(has(json, R"("server_cpu_us_per_request":500.0000)"));
    BOOST_TEST(json.ends_with("}}\n"));
    BOOST_TEST(std::count(json.begin(), json.end(), '{') == std::count(json.begin(), json.end(), '}'));
}

BOOST_AUTO_TEST_CASE(partial_results_are_marked) {
    settings s;
    auto all = two_shards();
    all[1].fail("the \"server\"\nleft");
    all[1].fail("a later error");
    BOOST_TEST(to_text(all, s).starts_with("PARTIAL: rr with "));
    BOOST_TEST(has(to_json(all, s), R"("partial":true,"error":"the \"server\"\u000aleft")"));
    BOOST_TEST(sum_of(all).partial);
    BOOST_TEST(sum_of(all).error == all[1].error);
}

BOOST_AUTO_TEST_CASE(what_measured_nothing_prints_no_table) {
    measurement m;
    m.fail("cannot connect");
    BOOST_TEST(to_text({m}, settings()) == "");
    BOOST_TEST(has(to_json({m}, settings()), R"("partial":true,"error":"cannot connect")"));
}

BOOST_AUTO_TEST_CASE(a_rate_that_was_not_reached_is_told) {
    settings s;
    s.rate = 200;
    BOOST_TEST(!has(to_text(two_shards(), s), "NOT reached"));
    BOOST_TEST(has(to_text(two_shards(), s), "latency in us, from when it was due: "));
    BOOST_TEST(has(to_json(two_shards(), s), R"("rate_reached":true)"));
    s.rate = 210;
    auto all = two_shards();
    all[0].late = 20;
    BOOST_TEST(has(to_text(all, s), "the rate of 210/s was NOT reached; 20 requests were late at the end"));
    BOOST_TEST(has(to_json(all, s), R"("rate_reached":false)"));
}

BOOST_AUTO_TEST_CASE(progress_tells_the_time_since_the_last_look) {
    settings s;
    s.connections = 10;
    measurement before, now;
    now.connected = 3;
    BOOST_TEST(progress_line(now, before, 1s, s) == "connecting: 3 of 10");
    now.at = phase::warming_up;
    BOOST_TEST(progress_line(now, before, 1s, s) == "warming up");
    now.at = phase::measuring;
    now.requests = 1000;
    now.latency.record(50us, 1000);
    before = now;
    now.requests += 500;
    now.latency.record(10ns, 500);
    BOOST_TEST(progress_line(now, before, 500ms, s) == "1000 requests/s, p50 0.0 us, p99 0.0 us, max 0.0 us");
}

BOOST_AUTO_TEST_CASE(a_server_that_looked_on_all_the_time_is_known_by_its_cpu) {
    auto all = two_shards();
    BOOST_TEST(!has(to_text(all, settings()), "busy"));
    all[0].server_cpu = 2s;
    BOOST_TEST(has(to_text(all, settings()), "its own busy cycles tell more"));
}

BOOST_AUTO_TEST_SUITE_END()
