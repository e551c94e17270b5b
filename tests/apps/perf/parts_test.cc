// What millrace-perf is made of: settings, bytes, greeting, results.
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
               "--workload: 'rrr' is none of rr, crr, read, write, rw, resp-get, resp-set");
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

BOOST_AUTO_TEST_CASE(flags_without_an_effect_are_refused) {
    const auto with = [](std::vector<const char*> more) {
        more.insert(more.begin(), {"client", "--server", "10.0.0.1:7"});
        return refusal(more);
    };
    BOOST_TEST(with({"--keys", "10"}) == "--keys: has no effect on rr: it is for resp-get and resp-set");
    BOOST_TEST(
        with({"--pipeline", "10", "--workload", "crr"}).starts_with("--pipeline: has no effect on crr"));
    BOOST_TEST(with({"--mix", "10", "--workload", "resp-set"}) ==
               "--mix: has no effect on resp-set: it is for resp-get");
    BOOST_TEST(with({"--message", "10B", "--workload", "resp-set"}).starts_with("--message: has no effect"));
    BOOST_TEST(with({"--rate", "10", "--workload", "read"}).starts_with("--rate: has no effect on read"));
    BOOST_TEST(with({"--requests", "10", "--workload", "rw"}).starts_with("--requests: has no effect on rw"));
    BOOST_TEST(with({"--requests", "10", "--duration", "1s"}).starts_with("--duration: with --requests"));
    BOOST_TEST(with({"--requests", "10", "--warm-up", "1s"}).starts_with("--warm-up: with --requests"));
    BOOST_TEST(with({"--mix", "101", "--workload", "resp-get"}).starts_with("--mix: 101 is out of range"));
    BOOST_TEST(with({"--pipeline", "1024", "--value", "1MiB", "--workload", "resp-set"})
                   .starts_with("--pipeline: 1024 values"));
    BOOST_TEST(with({"--set", "keys=3"}).starts_with("--set: keys: has no effect on rr"));
    BOOST_TEST(refusal({"server", "--connections", "3"}) ==
               "--connections: this is for the client: a server serves every workload, as its clients ask");
    BOOST_TEST(refusal({"server", "--set", "self=true"}).find("--self") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_shard_needs_its_share) {
    settings s;
    s.connections = 3;
    BOOST_CHECK_NO_THROW(check_shares(s, 3));
    BOOST_CHECK_EXCEPTION(check_shares(s, 4), config_error, [](const config_error& e) {
        return std::string(e.what()) == "--connections: 3 for 4 shards; each needs one";
    });
    s.mode = "server";
    BOOST_CHECK_NO_THROW(check_shares(s, 4));
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

BOOST_AUTO_TEST_CASE(how_a_connection_begins_tells_what_it_wants) {
    auto bytes = hello{workload::rw, 100}.emit();
    const std::string greeting(bytes.data(), bytes.size());
    for (size_t n = 0; n < hello::size; ++n)
        BOOST_TEST((opening_of(greeting.substr(0, n)) == opening::unknown), n);
    BOOST_TEST((opening_of(greeting + "more") == opening::stream));
    BOOST_TEST((opening_of("*") == opening::unknown));
    BOOST_TEST((opening_of("*2\r\n$") == opening::resp));
    BOOST_TEST((opening_of("*2\r\n$3\r\nGET\r\n") == opening::resp));
    for (const char* other : {"*x", "*2\r\n+", "x", "hello"})
        BOOST_TEST((opening_of(other) == opening::echo), other);
    pattern p(1);
    BOOST_TEST((opening_of(p.at(0, 1)) == opening::echo));  // of one byte, the least message
}

BOOST_AUTO_TEST_SUITE_END()
