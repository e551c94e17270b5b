// What millrace-perf is made of: settings, bytes, greeting, results.
#include "apps/perf/measurement.hh"
#include "apps/perf/pattern.hh"
#include "apps/perf/protocol.hh"
#include "apps/perf/settings.hh"
#include "core/config.hh"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::perf;
using namespace std::chrono_literals;

namespace {

std::string refusal(std::vector<const char*> arguments, settings s = {}) {
    config_schema schema("millrace-perf", "");
    declare(schema, s);
    arguments.insert(arguments.begin(), "millrace-perf");
    try {
        schema.parse(int(arguments.size()), arguments.data());
    } catch (const config_error& e) {
        return e.what();
    }
    return "accepted as " + std::string(name_of(s.what)) + (s.is_server() ? " server" : " client");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(perf_parts)

BOOST_AUTO_TEST_CASE(modes_and_workloads_are_words) {
    BOOST_TEST(refusal({"server"}) == "accepted as rr server");
    BOOST_TEST(refusal({"client", "--server", "10.0.0.1:7"}) == "accepted as rr client");
    BOOST_TEST(refusal({"--mode", "client", "--workload", "rw", "--server", "[fd00::1]:7"}) ==
               "accepted as rw client");
    BOOST_TEST(refusal({"peer"}) == "--mode: 'peer' is none of client, server");
    BOOST_TEST(refusal({"client", "--workload", "rrr", "--server", "10.0.0.1:7"}) ==
               "--workload: 'rrr' is none of rr, crr, read, write, rw");
}

BOOST_AUTO_TEST_CASE(a_client_needs_to_know_its_server) {
    BOOST_TEST(refusal({"client"}) == "--server is missing: where to connect, such as 10.0.0.1:7");
    for (const char* wrong : {"10.0.0.1", "10.0.0.1:0", "localhost:7", "10.0.0.1:70000"})
        BOOST_TEST(refusal({"--server", wrong}) ==
                   "--server: '" + std::string(wrong) +
                       "' is no address with a port, such as 10.0.0.1:7 or [fd00::1]:7");
}

BOOST_AUTO_TEST_CASE(impossible_measurements_are_refused) {
    BOOST_TEST(
        refusal({"--server", "10.0.0.1:7", "--message", "0"}).starts_with("--message: 0B is out of range"));
    BOOST_TEST(refusal({"--server", "10.0.0.1:7", "--connections", "0"})
                   .starts_with("--connections: 0 is out of range"));
    BOOST_TEST(refusal({"--server", "10.0.0.1:7", "--duration", "5"})
                   .starts_with("--duration: '5' is not a duration"));
}

BOOST_AUTO_TEST_CASE(the_pattern_tells_any_stretch_of_a_stream) {
    pattern p(1000);
    std::string stream;
    for (uint64_t place = 0; stream.size() < 200'000; place += 777) stream += p.at(place, 777);
    BOOST_TEST(p.matches(0, stream));
    BOOST_TEST(p.matches(5000, std::string_view(stream).substr(5000, 70'000)));
    BOOST_TEST(!p.matches(1, stream));
    stream[150'000] ^= 1;
    BOOST_TEST(!p.matches(0, stream));
    BOOST_TEST(p.matches(0, ""));
}

BOOST_AUTO_TEST_CASE(no_stretch_of_the_pattern_looks_like_a_greeting) {
    pattern p(1);
    for (size_t i = 0; i < pattern::period; ++i) BOOST_REQUIRE(p.at(i, 1)[0] != hello::magic[0]);
}

BOOST_AUTO_TEST_CASE(a_greeting_is_read_back) {
    for (workload w : {workload::read, workload::write, workload::rw}) {
        auto bytes = hello{w, 65'536}.emit();
        auto h = hello::parse({bytes.data(), bytes.size()});
        BOOST_REQUIRE(h.has_value());
        BOOST_TEST((h->what == w && h->message == 65'536));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_greeting_is_refused) {
    auto good = hello{workload::read, 1000}.emit();
    auto broken = [&](size_t i, char c) {
        std::string bytes(good.data(), good.size());
        bytes[i] = c;
        return hello::parse(bytes).has_value();
    };
    BOOST_TEST(!hello::parse({good.data(), good.size() - 1}));
    BOOST_TEST(!broken(0, 'x'));
    BOOST_TEST(!broken(10, char(workload::rr)));
    BOOST_TEST(!broken(10, char(0xff)));
    BOOST_TEST(!broken(11, 1));
    BOOST_TEST(!broken(12, 127));
    BOOST_TEST(broken(15, 1));
    auto empty = hello{workload::read, 0}.emit();
    BOOST_TEST(!hello::parse({empty.data(), empty.size()}));
}

BOOST_AUTO_TEST_CASE(results_of_shards_are_merged_and_told) {
    settings s;
    s.server_text = "10.0.0.1:7";
    s.connections = 4;
    measurement a, b;
    a.requests = 100, b.requests = 300;
    a.sent = a.received = 6400;
    a.measured = 2s, b.measured = 1900ms;
    a.connected = b.connected = 2;
    for (int i = 0; i < 100; ++i) a.latency.record(10us);
    a.merge(b);
    BOOST_TEST(to_text(a, s, 2) ==
               "rr with 4 connections, 64B messages, 2 shards, 2.00 s\n"
               "  200 requests/s, 400 in all\n"
               "  latency in us: min 10.0, mean 10.0, p50 10.0, p90 10.0, p99 10.0, p999 10.0, max 10.0\n"
               "  sent 0.000 Gbit/s, received 0.000 Gbit/s\n");
    BOOST_TEST(
        to_json(a, s, 2) ==
        R"({"workload":"rr","server":"10.0.0.1:7","connections":4,"connected":4,"message":64,"shards":2,)"
        R"("seconds":2.000000,"partial":false,"error":"","requests":400,"requests_per_second":200.0,)"
        R"("sent_bytes":6400,"received_bytes":6400,"sent_gbit_per_second":0.000026,)"
        R"("received_gbit_per_second":0.000026,"latency_us":{"min":10.000,"mean":10.000,"p50":10.000,)"
        R"("p90":10.000,"p99":10.000,"p999":10.000,"max":10.000}})"
        "\n");
}

BOOST_AUTO_TEST_CASE(partial_results_are_marked) {
    settings s;
    measurement r;
    r.fail("the \"server\"\nleft");
    r.fail("a later error");
    BOOST_TEST(to_text(r, s, 1).find(" (partial)\n") != std::string::npos);
    BOOST_TEST(to_json(r, s, 1).find(R"("partial":true,"error":"the \"server\"\u000aleft")") !=
               std::string::npos);
    measurement all;
    all.merge(r);
    BOOST_TEST(all.partial);
    BOOST_TEST(all.error == r.error);
}

BOOST_AUTO_TEST_SUITE_END()
