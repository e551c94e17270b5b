// millrace-interop-wire: joins two interfaces of this network namespace as a simulated wire joins two
// devices, but in real time, so that what is not of this process, such as the Linux kernel's TCP, meets the
// same path.
#include "apps/common/histogram.hh"
#include "core/app.hh"
#include "net/pcap.hh"
#include "net/simulation.hh"
#include "tests/interop/one_way.hh"
#include "tests/interop/raw_port.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <time.h>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

struct settings {
    std::string a, b;
    uint64_t seed = 1;
    net::wire_options path;
    uint64_t queue = 1000;
    uint64_t mtu = 1500;
    std::string loss = "0%", reorder = "0%", duplicate = "0%", corrupt = "0%";
    bool both_ways = false;
    std::string capture;
    duration patience = 20s;
};

// "0.1%" is 0.001.
double chance(std::string_view text) {
    double percent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "%" || percent < 0 ||
        percent > 100)
        throw std::invalid_argument(fmt::format("'{}' is no part of all packets, such as 0.1%", text));
    return percent / 100;
}

void declare(config_schema& schema, settings& s) {
    const auto share = [&schema](const char* key, std::string& value, const char* help) {
        schema.text(key, value, help).placeholder("PERCENT").check([](const std::string& t) { chance(t); });
    };
    schema.section("Ends");
    schema.text("a", s.a, "an interface of this network namespace").placeholder("INTERFACE");
    schema.text("b", s.b, "another one").placeholder("INTERFACE");
    schema.time("patience", s.patience, "how long to wait for both to be there and up").range(0s, 1h);
    schema.section("Both ways");
    schema.time("delay", s.path.delay, "from the last bit sent to arrival").range(0s, 10s);
    schema.rate("rate", s.path.rate_bps, "of Ethernet frames; 0: no limit");
    schema.number("queue", s.queue, "packets that wait for the rate; more are dropped").range(0, 100'000);
    schema.bytes("mtu", s.mtu, "of an IP packet; longer ones are dropped").range(68, 9000);
    schema.number("seed", s.seed, "the same drops for the same packets");
    schema.section("From a to b");
    share("loss", s.loss, "of packets, at random");
    share("reorder", s.reorder, "of packets, that others overtake");
    schema.time("reorder-hold", s.path.reorder_hold,
                "longest that such a packet is late, and a copy behind it");
    share("duplicate", s.duplicate, "of packets, that arrive twice");
    share("corrupt", s.corrupt, "of packets, in which one bit is flipped");
    schema.toggle("both-ways", s.both_ways, "from b to a, too");
    schema.section("Observation");
    schema.text("capture", s.capture, "write what a sends and gets, headers only, in pcap format")
        .placeholder("FILE");
    schema.rule([&schema, &s] {
        for (const char* key : {"a", "b"})
            if (!schema.was_given(key)) throw config_error(fmt::format("--{} is missing: an interface", key));
        if (s.a == s.b) throw config_error(schema.at("b") + ": a wire has two ends");
        s.path.queue_packets = uint32_t(s.queue);
        s.path.mtu = uint16_t(s.mtu);
    });
}

net::wire_options impaired(const settings& s) {
    net::wire_options o = s.path;
    o.loss = chance(s.loss);
    o.reorder = chance(s.reorder);
    o.duplicate = chance(s.duplicate);
    o.corrupt = chance(s.corrupt);
    return o;
}

class wire {
 public:
    wire(const settings& s)
        : a_(s.a, longest_of(s)),
          b_(s.b, longest_of(s)),
          to_b_(s.seed * 2, impaired(s)),
          to_a_(s.seed * 2 + 1, s.both_ways ? impaired(s) : s.path) {
        if (!s.capture.empty()) capture_.emplace(s.capture, captured_bytes);
    }

    // Until a signal waits.
    void run(signal_source& signals) {
        pollfd watched[] = {{a_.fd(), POLLIN, 0}, {b_.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
        while (signals.take() == 0) {
            const size_t forth = a_.receive(clock_, [this](time_point t, frame f) {
                note(t, f);
                to_b_.put(t, f);
            });
            const size_t back = b_.receive(clock_, [this](time_point t, frame f) { to_a_.put(t, f); });
            const bool busy = forth + back > 0;
            deliver(to_b_, b_);
            deliver(to_a_, a_);
            if (busy) continue;
            const time_point next = std::min(to_b_.next_arrival(), to_a_.next_arrival());
            const duration rest = std::max(duration::zero(), next - clock_.now());
            const timespec wait{time_t(rest / 1s), long((rest % 1s).count())};
            ::ppoll(watched, std::size(watched), next == never ? nullptr : &wait, nullptr);
        }
    }

    std::string report() {
        return fmt::format(
            R"({{"a_to_b":{},"b_to_a":{},"late_us":{{"p50":{:.1f},"p99":{:.1f},"max":{:.1f}}}}})"
            "\n",
            report_of(a_, to_b_, b_), report_of(b_, to_a_, a_), microseconds(late_.percentile(50)),
            microseconds(late_.percentile(99)), microseconds(late_.max()));
    }

 private:
    using frame = std::span<const std::byte>;
    static constexpr uint32_t captured_bytes = 128;

    static size_t longest_of(const settings& s) { return s.mtu + 14; }
    static double microseconds(duration d) { return std::chrono::duration<double, std::micro>(d).count(); }

    // As the host behind a sees it.
    void note(time_point at, frame f) {
        if (!capture_) return;
        net::packet seen;
        seen.head = buffer::unowned({reinterpret_cast<const char*>(f.data()), f.size()});
        capture_->write(at, seen);
    }

    void deliver(interop::one_way& way, interop::raw_port& to) {
        time_point now = clock_.now();
        while (way.next_arrival() <= now) {
            late_.record(now - way.next_arrival());
            const auto f = way.take();
            if (&to == &a_) note(now, f);
            to.send(f);
            now = clock_.now();
        }
    }

    static std::string report_of(interop::raw_port& from, const interop::one_way& way,
                                 interop::raw_port& to) {
        const net::wire_counters& c = way.counters();
        const interop::raw_port::counters in = from.count();
        return fmt::format(
            R"({{"packets":{},"arrived":{},"lost":{},"overflowed":{},"too_long":{},"reordered":{},"duplicated":{},)"
            R"("corrupted":{},"ignored":{},"overloaded":{},"missed":{},"unfinished":{},"refused":{}}})",
            c.sent, c.arrived, c.lost, c.overflowed, c.too_long, c.reordered, c.duplicated, c.corrupted,
            way.ignored(), way.overloaded(), in.missed, in.unfinished, to.count().refused);
    }

    system_clock clock_;
    interop::raw_port a_;
    interop::raw_port b_;
    interop::one_way to_b_;
    interop::one_way to_a_;
    std::optional<net::pcap_writer> capture_;
    histogram late_;  // by how much frames were sent on later than they were due
};

// False if a signal came first.
bool wait_for(const settings& s, signal_source& signals) {
    system_clock clock;
    const time_point deadline = clock.now() + s.patience;
    for (const std::string& end : {s.a, s.b}) {
        while (!interop::is_up(end)) {
            if (clock.now() > deadline)
                throw std::runtime_error(end +
                                         ": there is no such interface in this namespace, or it is down");
            pollfd watched{signals.fd(), POLLIN, 0};
            if (::poll(&watched, 1, 1) > 0) return false;
        }
    }
    return true;
}

// A wire that is late is another wire. Neither is needed for what is right, only for what is measured.
void be_punctual() {
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    const sched_param urgent{.sched_priority = 1};
    ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &urgent);
}

}  // namespace

int main(int argc, char** argv) {
    settings s;
    config_schema schema(
        "millrace-interop-wire",
        "Joins two interfaces by a wire that delays, drops and reorders packets in real time;\n"
        "ends on SIGTERM or SIGINT and tells what became of them, as JSON.");
    declare(schema, s);
    if (const auto code = start_program(schema, argc, argv)) return *code;
    try {
        signal_source signals({SIGTERM, SIGINT});
        if (!wait_for(s, signals)) return int(exit_code::success);
        wire w(s);
        be_punctual();
        fmt::print(stderr, "millrace-interop-wire: {} and {} are joined\n", s.a, s.b);
        w.run(signals);
        fmt::print("{}", w.report());
        return int(exit_code::success);
    } catch (const std::exception& e) {
        return refuse_to_start(schema, e.what());
    }
}
