#include "tests/support/sim_transfer.hh"

#include "core/coroutine.hh"
#include "core/failure.hh"
#include "core/random.hh"
#include "net/pcap.hh"
#include "tests/support/sim_hosts.hh"
#include "tests/support/sim_judge.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>

namespace millrace::test {
namespace {

constexpr uint16_t port = 7;

// The bytes of a stream, the same for sender and receiver.
class pattern {
 public:
    explicit pattern(uint64_t seed) noexcept : state_(seed | 1) {}
    char next() noexcept {
        if (left_ == 0) {
            state_ ^= state_ << 13;
            state_ ^= state_ >> 7;
            state_ ^= state_ << 17;
            word_ = state_;
            left_ = 8;
        }
        const char c = char(word_);
        word_ >>= 8;
        --left_;
        return c;
    }

 private:
    uint64_t state_;
    uint64_t word_ = 0;
    unsigned left_ = 0;
};

struct transfer {
    size_t bytes;
    uint64_t seed;
    random sizes;
    size_t received = 0;
    uint64_t hash = 0xcbf29ce484222325;
    std::optional<size_t> first_wrong{};
    bool client_done = false;
    unsigned echoes_done = 0;
    std::string failure{};
    std::optional<size_t> spoilt{};

    void fail(const char* who, const std::exception_ptr& e) {
        if (failure.empty()) failure = fmt::format("{}: {}", who, describe(e));
    }
};

future<> echo(net::stream s, transfer& t) {
    try {
        size_t at = 0;
        while (buffer b = co_await s.read()) {
            if (t.spoilt && at <= *t.spoilt && *t.spoilt < at + b.size())
                b.mutable_data()[*t.spoilt - at] ^= 1;
            at += b.size();
            co_await s.write(std::move(b));
        }
        co_await s.close();
    } catch (...) {
        t.fail("server", std::current_exception());
    }
    ++t.echoes_done;
}

future<> serve(net::listener& l, transfer& t) {
    while (auto s = co_await l.accept()) background(echo(std::move(*s), t));
}

future<> send_all(net::stream& s, transfer& t) {
    pattern p(t.seed);
    for (size_t sent = 0; sent < t.bytes;) {
        const size_t most = t.sizes.chance(0.5) ? 100 : 50'000;
        buffer b = buffer::allocate(std::min<size_t>(1 + t.sizes.below(most), t.bytes - sent));
        std::generate_n(b.mutable_data(), b.size(), [&p] { return p.next(); });
        sent += b.size();
        co_await s.write(std::move(b));
    }
    co_await s.shutdown_write();
}

future<> receive_all(net::stream& s, transfer& t) {
    pattern p(t.seed);
    while (buffer b = co_await s.read()) {
        for (char c : b.view()) {
            if (c != p.next() && !t.first_wrong) t.first_wrong = t.received;
            ++t.received;
            t.hash = (t.hash ^ uint8_t(c)) * 0x100000001b3;
        }
    }
}

future<> run_client(tcp::native_network& network, net::endpoint server, transfer& t) {
    try {
        net::stream s = co_await network.connect(server);
        future<> sending = send_all(s, t);
        future<> receiving = receive_all(s, t);
        co_await settled(sending);
        co_await settled(receiving);
        sending.get();
        receiving.get();
        co_await s.close();
    } catch (...) {
        t.fail("client", std::current_exception());
    }
    t.client_done = true;
}

net::wire_options draw(random& rng) {
    using std::chrono::microseconds;
    net::wire_options o;
    o.delay = microseconds(1000 + rng.below(199'001));
    if (rng.chance(0.5)) o.jitter = microseconds(rng.below(5000));
    if (rng.chance(0.8)) o.loss = 0.05 * rng.unit();
    if (rng.chance(0.5)) o.reorder = 0.05 * rng.unit();
    if (rng.chance(0.5)) o.duplicate = 0.05 * rng.unit();
    if (rng.chance(0.5)) o.corrupt = 0.02 * rng.unit();
    o.reorder_hold = microseconds(1 + rng.below(10'000));
    if (rng.chance(0.3)) {
        o.rate_bps = 1'000'000 + rng.below(99'000'000);
        o.queue_packets = uint32_t(20 + rng.below(500));
    }
    return o;
}

void draw_marks(random& rng, net::wire_options& o) {
    if (rng.chance(0.5)) o.mark = 0.2 * rng.unit();
    if (rng.chance(0.5)) o.mark_packets = uint32_t(1 + rng.below(50));
}

net::congestion_algorithm draw_congestion(random& rng) {
    using enum net::congestion_algorithm;
    constexpr net::congestion_algorithm all[] = {cubic, cubic, reno, dctcp, bbr, bbr};
    return all[rng.below(std::size(all))];
}

std::string describe(const net::wire_options& o) {
    const auto ms = [](duration d) { return double(d.count()) / 1e6; };
    return fmt::format(
        "delay {:.1f} ms, jitter {:.1f} ms, loss {:.1f} %, reorder {:.1f} %, duplicate {:.1f} %, "
        "corrupt {:.1f} %, marks {:.1f} %, rate {:.1f} Mbit/s",
        ms(o.delay), ms(o.jitter), o.loss * 100, o.reorder * 100, o.duplicate * 100, o.corrupt * 100,
        o.mark * 100, double(o.rate_bps) / 1e6);
}

void decide(two_hosts& hosts, const transfer& t, transfer_outcome& out) {
    if (!out.failure.empty()) return;
    if (!t.failure.empty())
        out.failure = t.failure;
    else if (t.first_wrong)
        out.failure = fmt::format("byte {} came back wrong", *t.first_wrong);
    else if (t.received != t.bytes)
        out.failure = fmt::format("{} bytes of {} came back", t.received, t.bytes);
    else
        out.failure = hosts.leftovers();
}

}  // namespace

transfer_outcome run_transfer(uint64_t seed, const transfer_options& options) {
    random rng(seed);
    net::wire_setup setup;
    setup.a_to_b = draw(rng);
    setup.b_to_a = draw(rng);
    transfer t{.bytes = options.bytes, .seed = rng.next(), .sizes = random(rng.next())};
    t.spoilt = options.spoilt;
    tcp::native_settings settings;
    settings.tcp.congestion = draw_congestion(rng);
    if (rng.chance(0.5)) settings.tcp.ecn = seed % 2 ? tcp::ecn_mode::accurate : tcp::ecn_mode::on;
    for (net::wire_options* o : {&setup.a_to_b, &setup.b_to_a}) draw_marks(rng, *o);
    settings.tcp.pacing = rng.chance(0.3);
    settings.gro = options.gro;
    settings.tso = options.tso;
    for (net::wire_end_options* end : {&setup.a, &setup.b})
        end->fills_checksums = end->cuts_segments = options.device_cuts;
    net::interface_config config;
    if (rng.chance(0.2)) config.memory = 20'000 + rng.below(1'000'000);
    for (net::wire_options* o : {&setup.a_to_b, &setup.b_to_a}) leave_out(options.without, *o);
    if (options.without.has(trouble::ecn)) settings.tcp.ecn = tcp::ecn_mode::off;
    if (options.without.has(trouble::pacing)) settings.tcp.pacing = false;
    if (options.without.has(trouble::memory)) config.memory = net::interface_config().memory;
    two_hosts hosts(seed, setup, settings, config);
    sim_judge judge(hosts);
    transfer_outcome out;
    out.troubles =
        fmt::format("{}{}, memory {} KiB; there: {}; back: {}", net::to_string(settings.tcp.congestion),
                    settings.tcp.ecn == tcp::ecn_mode::on         ? " with ECN"
                    : settings.tcp.ecn == tcp::ecn_mode::accurate ? " with accurate ECN"
                                                                  : "",
                    config.memory / 1024, describe(setup.a_to_b), describe(setup.b_to_a));

    std::unique_ptr<net::pcap_writer> capture;
    if (!options.pcap.empty()) {
        capture = std::make_unique<net::pcap_writer>(options.pcap);
        hosts.wire.capture(net::wire_end::a, capture.get());
    }

    const time_point start = hosts.world.now();
    std::optional<net::listener> listener;
    hosts.b.run([&](net::network& n) {
        listener = n.listen({.port = port});
        background(serve(*listener, t));
    });
    hosts.a.run([&](tcp::native_network& n) { background(run_client(n, {hosts.b.address, port}, t)); });

    const auto is_over = [&] {
        judge.look();
        return !judge.offence().empty() || (t.client_done && t.echoes_done == 1);
    };
    const bool in_time = hosts.world.run_until(is_over, std::chrono::hours(3));
    out.seconds = std::chrono::duration<double>(hosts.world.now() - start).count();
    if (!in_time)
        out.failure = t.failure.empty() ? fmt::format("did not end: {} bytes of {} came back; {}", t.received,
                                                      t.bytes, hosts.leftovers())
                                        : t.failure;
    hosts.b.run([&](net::network&) { listener.reset(); });
    if (!hosts.world.run_until_idle(std::chrono::hours(3)) && out.failure.empty())
        out.failure = "something goes on for ever: " + hosts.leftovers();
    if (!judge.offence().empty())
        out.failure = judge.offence();
    else if (judge.segments() == 0 || judge.states() == 0)
        out.failure = "the judge has seen nothing";
    decide(hosts, t, out);

    out.hash = t.hash;
    out.steps = hosts.world.steps();
    for (sim_host* h : {&hosts.a, &hosts.b}) {
        out.tso_frames += h->network->interface().counters().tso_frames;
        out.gso_runs += h->network->interface().counters().gso_runs;
    }
    out.gro_merged = hosts.a.network->counters().gro_merged + hosts.b.network->counters().gro_merged;
    out.frames = hosts.wire.counters(net::wire_end::a).sent + hosts.wire.counters(net::wire_end::b).sent;
    out.retransmissions =
        hosts.a.network->counters().retransmissions + hosts.b.network->counters().retransmissions;
    return out;
}

}  // namespace millrace::test
