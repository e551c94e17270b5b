// millrace-echo-bench: requests of a client's stack to an echo service's stack over the instant in-process
// link, in one thread. valgrind --tool=callgrind counts the instructions exactly: those of the server are the
// inclusive cost of serve_turn(), those of one request the difference of two runs, divided by that of their
// numbers of requests.
#include "core/app.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/reactor.hh"
#include "core/when_all.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

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

// Less than a listener lets wait, and than may be half open.
constexpr unsigned connects_at_once = 64;

struct work {
    size_t message;
    uint64_t requests;  // of each connection
    unsigned connections;
    unsigned begun = 0;
    uint64_t answered = 0;
    unsigned ended = 0;
    std::string error = {};

    bool over() const noexcept { return ended == connections || !error.empty(); }
};

future<> echo(net::stream s) {
    while (buffer b = co_await s.read()) co_await s.write(std::move(b));
    co_await s.close();
}

future<> serve(net::network& network) {
    net::listener l = network.listen({.port = port});
    while (auto s = co_await l.accept()) background(echo(std::move(*s)));
}

future<> ask(net::stream s, work& w) {
    const std::string message(w.message, 'x');
    for (uint64_t i = 0; i < w.requests; ++i) {
        co_await s.write(std::string_view(message));
        for (size_t got = 0; got < message.size();) {
            const buffer b = co_await s.read();
            if (!b) throw std::runtime_error("the server closed a connection");
            got += b.size();
        }
        ++w.answered;
    }
    co_await s.close();
    ++w.ended;
}

// What goes wrong ends the run.
future<> guarded(work& w, future<> f) {
    try {
        co_await std::move(f);
    } catch (const std::exception& e) {
        if (w.error.empty()) w.error = e.what();
    }
}

// One connection after the other, as long as there are some to open.
future<> open_some(net::network& network, net::endpoint server, work& w, std::vector<net::stream>& open) {
    while (w.begun < w.connections) {
        ++w.begun;
        open.push_back(co_await network.connect(server));
    }
}

// All are open before the first one asks.
future<> ask_all(net::network& network, net::endpoint server, work& w) {
    std::vector<net::stream> open;
    std::vector<future<>> opening;
    for (unsigned i = 0; i < std::min(w.connections, connects_at_once); ++i)
        opening.push_back(open_some(network, server, w, open));
    co_await when_all_succeed(std::move(opening));
    for (net::stream& s : open) background(guarded(w, ask(std::move(s), w)));
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t requests = 100'000, message = 64;
    unsigned connections = 1;
    config_schema schema("millrace-echo-bench", "Echo requests between two stacks of one process.");
    schema.number("requests", requests, "in total");
    schema.number("connections", connections, "that share them").range(1, 100'000);
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
    work w{.message = message, .requests = requests / connections, .connections = connections};
    std::unique_ptr<tcp::native_network> server, client;
    {
        reactor::scope here(server_loop);
        server = std::make_unique<tcp::native_network>(server_loop, *link.a, 0, config("10.0.0.1/24"));
        background(serve(*server));
    }
    {
        reactor::scope here(client_loop);
        client = std::make_unique<tcp::native_network>(client_loop, *link.b, 0, config("10.0.0.2/24"));
        background(guarded(w, ask_all(*client, {net::ipv4_address(10, 0, 0, 1), port}, w)));
    }
    const auto begin = std::chrono::steady_clock::now();
    while (!w.over()) {
        client_turn(client_loop);
        serve_turn(server_loop);
        time.advance(std::chrono::microseconds(1));
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (w.error.empty()) {
        fmt::print("{} requests of {} bytes on {} connections: {:.0f} ns each, client and server\n",
                   w.answered, message, connections, took.count() * 1e9 / double(w.answered));
        fmt::print("the server received {} segments and sent {} in {} turns\n",
                   server->counters().segments_in, server->counters().segments_out,
                   server_loop.counters().turns);
    }
    {
        reactor::scope here(server_loop);
        server.reset();
    }
    {
        reactor::scope here(client_loop);
        client.reset();
    }
    if (w.error.empty()) return int(exit_code::success);
    fmt::print(stderr, "millrace-echo-bench: of {} connections {} were begun, then: {}\n", connections,
               w.begun, w.error);
    return int(exit_code::failed);
}
