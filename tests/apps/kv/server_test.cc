// The server with its sessions over an in-memory network, its shards taking turns in virtual time.
#include "apps/kv/server.hh"

#include "core/coroutine.hh"
#include "core/shard.hh"
#include "tests/support/allocations.hh"
#include "tests/support/memory_network.hh"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

using namespace millrace;
using namespace millrace::kv;
using namespace std::chrono_literals;

namespace {

constexpr uint16_t port = 6379;

// All shards serve; clients connect to shard 0.
struct cluster {
    manual_clock clock;
    shards group;
    sharded<server> servers;
    std::vector<std::unique_ptr<test::memory_network>> networks;
    std::vector<future<>> serving;

    explicit cluster(unsigned count, const settings& s = {}) : group({.count = count, .time = &clock}) {
        on_shard_0([&]() -> future<> { return servers.start(s, hash_seed{}, std::ref(servers)); });
        for (unsigned i = 0; i < count; ++i) {
            networks.push_back(std::make_unique<test::memory_network>());
            reactor::scope here(group.at(i));
            serving.push_back(servers.local().serve(*networks[i], {.port = port}));
        }
        settle();
    }
    ~cluster() {
        for (unsigned i = 0; i < group.count(); ++i) {
            reactor::scope here(group.at(i));
            networks[i]->stop().ignore_ready_future();
        }
        settle();
        on_shard_0([&]() -> future<> { return servers.stop(); });
        for (auto& f : serving) BOOST_TEST(f.available());
        for (auto& f : serving) f.ignore_ready_future();
    }

    // Of shard 0.
    shard_state& state() {
        reactor::scope here(group.at(0));
        return servers.local().state();
    }
    void settle() {
        for (bool busy = true; busy;) {
            busy = false;
            for (unsigned i = 0; i < group.count(); ++i) busy |= group.at(i).turn();
        }
    }
    void advance(duration by) {
        for (duration step = 1ms; by > 0s; by -= step) {
            clock.advance(std::min(step, by));
            settle();
        }
    }
    void on_shard_0(std::function<future<>()> f) {
        future<> done = make_ready_future<>();
        {
            reactor::scope here(group.at(0));
            done = f();
        }
        settle();
        BOOST_REQUIRE(done.available());
        reactor::scope here(group.at(0));
        done.get();
    }
};

// A client of shard 0; what came back is kept until it is asked for.
struct connection {
    explicit connection(cluster& c) : all(c) {
        reactor::scope here(all.group.at(0));
        stream = all.networks[0]->connect({net::ip_address(), port}).get();
        reading = read_all();
        all.settle();
    }
    ~connection() {
        if (open) close();
    }

    std::string ask(std::string_view request) {
        send(request);
        return take();
    }
    void send(std::string_view request) {
        reactor::scope here(all.group.at(0));
        writing.push_back(stream.write(request));
        all.settle();
    }
    std::string take() {
        all.settle();
        return std::exchange(received, "");
    }
    void close() {
        reactor::scope here(all.group.at(0));
        stream.shutdown_write().ignore_ready_future();
        all.settle();
        BOOST_TEST(ended);
        BOOST_TEST(reading.available());
        reading.ignore_ready_future();
        for (auto& w : writing) w.ignore_ready_future();
        open = false;
    }

    cluster& all;
    net::stream stream;
    std::string received;
    bool ended = false, open = true, paused = false;
    future<> reading = make_ready_future<>();
    std::vector<future<>> writing;

