#include "apps/perf/bare_link_program.hh"

#include "apps/perf/bare_link.hh"
#include "core/app.hh"
#include "core/log.hh"
#include "core/shard.hh"
#include "net/dpdk_device.hh"

#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace millrace::perf {

namespace {

using namespace std::chrono_literals;

// Frames that are away for so long are lost.
constexpr duration patience = 20ms;
// So long without any frame, and the other end is gone.
constexpr duration silence = 1s;
// Between looks at the clock and for signals.
constexpr unsigned turns_per_look = 256;

struct bare_settings {
    std::string mode = "client";
    std::string device;
    uint64_t message = 64;
    unsigned window = 50;
    bool bulk = false;
    duration run_time = 5s;
    duration warm_up = 500ms;
    duration connect_timeout = 5s;
    std::string cpu;
    uint64_t mtu = 1500;
    unsigned buffers = 8192;
    unsigned descriptors = 512;
    uint64_t memory = 256ull << 20;
    bool hugepages = false;
    std::vector<std::string> eal_arguments;
    bool json = false;

    size_t frame() const noexcept { return message; }
};

void declare(config_schema& schema, bare_settings& s) {
    schema.section("Bare link");
    schema.text("mode", s.mode, "what to be; the word alone does too")
        .one_of({"client", "server"})
        .positional();
    schema.text("net", s.device, "the device: memif:ROLE,SOCKET, af_packet:IF, dpdk:PCI-ADDRESS, ...")
        .placeholder("DEVICE");
    schema.bytes("message", s.message, "of a frame, from its Ethernet header to its end")
        .range(least_frame, 65535);
    schema.number("window", s.window, "frames on their way at once").range(1, 4096);
    schema.toggle("bulk", s.bulk, "one way, as many as the device takes, instead of there and back");
    schema.time("duration", s.run_time, "how long to measure").range(1ms, 24h);
    schema.time("warm-up", s.warm_up, "how long to run before measuring").range(0s, 1h);
    schema.time("connect-timeout", s.connect_timeout, "how long to wait for the other end").range(1ms, 1h);
    schema.text("cpus", s.cpu, "the core to run on").placeholder("CORE");
    schema.bytes("device.mtu", s.mtu, "of an IP packet").range(576, 65535);
    schema.number("device.buffers", s.buffers, "of the queue").range(256, 1u << 20);
    schema.number("device.descriptors", s.descriptors, "of each ring").range(16, 32768);
    schema.bytes("device.memory", s.memory, "that DPDK takes").range(64ull << 20, 1ull << 40);
    schema.toggle("device.hugepages", s.hugepages, "take it from hugepages");
    schema.list("device.eal", s.eal_arguments, "one more argument for DPDK's own start").placeholder("ARG");
    schema.toggle("json", s.json, "print the results as JSON");
    schema.rule([&schema, &s] {
        if (s.device.empty())
            throw config_error("--net is missing: the device, such as memif:client,/tmp/bare.sock");
        if (!net::is_dpdk_device(s.device))
            throw config_error(fmt::format("{}: '{}' is no device for frames; kernel sockets have none",
                                           schema.at("net"), s.device));
        if (s.frame() > s.mtu + bare_header)
            throw config_error(fmt::format("{}: {} bytes do not fit the MTU of {} and {} bytes of header",
                                           schema.at("message"), s.message, s.mtu, bare_header));
        if (s.bulk && schema.was_given("window"))
            throw config_error(schema.at("window") + ": has no effect with --bulk, which fills the device");
    });
}

// Of the process: what ends a server, and interrupts a client.
volatile std::sig_atomic_t asked_to_end = 0;

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { asked_to_end = 1; };
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
}

time_point now() noexcept {
    static millrace::system_clock clock;
    return clock.now();
}

