// millrace-flows-bench: what a server's connections cost when there are many, in memory and in time. A crowd
// of clients that are a few bytes each (tests/support/sim_crowd.hh) stands at the other end of an instant
// link, so that sockets, coroutines and caches are the server's alone. Prints JSON:
//   by default   opens them, and asks each in turn, in a random order: cycles of the server's turns, and
//   beside
//                them those of a line of as many objects of a socket's size where nothing else is done
//   --memory     opens them in steps: the bytes of each part of a connection, as the heap counts them
//   --time-wait  the server closes each: the bytes of what is left of it
// Instructions: the inclusive cost of serve_turn(), of a run with more --requests less that of one with
// fewer.
#include "core/app.hh"
#include "core/background.hh"
#include "core/coroutine.hh"
#include "core/cycles.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/demux/time_wait.hh"
#include "tcp/host/socket.hh"
#include "tcp/native_network.hh"
#include "tests/bench/line_cost.hh"
#include "tests/support/sim_crowd.hh"
#include "tests/support/small_services.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <malloc.h>
#include <memory>
#include <numeric>
#include <random>
#include <unistd.h>
#include <vector>

using namespace millrace;

// A function that callgrind knows by its name.
[[gnu::noinline]] void serve_turn(reactor& r) {
    r.turn();
    asm volatile("" ::"i"(1));
}

namespace {

constexpr uint16_t port = 7;
constexpr size_t burst = test::sim_crowd::burst;

struct options {
    uint32_t connections = 1000;
    uint64_t requests = 0;
    uint64_t message = 64;
    bool memory = false;
    bool time_wait = false;
};

using test::answer_and_close;
using test::echo;

// Of this process, from the heap and from the kernel.
size_t heap_bytes() {
    const struct mallinfo2 m = ::mallinfo2();
    return m.uordblks + m.hblkhd + frame_cache::large_page_bytes();
}
size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    size_t all = 0, resident = 0;
    file >> all >> resident;
    return resident * size_t(::sysconf(_SC_PAGESIZE));
}

class bench {
 public:
    explicit bench(const options& o)
        : options_(o),
          link_(net::make_link({.queue_packets = 256, .buffers = 4096, .fills_checksums = true})),
          loop_({.time = &time_}),
          crowd_(link_, {net::ipv4_address(10, 0, 0, 1), port}, o.connections, o.message) {
        reactor::scope here(loop_);
        net::interface_config config;
        config.addresses = {net::prefix::parse("10.0.0.1/24").value()};
        config.gateway = net::ip_address(net::ipv4_address(10, 0, 0, 254));
        config.memory = std::max(uint64_t(o.connections) * 2048, config.memory);  // with their answers
        tcp::native_settings settings;
        settings.connections = std::max<uint32_t>(o.connections, settings.connections);
        settings.time_wait = std::max<uint32_t>(o.connections, settings.time_wait);
        server_ = std::make_unique<tcp::native_network>(loop_, *link_.a, 0, config, settings);
        const unsigned backlog = o.memory ? o.connections : 1024;
        listener_ = server_->listen({.port = port, .backlog = backlog});
    }
    ~bench() {
        reactor::scope here(loop_);
        server_.reset();
    }

    void measure() {
        if (options_.memory)
            measure_memory();
        else if (options_.time_wait)
            measure_time_wait();
        else
            measure_time();
        CHECK(crowd_.resets() == 0);
    }

 private:
    using service = future<> (*)(net::stream);

    future<> accept_all(service s) {
        while (auto accepted = co_await listener_.accept()) background(s(std::move(*accepted)));
    }
    void start(service s) {
        reactor::scope here(loop_);
        background(accept_all(s));
    }

    // One turn of the server, after which the clients take what it has sent: cycles.
    uint64_t turn() {
        const uint64_t before = read_cycles();
        serve_turn(loop_);
        const uint64_t took = read_cycles() - before;
        time_.advance(std::chrono::microseconds(1));
        crowd_.receive();
        return took;
    }
    template <typename F>
    uint64_t turn_until(F&& done) {
        uint64_t cycles = 0;
        for (int turns = 0; !done(); ++turns) {
            CHECK(turns < 1000);
            cycles += turn();
        }
        return cycles;
    }
    size_t connections() const { return server_->usage().connections; }

    // Clients [first, first + n), all at once.
    void open_burst(size_t first, size_t n) {
        for (size_t i = first; i < first + n; ++i) crowd_.open(i);
        crowd_.flush();
        const uint64_t took = turn_until([&] { return connections() == first + n; });
        opening_cycles_ += took;
        longest_opening_ = std::max(longest_opening_, took);
    }
    void open_all() {
        for (size_t i = 0; i < options_.connections; i += burst)
            open_burst(i, std::min<size_t>(burst, options_.connections - i));
        turn();
    }

    // One request of each of `n` clients in the order drawn, going round.
    uint64_t ask_burst(size_t n) {
        const uint64_t before = crowd_.answered_bytes();
        for (size_t i = 0; i < n; ++i) {
            crowd_.ask(order_[next_++]);
            if (next_ == order_.size()) next_ = 0;
        }
        crowd_.flush();
        return turn_until([&] { return crowd_.answered_bytes() == before + n * options_.message; });
    }
    uint64_t ask(uint64_t requests) {
        uint64_t cycles = 0;
        const size_t at_once = std::min<size_t>(burst, order_.size());
        for (uint64_t done = 0; done < requests; done += at_once)
            cycles += ask_burst(size_t(std::min<uint64_t>(at_once, requests - done)));
        return cycles;
    }
    void draw_order() {
        order_.resize(options_.connections);
        std::iota(order_.begin(), order_.end(), 0u);
        std::shuffle(order_.begin(), order_.end(), std::mt19937_64(1));
    }
    void acknowledge_all() {
        for (size_t i = 0; i < options_.connections; i += burst) {
            for (size_t k = i; k < std::min<size_t>(i + burst, options_.connections); ++k)
                crowd_.acknowledge(k);
            crowd_.flush();
            turn();
        }
    }

