// Flows from one host to another through one bottleneck, in virtual time, and what each of them delivers.
// The tables made of that are in tests/support/sim_tables.hh.
#pragma once

#include "core/time.hh"
#include "net/congestion.hh"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::test {

struct bottleneck {
    uint64_t rate_bps = 100'000'000;
    duration rtt = std::chrono::milliseconds(50);  // of an empty queue
    double loss = 0;                               // chance per packet of data; ACKs are not lost
    double burst = 0;                              // chance per packet of data that a burst of losses begins,
    double burst_length = 10;                      // of so many packets on average
    double late = 0;                               // chance per packet of data that it is held back, by up to
    duration late_by{0};                           // as much, and overtaken
    // Segments that find so many packets waiting are marked, and all flows use ECN (RFC 3168); 0: neither.
    uint32_t mark_packets = 0;
    bool accurate = false;  // and ask for their count (RFC 9768)
    bool pacing = false;
    uint32_t queue_packets = 0;  // 0: one bandwidth-delay product
    uint64_t police_bps =
        0;  // what exceeds it and a burst of 10 ms, at least 64 KiB, is dropped; 0: nothing is
};

// Packets in flight that fill the path: the bandwidth-delay product.
uint32_t product_of(const bottleneck& b) noexcept;
// Unless said, the queue holds one bandwidth-delay product, but at least so many packets.
constexpr uint32_t least_queue = 50;
uint32_t queue_of(const bottleneck& b) noexcept;

// One flow for each algorithm, begun together, between `from` and `until`.
struct flow_outcome {
    std::vector<double> mbps;  // of payload that each delivers, in their order
    double dropped = 0;        // part of the packets of data
    // At the bottleneck, looked at each millisecond: how many packets wait, and how long the last of them
    // will.
    uint32_t most_queued = 0;
    duration median_wait{0};
    duration long_wait{0};  // the 99th percentile
};
flow_outcome watch_flows(const bottleneck& b, const std::vector<net::congestion_algorithm>& flows,
                         duration from, duration until, uint64_t seed = 1);
// What each of them delivers.
std::vector<double> run_flows(const bottleneck& b, const std::vector<net::congestion_algorithm>& flows,
                              duration from, duration until, uint64_t seed = 1);

}  // namespace millrace::test
