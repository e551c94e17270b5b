// millrace-kv-bench: requests to the key-value server of millrace-kv, in one thread; either through a
// client's stack and the server's over the instant in-process link, or without a network at all: parser,
// commands and replies. valgrind --tool=callgrind counts the instructions exactly: those of the server are
// the inclusive cost of serve_turn(), or of answer_read(); those of one request the difference of two runs,
// divided by that of their numbers of requests.
#include "apps/kv/server.hh"
#include "core/app.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/shard.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"
#include "tests/support/kv_fixture.hh"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

using namespace millrace;

// Functions that callgrind knows by their names, and different, so that no compiler makes them one.
[[gnu::noinline]] void serve_turn(reactor& r) {
    r.turn();
    asm volatile("" ::"i"(1));
}
[[gnu::noinline]] void client_turn(reactor& r) {
    r.turn();
    asm volatile("" ::"i"(2));
}
// One read of a client: its requests parsed and run, their replies ready to be written.
[[gnu::noinline]] size_t answer_read(kv::kv_fixture& kv, kv::request_parser& parser, buffer read) {
    return kv.answer(parser, std::move(read)).size();
}

namespace {

constexpr uint16_t port = 6379;

struct parameters {
    uint64_t requests = 100'000;
    unsigned connections = 1;
    unsigned pipeline = 1;
    std::string command = "get";
    uint64_t value = 3;
    bool without_network = false;
};

std::string request(std::initializer_list<std::string_view> words) {
    std::string text = fmt::format("*{}\r\n", words.size());
    for (std::string_view w : words) text += fmt::format("${}\r\n{}\r\n", w.size(), w);
    return text;
}

// One request of the workload; that which fills the store before; and the size of one reply.
struct workload {
    explicit workload(const parameters& p) {
        const std::string_view key = "key:000000000001";
        const std::string value(p.value, 'x');
        setup = request({"SET", key, value});
        if (p.command == "get") {
            one = request({"GET", key});
            reply_bytes = fmt::format("${}\r\n{}\r\n", value.size(), value).size();
        } else if (p.command == "set") {
            one = setup;
            reply_bytes = 5;
        } else if (p.command == "incr") {
            setup = request({"SET", "counter", "1000000000"});
            one = request({"INCR", "counter"});
            reply_bytes = 13;
        } else {
            one = request({"PING"});
            reply_bytes = 7;
        }
        for (unsigned i = 0; i < p.pipeline; ++i) all += one;
        reply_bytes *= p.pipeline;
    }

    std::string setup, one, all;
    size_t reply_bytes;
};

struct progress {
    uint64_t answered = 0;
    unsigned ended = 0;
};

future<> receive(net::stream& s, size_t bytes) {
    for (size_t got = 0; got < bytes;) {
        const size_t n = (co_await s.read()).size();
        CHECK(n != 0);
        got += n;
    }
}

future<> ask(net::network& network, net::endpoint server, uint64_t reads, unsigned pipeline,
             const workload& w, progress& p) {
    net::stream s = co_await network.connect(server);
    co_await s.write(std::string_view(w.setup));
    co_await receive(s, 5);
    for (uint64_t i = 0; i < reads; ++i) {
        co_await s.write(std::string_view(w.all));
        for (size_t got = 0; got < w.reply_bytes;) got += (co_await s.read()).size();
        p.answered += pipeline;
    }
    co_await s.close();
    ++p.ended;
}

net::interface_config config_for(const char* cidr) {
    net::interface_config c;
    c.addresses = {net::prefix::parse(cidr).value()};
    return c;
}

uint64_t reads_of(const parameters& p) {
    return std::max<uint64_t>(1, p.requests / p.connections / p.pipeline);
}

uint64_t answer_without_network(const parameters& p, const workload& w) {
    kv::kv_fixture kv;
    std::vector<std::unique_ptr<kv::request_parser>> parsers;
    for (unsigned i = 0; i < p.connections; ++i)
        parsers.push_back(
            std::make_unique<kv::request_parser>(kv.states[0]->limits, kv.states[0]->unfinished));
    kv.answer(*parsers[0], buffer::unowned(w.setup));
    const uint64_t reads = reads_of(p);
    for (uint64_t i = 0; i < reads; ++i)
        for (auto& parser : parsers) CHECK(answer_read(kv, *parser, buffer::unowned(w.all)) == w.reply_bytes);
    return reads * p.connections * p.pipeline;
}

uint64_t answer_over_link(const parameters& p, const workload& w) {
    manual_clock time;
    net::link_pair link = net::make_link();
    shards group({.count = 1, .time = &time});
    reactor& server_loop = group.at(0);
    reactor client_loop({.time = &time});
    sharded<kv::server> servers;
    std::unique_ptr<tcp::native_network> server, client;
    {
        reactor::scope here(server_loop);
        servers.start(kv::settings{}, kv::hash_seed{}, std::ref(servers)).get();
        server = std::make_unique<tcp::native_network>(server_loop, *link.a, 0, config_for("10.0.0.1/24"));
        background(servers.local().serve(*server, {.port = port}));
    }
    progress done;
    {
        reactor::scope here(client_loop);
        client = std::make_unique<tcp::native_network>(client_loop, *link.b, 0, config_for("10.0.0.2/24"));
        for (unsigned i = 0; i < p.connections; ++i)
            background(
                ask(*client, {net::ipv4_address(10, 0, 0, 1), port}, reads_of(p), p.pipeline, w, done));
    }
    while (done.ended < p.connections) {
        client_turn(client_loop);
        serve_turn(server_loop);
        time.advance(std::chrono::microseconds(1));
    }
    fmt::print("the server received {} segments and sent {} in {} turns\n", server->counters().segments_in,
               server->counters().segments_out, server_loop.counters().turns);
    {
        reactor::scope here(client_loop);
        client.reset();
    }
    reactor::scope here(server_loop);
    server.reset();
    while (server_loop.turn()) {
    }
    servers.stop().get();
    return done.answered;
}

}  // namespace

int main(int argc, char** argv) {
    parameters p;
    config_schema schema("millrace-kv-bench", "Requests to the server of millrace-kv within one process.");
    schema.number("requests", p.requests, "in total");
    schema.number("connections", p.connections, "that share them").range(1, 10'000);
    schema.number("pipeline", p.pipeline, "requests sent at once on a connection").range(1, 1024);
    schema.text("command", p.command, "of the requests").one_of({"get", "set", "incr", "ping"});
    schema.bytes("value", p.value, "of the key that is got or set").range(0, 1 << 20);
    schema.toggle("without-network", p.without_network, "parser, commands and replies only");
    if (const auto code = start_program(schema, argc, argv)) return *code;

    const workload w(p);
    const auto begin = std::chrono::steady_clock::now();
    const uint64_t answered = p.without_network ? answer_without_network(p, w) : answer_over_link(p, w);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{} {} in pipelines of {} on {} connections: {:.1f} ns each\n", answered, p.command,
               p.pipeline, p.connections, took.count() * 1e9 / double(answered));
    return 0;
}