    void measure_time() {
        const size_t n = options_.connections;
        draw_order();
        start(echo);
        const size_t before = resident_bytes();
        open_all();
        const size_t idle = resident_bytes();
        if (options_.requests > 0) ask(n);  // from here on every one is as it was
        const uint64_t segments = server_->counters().segments_in;
        const uint64_t cycles = ask(options_.requests);
        const uint64_t received = server_->counters().segments_in - segments;
        const double hz = cycles_per_second();
        fmt::print("{{\"connections\": {}, \"resident_bytes\": {:.1f}, \"opened_per_second\": {:.0f}, ", n,
                   double(idle - before) / double(n), double(n) * hz / double(opening_cycles_));
        fmt::print("\"longest_opening_us\": {:.1f}, \"requests\": {}, \"segments_received\": {}, ",
                   double(longest_opening_) * 1e6 / hz, options_.requests, received);
        fmt::print(
            "\"cycles_per_request\": {:.1f}, \"ns_per_request\": {:.1f}, \"cycles_per_line\": {:.1f}}}\n",
            double(cycles) / double(std::max<uint64_t>(options_.requests, 1)),
            double(cycles) * 1e9 / hz / double(std::max<uint64_t>(options_.requests, 1)),
            test::cycles_per_line(n, sizeof(tcp::socket) / 64));
    }

    future<> accept_into(std::vector<net::stream>& all) {
        while (all.size() < options_.connections) all.push_back((co_await listener_.accept()).value());
    }

    // The heap before and after each step: handshakes, then the application's coroutines, then what keeps
    // those running, then a request of each.
    void measure_memory() {
        const size_t n = options_.connections;
        draw_order();
        std::vector<net::stream> streams;
        std::vector<future<>> services;
        streams.reserve(n);
        services.reserve(n);
        turn();  // the first ARP
        const size_t before = heap_bytes();
        open_all();
        {
            reactor::scope here(loop_);
            background(accept_into(streams));
        }
        turn_until([&] { return streams.size() == n; });
        const size_t accepted = heap_bytes();
        reactor::scope here(loop_);
        for (net::stream& s : streams) services.push_back(echo(std::move(s)));
        const size_t served = heap_bytes();
        for (future<>& f : services) background(std::move(f));
        const size_t idle = heap_bytes();
        ask(n);
        const size_t answered = heap_bytes();
        acknowledge_all();
        const size_t idle_again = heap_bytes();
        const auto each = [n](size_t from, size_t to) { return (double(to) - double(from)) / double(n); };
        const double socket = double(sizeof(tcp::socket));
        fmt::print("{{\"connections\": {}, \"socket\": {:.0f}, \"tables\": {:.1f}, \"coroutine\": {:.1f}, ",
                   n, socket, each(before, accepted) - socket, each(accepted, served));
        fmt::print(
            "\"background\": {:.1f}, \"idle\": {:.1f}, \"unacknowledged\": {:.1f}, \"used\": {:.1f}}}\n",
            each(served, idle), each(before, idle), each(idle, answered), each(idle, idle_again));
    }

    void measure_time_wait() {
        start(answer_and_close);
        turn();
        const size_t before = heap_bytes();
        for (size_t i = 0; i < options_.connections; i += burst) {
            const size_t n = std::min<size_t>(burst, options_.connections - i);
            for (size_t k = i; k < i + n; ++k) crowd_.open(k);
            crowd_.flush();
            turn_until([&] { return crowd_.opened() == i + n; });
            for (size_t k = i; k < i + n; ++k) crowd_.ask(k);
            crowd_.flush();
            turn_until([&] { return server_->usage().time_wait == i + n && connections() == 0; });
        }
        fmt::print("{{\"connections\": {}, \"record\": {}, \"time_wait\": {:.1f}}}\n", options_.connections,
                   sizeof(tcp::time_wait_record),
                   (double(heap_bytes()) - double(before)) / double(options_.connections));
    }

    options options_;
    manual_clock time_;
    net::link_pair link_;
    reactor loop_;
    std::unique_ptr<tcp::native_network> server_;
    net::listener listener_;
    test::sim_crowd crowd_;
    std::vector<uint32_t> order_;
    size_t next_ = 0;
    uint64_t opening_cycles_ = 0;
    uint64_t longest_opening_ = 0;  // of a burst's handshakes
};

}  // namespace

int main(int argc, char** argv) {
    options o;
    config_schema schema("millrace-flows-bench",
                         "What a server's connections cost when there are many, as JSON.");
    schema.number("connections", o.connections, "held at once").range(1, 1'000'000);
    schema.number("requests", o.requests, "asked in all, behind one of each that is not counted");
    schema.bytes("message", o.message, "of a request and of its answer").range(1, 256);
    schema.toggle("memory", o.memory, "the bytes of each part of a connection, instead of requests");
    schema.toggle("time-wait", o.time_wait, "the bytes of a TIME-WAIT record, instead of requests");
    if (const auto code = start_program(schema, argc, argv)) return *code;
    bench(o).measure();
    return int(exit_code::success);
}
