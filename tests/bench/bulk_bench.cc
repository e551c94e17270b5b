// millrace-bulk-bench: one stream of full segments between two stacks over the instant in-process link, in
// one thread. The server receives it, or sends it: its instructions are the inclusive cost of serve_turn(),
// as valgrind --tool=callgrind counts them, those of one segment the difference of two runs, divided by that
// of their numbers of segments. Neither end computes checksums, as where the device does.
#include "core/app.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/failure.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
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
constexpr size_t segment_bytes = 1448;  // of 1500, with timestamps

struct work {
    uint64_t bytes;
    bool serves_bytes;  // the server sends
    uint64_t received = 0;
    bool over = false;
    std::string error = {};
};

future<> send(net::stream& s, uint64_t bytes) {
    const buffer piece = buffer::allocate(65536);
    std::fill_n(const_cast<char*>(piece.data()), piece.size(), 'x');
    while (bytes > 0) {
        const size_t n = size_t(std::min<uint64_t>(piece.size(), bytes));
        co_await s.write(piece.share(0, n));
        bytes -= n;
    }
}

future<> receive(net::stream& s, work& w) {
    while (buffer b = co_await s.read()) w.received += b.size();
}

future<> use(net::stream s, bool sends, work& w) {
    try {
        if (sends) co_await send(s, w.bytes);
        if (sends) co_await s.shutdown_write();
        co_await receive(s, w);
        co_await s.close();
    } catch (...) {
        w.error = describe(std::current_exception());
    }
    w.over = w.over || w.received == w.bytes;
}

future<> serve(net::network& network, work& w) {
    net::listener l = network.listen({.port = port});
    while (auto s = co_await l.accept()) background(use(std::move(*s), w.serves_bytes, w));
}

future<> connect(net::network& network, net::endpoint server, work& w) {
    background(use(co_await network.connect(server), !w.serves_bytes, w));
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t segments = 100'000;
    bool sends = false, device_tso = false;
    tcp::native_settings settings;
    config_schema schema("millrace-bulk-bench",
                         "A stream of full segments between two stacks of one process.");
    schema.number("segments", segments, "of 1448 bytes, in total").range(1, 1'000'000'000);
    schema.toggle("sends", sends, "the server sends them; else it receives them");
    schema.toggle("gro", settings.gro, "as --tcp-gro");
    schema.toggle("tso", settings.tso, "as --tcp-tso");
    schema.toggle("device-tso", device_tso, "the device cuts runs of segments, at no cost");
    if (const auto code = start_program(schema, argc, argv)) return *code;

    manual_clock time;
    net::link_pair link =
        net::make_link({.fills_checksums = true, .cuts_segments = device_tso, .gathers = !sends});
    reactor server_loop({.time = &time}), client_loop({.time = &time});
    const auto config = [](const char* cidr) {
        net::interface_config c;
        c.addresses = {net::prefix::parse(cidr).value()};
        return c;
    };
    work w{.bytes = segments * segment_bytes, .serves_bytes = sends};
    std::unique_ptr<tcp::native_network> server, client;
    {
        reactor::scope here(server_loop);
        server =
            std::make_unique<tcp::native_network>(server_loop, *link.a, 0, config("10.0.0.1/24"), settings);
        background(serve(*server, w));
    }
    {
        reactor::scope here(client_loop);
        client =
            std::make_unique<tcp::native_network>(client_loop, *link.b, 0, config("10.0.0.2/24"), settings);
        background(connect(*client, {net::ipv4_address(10, 0, 0, 1), port}, w));
    }
    while (!w.over && w.error.empty()) {
        client_turn(client_loop);
        serve_turn(server_loop);
        time.advance(std::chrono::microseconds(1));
    }
    const tcp::stats& counted = server->counters();
    fmt::print(
        "{} bytes; the server received {} segments, {} of them as one with others, and sent {} in {} turns\n",
        w.received, counted.segments_in, counted.gro_merged, counted.segments_out,
        server_loop.counters().turns);
    {
        reactor::scope here(server_loop);
        server.reset();
    }
    {
        reactor::scope here(client_loop);
        client.reset();
    }
    if (w.error.empty()) return int(exit_code::success);
    fmt::print(stderr, "millrace-bulk-bench: {}\n", w.error);
    return int(exit_code::failed);
}
