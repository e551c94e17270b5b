// What a device costs: frames are sent from one end to the other and back, bare, with no stack between.
//   millrace-link-bench DEVICE [BYTES [BURST [ROUNDS]]]      DEVICE: link, ring or memif
// Prints nanoseconds for one frame received and sent again. In instructions: the inclusive cost of reflect(),
// as tests/bench/suite/counted.py counts it.
#include "core/time.hh"
#include "net/dpdk_device.hh"
#include "net/simulation.hh"

#include <fmt/core.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>

using namespace millrace;
using namespace millrace::net;

namespace {

struct ends {
    std::unique_ptr<device> a;
    std::unique_ptr<device> b;
};

ends open(const std::string& kind) {
    if (kind == "link") {
        link_pair l = make_link();
        return {std::move(l.a), std::move(l.b)};
    }
    dpdk_options o;
    if (kind == "ring") {
        dpdk_pair p = open_dpdk_ring_pair(o);
        return {std::move(p.a), std::move(p.b)};
    }
    const std::string socket = fmt::format("@millrace-link-bench-{}", ::getpid());
    o.device = "memif:server," + socket;
    ends e;
    e.b = open_dpdk_device(o);
    o.device = "memif:client," + socket;
    e.a = open_dpdk_device(o);
    return e;
}

constexpr size_t most = 64;
using burst_of = std::array<packet, most>;

void fill(device_queue& q, std::span<packet> burst, size_t bytes) {
    for (packet& p : burst) {
        p.head = q.allocate();
        p.head.append(bytes);
    }
}

// A memif connects after it was opened, and its server can send once the client has looked for frames.
void warm_up(ends& e, std::span<packet> burst, size_t bytes) {
    while (true) {
        fill(e.a->queue(0), burst, bytes);
        const size_t sent = e.a->queue(0).transmit(burst);
        e.a->queue(0).receive(burst);
        if (sent == 0) {
            std::this_thread::yield();
            continue;
        }
        for (size_t got = 0; got < sent;) got += e.b->queue(0).receive(burst.subspan(got));
        return;
    }
}

}  // namespace

// Receives what the other end sent and sends it again, as a reflector does.
[[gnu::noinline]] void reflect(device_queue& q, std::span<packet> burst) {
    const size_t n = q.receive(burst);
    if (n == burst.size()) q.transmit(burst);
}

int main(int argc, char** argv) {
    auto number = [&](int i, size_t otherwise) {
        return argc > i ? std::strtoul(argv[i], nullptr, 10) : otherwise;
    };
    const std::string kind = argc > 1 ? argv[1] : "link";
    const size_t bytes = number(2, 64);
    const size_t size = std::min(number(3, 32), most);
    const size_t rounds = number(4, 1'000'000) / size;
    if (kind != "link" && kind != "ring" && kind != "memif") {
        fmt::print(stderr, "{}: no such device; link, ring and memif are known\n", kind);
        return 2;
    }
    ends e = open(kind);
    burst_of frames;
    const std::span burst(frames.data(), size);
    warm_up(e, burst, bytes);

    fill(e.a->queue(0), burst, bytes);
    e.a->queue(0).transmit(burst);
    system_clock clock;
    const time_point start = clock.now();
    for (size_t i = 0; i < rounds; ++i) {
        reflect(e.b->queue(0), burst);
        reflect(e.a->queue(0), burst);
    }
    const duration took = clock.now() - start;
    const uint64_t reflected = e.b->queue(0).counters().tx_packets + e.a->queue(0).counters().rx_packets;
    fmt::print("{}: {} bytes, bursts of {}: {:.1f} ns for a frame received and sent ({} frames)\n", kind,
               bytes, size, double(took.count()) / double(rounds * size * 2), reflected);
    return reflected >= rounds * size ? 0 : 1;
}