 private:
    future<> read_all() {
        while (buffer b = co_await stream.read()) received += b.view();
        ended = true;
    }
};

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::string set_request(std::string_view key, std::string_view value) {
    return "*3\r\n$3\r\nSET\r\n" + bulk(key) + bulk(value);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_server)

BOOST_AUTO_TEST_CASE(requests_are_answered_on_any_number_of_shards) {
    for (unsigned shards : {1u, 2u, 4u}) {
        cluster c(shards);
        connection client(c);
        BOOST_TEST(client.ask("PING\r\n") == "+PONG\r\n");
        BOOST_TEST(client.ask("mset a 1 b 2 c 3 d 4\r\n") == "+OK\r\n");
        BOOST_TEST(client.ask("mget a b c d e\r\n") ==
                   "*5\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$-1\r\n");
        BOOST_TEST(client.ask("dbsize\r\n") == ":4\r\n");
        connection second(c);
        BOOST_TEST(second.ask("get a\r\nget b\r\n") == "$1\r\n1\r\n$1\r\n2\r\n");
    }
}

BOOST_AUTO_TEST_CASE(a_pipeline_is_answered_in_order_whatever_its_cut_into_reads) {
    std::string requests, replies;
    for (int i = 0; i < 300; ++i) {
        std::string n = std::to_string(i);
        requests +=
            set_request("key" + n, n) + "*2\r\n$3\r\nGET\r\n" + bulk("key" + n) + "ping " + n + "\r\n";
        replies += "+OK\r\n" + bulk(n) + bulk(n);
    }
    for (size_t piece : {0u, 1u, 7u, 100u, 1448u}) {
        cluster c(3);
        c.networks[0]->read_bytes = piece;
        connection client(c);
        BOOST_TEST(client.ask(requests) == replies);
    }
}

// Enough keys that they are fetched ahead, by all clients before the first is answered.
BOOST_AUTO_TEST_CASE(among_many_keys_each_client_gets_its_own) {
    for (unsigned shards : {1u, 2u}) {
        cluster c(shards);
        connection filler(c);
        std::string filling, oks;
        for (int i = 0; i < 20'000; ++i) {
            filling += set_request("key:" + std::to_string(i), std::to_string(i * 7));
            oks += "+OK\r\n";
        }
        BOOST_TEST((filler.ask(filling) == oks));
        std::vector<std::unique_ptr<connection>> clients;
        for (int i = 0; i < 50; ++i) clients.push_back(std::make_unique<connection>(c));
        for (int round = 0; round < 20; ++round) {
            {
                reactor::scope here(c.group.at(0));
                for (int i = 0; i < 50; ++i)
                    clients[i]->writing.push_back(clients[i]->stream.write(
                        "*2\r\n$3\r\nGET\r\n" + bulk("key:" + std::to_string(i * 400 + round))));
            }
            for (int i = 0; i < 50; ++i)
                BOOST_TEST(clients[i]->take() == bulk(std::to_string((i * 400 + round) * 7)));
        }
    }
}

BOOST_AUTO_TEST_CASE(replies_of_one_read_are_written_at_once) {
    cluster c(2);
    connection client(c);
    uint64_t before = c.state().counters.reads;
    std::string many;
    for (int i = 0; i < 200; ++i) many += "get key" + std::to_string(i) + "\r\n";
    client.ask(many);
    const auto& work = c.state().counters;
    BOOST_TEST(work.reads == before + 1);
    BOOST_TEST(work.batches == 1u);
    BOOST_TEST(work.remote > 50u);
}

BOOST_AUTO_TEST_CASE(large_values_travel_both_ways) {
    for (unsigned shards : {1u, 2u}) {
        cluster c(shards);
        c.networks[0]->read_bytes = 1448;
        connection client(c);
        for (const char* key : {"a", "b", "c"}) {
            std::string value(300'000, key[0]);
            BOOST_TEST(client.ask(set_request(key, value)) == "+OK\r\n");
        }
        for (const char* key : {"a", "b", "c"})
            BOOST_TEST(
                (client.ask("get " + std::string(key) + "\r\n") == bulk(std::string(300'000, key[0]))));
        BOOST_TEST((client.ask("mget a b\r\nget c\r\nping\r\n") ==
                    "*2\r\n" + bulk(std::string(300'000, 'a')) + bulk(std::string(300'000, 'b')) +
                        bulk(std::string(300'000, 'c')) + "+PONG\r\n"));
        BOOST_TEST(c.state().unfinished.used() < 1000u);
    }
}

BOOST_AUTO_TEST_CASE(malformed_requests_are_answered_and_end_the_connection) {
    cluster c(2);
    connection client(c);
    BOOST_TEST(client.ask("ping\r\n*1\r\n$x\r\nping\r\n") ==
               "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
    BOOST_TEST(client.ended);
    BOOST_TEST(c.state().counters.protocol_errors == 1u);
    BOOST_TEST(c.state().clients().empty());
}

BOOST_AUTO_TEST_CASE(too_much_unfinished_input_ends_the_connection) {
    settings s;
    s.max_unfinished = 1 << 20;
    s.max_argument = 100'000;
    cluster c(1, s);
    c.networks[0]->window = 16 << 20;
    connection client(c);
    client.send("*100\r\n");
    for (int i = 0; i < 20 && !client.ended; ++i) client.send(bulk(std::string(100'000, 'x')));
    BOOST_TEST(client.take() == "-ERR Protocol error: too much unfinished input\r\n");
    BOOST_TEST(client.ended);
    BOOST_TEST(c.state().unfinished.used() == 0u);
}

BOOST_AUTO_TEST_CASE(a_longest_argument_is_accepted_on_any_number_of_shards) {
    settings defaults, small;
    small.max_argument = 1 << 20;
    small.max_unfinished = 4 << 20;
    for (const auto& [shards, s] : {std::pair(2u, defaults), std::pair(8u, small), std::pair(1u, small)}) {
        cluster c(shards, s);
        c.networks[0]->window = 256 << 20;
        connection client(c);
        std::string request =
            "*5\r\n$3\r\nSET\r\n$3\r\nbig\r\n" + bulk(std::string(s.max_argument, 'x')) + bulk("EX");
        size_t piece = s.max_argument / 50;
        for (size_t at = 0; at < request.size(); at += piece)
            client.send(std::string_view(request).substr(at, piece));
        BOOST_TEST(client.ask(bulk("100")) == "+OK\r\n");
        BOOST_TEST(client.ask("strlen big\r\n") == ":" + std::to_string(s.max_argument) + "\r\n");
    }
}

BOOST_AUTO_TEST_CASE(quit_is_answered_and_ends_the_connection) {
    cluster c(1);
    connection client(c);
    BOOST_TEST(client.ask("quit\r\nping\r\n") == "+OK\r\n");
    BOOST_TEST(client.ended);
}

BOOST_AUTO_TEST_CASE(what_speaks_http_is_not_answered) {
    for (const char* request : {"POST / HTTP/1.1\r\nHost: x\r\n\r\nset k v\r\n", "Host: x\r\n\r\nset k v\r\n",
                                "*1\r\n$4\r\npost\r\n"}) {
        cluster c(1);
        connection client(c);
        BOOST_TEST(client.ask(request) == "");
        BOOST_TEST(client.ended);
        BOOST_TEST(c.state().counters.protocol_errors == 1u);
        BOOST_TEST(c.state().keys.size() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_reset_connection_is_counted_and_forgotten) {
    cluster c(1);
    {
        connection client(c);
        client.ask("ping\r\n");
        reactor::scope here(c.group.at(0));
        client.stream.abort();
        c.settle();
        BOOST_TEST(client.reading.failed());
        client.reading.ignore_ready_future();
        for (auto& w : client.writing) w.ignore_ready_future();
        client.open = false;
    }
    BOOST_TEST(c.state().counters.connections_lost == 1u);
    BOOST_TEST(c.state().clients().empty());
}

BOOST_AUTO_TEST_CASE(clients_beyond_the_limit_are_told_so) {
    settings s;
    s.max_clients = 1;
    cluster c(1, s);
    connection first(c);
    BOOST_TEST(first.ask("ping\r\n") == "+PONG\r\n");
    connection second(c);
    BOOST_TEST(second.take() == "-ERR max number of clients reached\r\n");
    BOOST_TEST(second.ended);
    BOOST_TEST(first.ask("ping\r\n") == "+PONG\r\n");
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_its_replies_stops_being_served) {
    settings s;
    s.output_watermark = 16 * 1024;
    cluster c(1, s);
    c.networks[0]->window = 64 * 1024;
    reactor::scope here(c.group.at(0));
    auto stream = c.networks[0]->connect({net::ip_address(), port}).get();
    std::string value(1000, 'v'), request = set_request("k", value);
    for (int i = 0; i < 1000; ++i) request += "get k\r\n";
    future<> writing = stream.write(request);
    c.settle();
    const auto& work = c.state().counters;
    BOOST_TEST(work.commands < 200u);
    std::string received;
    while (received.size() < 1000 * bulk(value).size()) {
        auto read = stream.read();
        c.settle();
        BOOST_REQUIRE(read.available());
        received += read.get().view();
        c.settle();
    }
    BOOST_TEST(work.commands == 1001u);
    stream.shutdown_write().ignore_ready_future();
    writing.ignore_ready_future();
    c.settle();
}

BOOST_AUTO_TEST_CASE(who_leaves_most_replies_unread_is_cut_off_when_they_are_too_many) {
    settings s;
    s.max_reply = s.max_unsent = 1 << 20;
    s.output_watermark = 600'000;
    cluster c(1, s);
    c.networks[0]->window = 64 * 1024;
    connection well_behaved(c);
    const std::string value(100'000, 'v');
    well_behaved.ask(set_request("k", value));
    reactor::scope here(c.group.at(0));
    std::vector<net::stream> silent;
    std::vector<future<>> writing;
    const auto& unsent = c.state().unsent;
    for (int asked : {5, 4, 3, 3, 3}) {
        BOOST_TEST(unsent.cut_off() == 0u);
        silent.push_back(c.networks[0]->connect({net::ip_address(), port}).get());
        std::string requests;
        for (int i = 0; i < asked; ++i) requests += "get k\r\n";
        writing.push_back(silent.back().write(std::string_view(requests)));
        c.settle();
    }
    BOOST_TEST(unsent.cut_off() == 1u);
    BOOST_TEST(!silent[0].connected());
    BOOST_TEST(unsent.bytes() > 1'300'000u);
    BOOST_TEST(unsent.bytes() < least_unsent(s));
    BOOST_TEST(c.state().clients().size() == 5u);
    BOOST_TEST(c.state().counters.connections_lost == 1u);
    BOOST_TEST(well_behaved.ask("get k\r\n") == bulk(value));
    for (auto& x : silent) x.abort();
    for (auto& w : writing) w.ignore_ready_future();
    c.settle();
    BOOST_TEST(unsent.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(want_of_memory_ends_one_connection_only) {
    cluster c(1);
    connection client(c), other(c);
    client.ask(set_request("a", std::string(4000, 'x')));
    std::string request = "mget";
    for (int i = 0; i < 1000; ++i) request += " a";
    {
        const test::failing_allocations none(1 << 20);
        client.send(request + "\r\n");
    }
    BOOST_TEST(c.state().counters.failures == 1u);
    BOOST_TEST(client.reading.failed());
    client.reading.ignore_ready_future();
    for (auto& w : client.writing) w.ignore_ready_future();
    client.open = false;
    BOOST_TEST(c.state().clients().size() == 1u);
    BOOST_TEST(other.ask("strlen a\r\n") == ":4000\r\n");
}

BOOST_AUTO_TEST_CASE(keys_that_nobody_asks_for_are_swept_on_every_shard) {
    cluster c(3);
    connection client(c);
    std::string requests;
    for (int i = 0; i < 300; ++i) requests += "set key" + std::to_string(i) + " v px 50\r\n";
    requests += "set stays v\r\n";
    client.ask(requests);
    BOOST_TEST(client.ask("dbsize\r\n") == ":301\r\n");
    c.advance(500ms);
    BOOST_TEST(client.ask("dbsize\r\n") == ":1\r\n");
    for (unsigned i = 0; i < 3; ++i) BOOST_TEST(c.group.at(i).timers() == 0u);
}

BOOST_AUTO_TEST_CASE(info_and_client_list_ask_all_shards) {
    cluster c(2);
    connection client(c);
    client.ask("mset a 1 b 2 c 3 d 4 e 5\r\nclient setname me\r\n");
    std::string info = client.ask("ping\r\ninfo\r\nping\r\n");
    BOOST_TEST(info.starts_with("+PONG\r\n$"));
    BOOST_TEST(info.ends_with("\r\n+PONG\r\n"));
    BOOST_TEST(info.find("db0:keys=5,") != info.npos);
    BOOST_TEST(info.find("tcp_port:6379\r\n") != info.npos);
    BOOST_TEST(info.find("shard0.kv_commands:") != info.npos);
    BOOST_TEST(info.find("shard1.kv_keys:") != info.npos);
    BOOST_TEST(client.ask("info keyspace\r\n") == bulk("# Keyspace\r\ndb0:keys=5,expires=0,avg_ttl=0\r\n"));
    std::string list = client.ask("client list\r\n");
    BOOST_TEST(list.find(" name=me ") != list.npos);
}

BOOST_AUTO_TEST_SUITE_END()