// Reflects until a signal comes. Its figures are those since the first frame, and the time that of frames.
int reflect(net::device& device) {
    reflector r(device);
    time_point first = never, last{};
    while (!asked_to_end) {
        bool worked = false;
        for (unsigned i = 0; i < turns_per_look; ++i) worked |= r.turn();
        const time_point t = now();
        if (worked) {
            first = std::min(first, t);
            last = t;
        } else if (t - last > silence) {
            std::this_thread::sleep_for(1ms);  // nobody there
        }
    }
    const bare_figures& f = r.figures();
    const double frames = double(f.received);
    fmt::print(
        "reflector: {} frames received, {} sent, {} rejected, {} foreign; {:.0f} busy cycles a frame\n",
        f.received, f.sent, f.rejected, f.foreign, frames == 0 ? 0 : double(f.busy_cycles) / frames);
    return int(exit_code::success);
}

// True once the other end has taken frames (and, but in bulk, sent one back).
bool find_peer(generator& g, const bare_settings& s) {
    const time_point limit = now() + s.connect_timeout;
    while (now() < limit && !asked_to_end) {
        g.refill();
        const time_point look = now() + patience;
        while (now() < look)
            if (g.turn() && (s.bulk ? g.figures().sent > 0 : g.figures().received > 0)) return true;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

// Until `end`. The sentence of what went wrong; empty: nothing did.
std::string generate(generator& g, time_point end) {
    uint64_t seen = g.figures().received + g.figures().sent;
    time_point last = now(), refilled = last;
    while (true) {
        for (unsigned i = 0; i < turns_per_look; ++i) g.turn();
        const time_point t = now();
        if (t >= end) return {};
        if (asked_to_end) return "interrupted";
        const uint64_t is = g.figures().received + g.figures().sent;
        if (is != seen) {
            seen = is;
            last = t;
            continue;
        }
        if (t - last > silence) return "the other end is silent";
        if (t - last > patience && t - refilled > patience) {
            g.refill();
            refilled = t;
            seen = g.figures().received + g.figures().sent;
        }
    }
}

int measure(net::device& device, const bare_settings& s) {
    generator g(device, s.frame(), s.window, s.bulk);
    if (!find_peer(g, s)) {
        fmt::print(stderr,
                   "millrace-perf: nothing answers at {}; is `millrace-perf bare-link server` there?\n",
                   s.device);
        return int(exit_code::failed);
    }
    std::string error = generate(g, now() + s.warm_up);
    g.clear();
    const time_point begin = now();
    if (error.empty()) error = generate(g, begin + s.run_time);
    bare_figures f = g.figures();
    f.measured = now() - begin;
    if (error.empty() || f.received + f.sent > 0) {
        if (!error.empty()) std::fputs(s.json ? "" : "PARTIAL: ", stdout);
        std::fputs((s.json ? to_json(f, s.bulk, s.frame(), s.window, error)
                           : to_text(f, s.bulk, s.frame(), s.window))
                       .c_str(),
                   stdout);
    }
    std::fflush(stdout);
    if (error.empty()) return int(exit_code::success);
    fmt::print(stderr, "millrace-perf: {}\n", error);
    return int(exit_code::failed);
}

}  // namespace

int run_bare_link(int argc, const char* const* argv) {
    bare_settings s;
    config_schema schema("millrace-perf bare-link", "measures what a device does with no stack on it");
    declare(schema, s);
    if (const auto code = start_program(schema, argc, argv)) return *code;
    set_log_levels("error");
    int code = int(exit_code::failed);
    try {
        const net::dpdk_options options{.device = s.device,
                                        .mtu = uint16_t(s.mtu),
                                        .mac = std::nullopt,
                                        .buffers = s.buffers,
                                        .descriptors = s.descriptors,
                                        .memory_mib = unsigned(s.memory >> 20),
                                        .hugepages = s.hugepages,
                                        .eal_arguments = s.eal_arguments};
        const auto device = net::open_dpdk_device(options);
        catch_signals();
        shards here({.count = 1, .cpus = s.cpu.empty() ? std::vector<unsigned>{} : parse_cpus(s.cpu)});
        here.run([&] {
            code = s.mode == "server" ? reflect(*device) : measure(*device, s);
            return make_ready_future<>();
        });
    } catch (const std::exception& e) {
        return refuse_to_start(schema, e.what());
    }
    return code;
}

}  // namespace millrace::perf
