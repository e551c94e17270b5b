// millrace-echo-bench: requests of a client's stack to an echo service's stack over the instant in-process
// link, in one thread. valgrind --tool=callgrind counts the instructions exactly: those of the server are the
// inclusive cost of serve_turn(), those of one request the difference of two runs, divided by that of their
// numbers of requests.
#include "core/app.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>

using namespace millrace;

// Two functions that callgrind knows by their names, and different, so that no compiler makes them one.
[[gnu::noinline]] void serve_turn(reactor& r) {
    r.turn();
    asm volatile("" ::"i"(1));
}
[[gnu::noinline]] void client_turn(reactor& r) {
    r.turn();
    asm volatile("" ::"i"(2));
}

namespace {

constexpr uint16_t port = 7;

struct work {
    size_t message;
    uint64_t answered = 0;
    unsigned ended = 0;
};

future<> echo(net::stream s) {
    while (buffer b = co_await s.read()) co_await s.write(std::move(b));
    co_await s.close();
}

future<> serve(net::network& network) {
    net::listener l = network.listen({.port = port});
    while (auto s = co_await l.accept()) background(echo(std::move(*s)));
}

future<> ask(net::network& network, net::endpoint server, uint64_t requests, work& w) {
    net::stream s = co_await network.connect(server);
    const std::string message(w.message, 'x');
    for (uint64_t i = 0; i < requests; ++i) {
        co_await s.write(std::string_view(message));
        for (size_t got = 0; got < message.size();) got += (co_await s.read()).size();
        ++w.answered;
    }
    co_await s.close();
    ++w.ended;
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t requests = 100'000, message = 64;
    unsigned connections = 1;
    config_schema schema("millrace-echo-bench", "Echo requests between two stacks of one process.");
    schema.number("requests", requests, "in total");
    schema.number("connections", connections, "that share them").range(1, 10'000);
    schema.bytes("message", message, "of a request and of its answer").range(1, 1 << 20);
    if (const auto code = start_program(schema, argc, argv)) return *code;

    manual_clock time;
    net::link_pair link = net::make_link();
    reactor server_loop({.time = &time}), client_loop({.time = &time});
    const auto config = [](const char* cidr) {
        net::interface_config c;
        c.addresses = {net::prefix::parse(cidr).value()};
        return c;
    };
    work w{.message = message};
    std::unique_ptr<tcp::native_network> server, client;
    {
        reactor::scope here(server_loop);
        server = std::make_unique<tcp::native_network>(server_loop, *link.a, 0, config("10.0.0.1/24"));
        background(serve(*server));
    }
    {
        reactor::scope here(client_loop);
        client = std::make_unique<tcp::native_network>(client_loop, *link.b, 0, config("10.0.0.2/24"));
        for (unsigned i = 0; i < connections; ++i)
            background(ask(*client, {net::ipv4_address(10, 0, 0, 1), port}, requests / connections, w));
    }
    const auto begin = std::chrono::steady_clock::now();
    while (w.ended < connections) {
        client_turn(client_loop);
        serve_turn(server_loop);
        time.advance(std::chrono::microseconds(1));
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{} requests of {} bytes on {} connections: {:.0f} ns each, client and server\n", w.answered,
               message, connections, took.count() * 1e9 / double(w.answered));
    fmt::print("the server received {} segments and sent {} in {} turns\n", server->counters().segments_in,
               server->counters().segments_out, server_loop.counters().turns);
    {
        reactor::scope here(server_loop);
        server.reset();
    }
    {
        reactor::scope here(client_loop);
        client.reset();
    }
    return 0;
}
