#include "apps/perf/self.hh"

#include "apps/perf/client.hh"
#include "apps/perf/report.hh"
#include "apps/perf/server.hh"
#include "core/app.hh"
#include "core/background.hh"
#include "core/reactor.hh"
#include "net/simulation.hh"
#include "tcp/native_network.hh"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string_view>

using namespace millrace;

namespace millrace::perf {

// Two functions that callgrind knows by their names, and different, so that no compiler makes them one.
[[gnu::noinline]] bool serve_turn(reactor& r) {
    const bool worked = r.turn();
    asm volatile("" ::"i"(1));
    return worked;
}
[[gnu::noinline]] bool client_turn(reactor& r) {
    const bool worked = r.turn();
    asm volatile("" ::"i"(2));
    return worked;
}

namespace {

constexpr uint16_t port = 7878;
// What a pair of turns takes on the virtual clock.
constexpr duration turn_time = std::chrono::microseconds(1);
constexpr size_t longest_message = 16u << 20;
constexpr duration farewell_time = std::chrono::seconds(2);

struct self_settings {
    settings perf;
    uint64_t mtu = 1500;
    bool checksums = true;
};

void declare(config_schema& schema, self_settings& s) {
    s.perf.self = true;
    perf::declare(schema, s.perf, true);
    schema.section("Link");
    schema.bytes("mtu", s.mtu, "of an IP packet").range(576, 65535);
    schema.toggle("checksums", s.checksums,
                  "compute and verify them, as a device without offload makes one do");
    schema.toggle("virtual-time", s.perf.virtual_time,
                  "a microsecond for each turn instead of the machine's clock: repeats "
                  "exactly");
}

// One end: a reactor and its stack.
class host {
 public:
    host(millrace::clock& time, net::device& device, const char* cidr, const self_settings& s)
        : loop_({.time = &time, .seed = uint64_t(cidr[7])}) {
        net::interface_config c;
        c.addresses = {net::prefix::parse(cidr).value()};
        c.mtu = uint16_t(s.mtu);
        // Nothing is under way in this link when a connection ends, and a fast crr needs its ports again.
        tcp::native_settings native;
        native.tcp.time_wait = duration(0);
        reactor::scope here(loop_);
        network_ = std::make_unique<tcp::native_network>(loop_, device, 0, c, native);
    }
    ~host() {
        reactor::scope here(loop_);
        network_.reset();
    }

    reactor& loop() noexcept { return loop_; }
    tcp::native_network& network() noexcept { return *network_; }

 private:
    reactor loop_;
    std::unique_ptr<tcp::native_network> network_;
};

volatile std::sig_atomic_t interrupted = 0;

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

// Both, and the turns they take.
class both_ends {
 public:
    explicit both_ends(const self_settings& s)
        : settings_(s),
          link_(net::make_link({.mtu = uint16_t(s.mtu), .fills_checksums = !s.checksums})),
          bytes_(longest_message),
          server_(time(), *link_.a, "10.0.0.1/24", s),
          client_(time(), *link_.b, "10.0.0.2/24", s) {}

    measurement run() {
        {
            reactor::scope here(server_.loop());
            background(serve(server_.network(), {.port = port}, bytes_, s().check, served_));
        }
        reactor::scope here(client_.loop());
        client c(s(), bytes_, 0, 1);
        abort_source stop;
        future<> measuring = c.run(client_.network(), stop);
        progress_begin_ = progress_at_ = now();
        while (!measuring.available()) {
            turn();
            if (s().progress) show_progress(c);
            if (interrupted) stop.request_abort();
        }
        measuring.get();
        say_goodbye();
        return c.outcome();
    }

 private:
    const settings& s() const noexcept { return settings_.perf; }
    millrace::clock& time() noexcept {
        if (settings_.perf.virtual_time) return virtual_;
        return machine_;
    }
    time_point now() noexcept { return time().now(); }

    void turn() {
        client_turn(client_.loop());
        serve_turn(server_.loop());
        virtual_.advance(turn_time);
    }

    void show_progress(client& c) {
        if (now() - progress_at_ < std::chrono::seconds(1)) return;
        const measurement& m = c.outcome();
        fmt::print(stderr, "{:.0f} s: {}\n", std::chrono::duration<double>(now() - progress_begin_).count(),
                   progress_line(m, shown_, now() - progress_at_, s()));
        shown_ = m;
        progress_at_ = now();
    }

    // The last segments of closing connections.
    void say_goodbye() {
        const time_point limit = now() + farewell_time;
        future<> stopped = [this] {
            reactor::scope here(server_.loop());
            return server_.network().stop();
        }();
        while (!stopped.available() && now() < limit) turn();
        if (stopped.available()) {
            stopped.ignore_ready_future();
            return;
        }
        reactor::scope here(server_.loop());
        server_.network().abort_connections();
        background(std::move(stopped));
        for (int i = 0; i < 100; ++i) turn();
    }

    const self_settings& settings_;
    manual_clock virtual_;
    system_clock machine_;
    net::link_pair link_;
    pattern bytes_;
    served served_;
    host server_;
    host client_;
    measurement shown_;
    time_point progress_begin_{};
    time_point progress_at_{};
};

}  // namespace

bool asks_for_self(int argc, const char* const* argv) noexcept {
    return std::any_of(argv + std::min(argc, 1), argv + argc,
                       [](std::string_view a) { return a == "--self"; });
}

int run_self(int argc, const char* const* argv) {
    self_settings s;
    s.perf.server = {net::ipv4_address(10, 0, 0, 1), port};
    s.perf.server_text = "itself";
    config_schema schema("millrace-perf --self", "measures two stacks in one thread, over a link in memory");
    declare(schema, s);
    if (const auto code = start_program(schema, argc, argv)) return *code;
    catch_signals();
    const measurement m = both_ends(s).run();
    std::fputs((s.perf.json ? to_json({m}, s.perf) : to_text({m}, s.perf)).c_str(), stdout);
    std::fflush(stdout);
    if (m.error.empty()) return int(exit_code::success);
    fmt::print(stderr, "millrace-perf: {}\n", m.error);
    return int(exit_code::failed);
}

}  // namespace millrace::perf
