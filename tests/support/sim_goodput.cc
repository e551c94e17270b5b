#include "tests/support/sim_goodput.hh"

#include "core/coroutine.hh"
#include "tests/support/sim_hosts.hh"

#include <algorithm>
#include <optional>
#include <system_error>

namespace millrace::test {
namespace {

constexpr uint16_t first_port = 5001;
constexpr uint32_t packet_bits = 1514 * 8;
constexpr uint32_t least_police_burst = 65536;
constexpr uint64_t memory = uint64_t(1) << 34;  // no limit
constexpr uint32_t ack_queue = 100'000;

struct receiver {
    std::optional<net::listener> listener;
    uint64_t bytes = 0;
    bool done = false;
};

future<> receive(net::listener& l, receiver& r) {
    auto s = co_await l.accept();
    try {
        while (buffer b = co_await s->read()) r.bytes += b.size();
    } catch (const std::system_error&) {
    }
    r.done = true;
}

// Until its connection is aborted.
future<> send(net::network& network, net::endpoint to, net::connect_options options, net::stream& s) {
    const buffer block = buffer::copy_of(std::string(64 * 1024, 'x'));
    try {
        s = co_await network.connect(to, options);
        while (true) co_await s.write(block.share());
    } catch (const std::system_error&) {
    }
}

net::wire_setup wire_of(const bottleneck& b) {
    net::wire_setup setup;
    for (auto* o : {&setup.a_to_b, &setup.b_to_a}) {
        o->rate_bps = b.rate_bps;
        o->delay = b.rtt / 2;
        o->queue_packets = queue_of(b);
    }
    setup.b_to_a.queue_packets = std::max(ack_queue, 4 * queue_of(b));
    setup.a_to_b.loss = b.loss;
    setup.a_to_b.burst = b.burst;
    setup.a_to_b.burst_end = 1 / b.burst_length;
    setup.a_to_b.reorder = b.late;
    setup.a_to_b.reorder_hold = b.late_by;
    setup.a_to_b.police_bps = b.police_bps;
    setup.a_to_b.police_burst = uint32_t(std::max<uint64_t>(least_police_burst, b.police_bps / 8 / 100));
    setup.a_to_b.mark_packets = b.mark_packets;
    setup.a.buffers = setup.b.buffers = std::max(4096u, 4 * std::max(product_of(b), queue_of(b)));
    return setup;
}

uint64_t dropped_of(const net::wire_counters& c) {
    return c.lost + c.overflowed + c.policed;
}

double dropped_since(const net::wire_counters& before, const net::wire_counters& now) {
    const uint64_t sent = now.sent - before.sent;
    return sent == 0 ? 0 : double(dropped_of(now) - dropped_of(before)) / double(sent);
}

// So large that only the congestion window limits.
tcp::native_settings settings_of(const bottleneck& b) {
    const uint64_t product = uint64_t(std::max(product_of(b), queue_of(b))) * 1500;
    tcp::native_settings s;
    s.tcp.send_buffer = s.tcp.receive_buffer = s.tcp.first_buffer =
        uint32_t(std::min<uint64_t>(4 * product + (1 << 20), 1u << 30));
    s.tcp.max_segments_in_flight = 1u << 20;
    s.tcp.pacing = b.pacing;
    if (b.mark_packets > 0) s.tcp.ecn = b.accurate ? tcp::ecn_mode::accurate : tcp::ecn_mode::on;
    return s;
}

}  // namespace

uint32_t product_of(const bottleneck& b) noexcept {
    return uint32_t(double(b.rate_bps) * std::chrono::duration<double>(b.rtt).count() / packet_bits);
}

uint32_t queue_of(const bottleneck& b) noexcept {
    return b.queue_packets > 0 ? b.queue_packets : std::max(least_queue, product_of(b));
}

std::vector<double> run_flows(const bottleneck& b, const std::vector<net::congestion_algorithm>& flows,
                              duration from, duration until, uint64_t seed) {
    return watch_flows(b, flows, from, until, seed).mbps;
}

flow_outcome watch_flows(const bottleneck& b, const std::vector<net::congestion_algorithm>& flows,
                         duration from, duration until, uint64_t seed) {
    const tcp::native_settings settings = settings_of(b);
    net::interface_config unbounded;
    unbounded.memory = memory;
    two_hosts hosts(seed, wire_of(b), settings, unbounded);
    std::vector<receiver> receivers(flows.size());
    std::vector<net::stream> streams(flows.size());
    for (size_t i = 0; i < flows.size(); ++i) {
        const auto port = uint16_t(first_port + i);
        hosts.b.run([&](net::network& n) {
            receivers[i].listener = n.listen({.port = port});
            background(receive(*receivers[i].listener, receivers[i]));
        });
        hosts.a.run([&](net::network& n) {
            net::connect_options o;
            o.settings.congestion = flows[i];
            o.settings.send_watermark = settings.tcp.send_buffer;
            background(send(n, {hosts.b.address, port}, o, streams[i]));
        });
    }
    hosts.world.run_for(from);
    std::vector<uint64_t> before;
    for (const receiver& r : receivers) before.push_back(r.bytes);
    flow_outcome out;
    const net::wire_counters counters = hosts.wire.counters(net::wire_end::a);
    std::vector<uint32_t> queued;
    for (duration t = from; t < until; t += std::chrono::milliseconds(1)) {
        hosts.world.run_for(std::min<duration>(until - t, std::chrono::milliseconds(1)));
        queued.push_back(uint32_t(hosts.wire.waiting(net::wire_end::a)));
    }
    std::ranges::sort(queued);
    const auto wait = [&](size_t percent) {
        const uint64_t bits = uint64_t(queued[(queued.size() - 1) * percent / 100]) * packet_bits;
        return duration(int64_t(bits * 1'000'000'000 / b.rate_bps));
    };
    out.most_queued = queued.back();
    out.median_wait = wait(50);
    out.long_wait = wait(99);
    out.dropped = dropped_since(counters, hosts.wire.counters(net::wire_end::a));
    for (size_t i = 0; i < flows.size(); ++i)
        out.mbps.push_back(double(receivers[i].bytes - before[i]) * 8e-6 /
                           std::chrono::duration<double>(until - from).count());

    hosts.a.run([&](net::network&) {
        for (net::stream& s : streams)
            if (s) s.abort();
    });
    hosts.world.run_for(b.rtt + std::chrono::seconds(5));
    hosts.a.run([&](net::network&) { streams.clear(); });
    hosts.b.run([&](net::network&) { receivers.clear(); });
    hosts.world.run_for(std::chrono::seconds(1));
    return out;
}

}  // namespace millrace::test
