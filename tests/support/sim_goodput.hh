// Flows from one host to another through one bottleneck, in virtual time, and what each of them delivers.
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
    // Segments that find so many packets waiting are marked, and all flows use ECN (RFC 3168); 0: neither.
    uint32_t mark_packets = 0;
    bool accurate = false;  // and ask for their count (RFC 9768)
    bool pacing = false;
    uint32_t queue_packets = 0;  // 0: one bandwidth-delay product
    uint64_t police_bps = 0;     // what exceeds it and a burst of 64 KiB is dropped; 0: nothing is
};

// Unless said, the queue holds one bandwidth-delay product, but at least so many packets.
constexpr uint32_t least_queue = 50;
uint32_t queue_of(const bottleneck& b) noexcept;

// One flow for each algorithm, begun together, between `from` and `until`.
struct flow_outcome {
    std::vector<double> mbps;  // of payload that each delivers, in their order
    uint32_t most_queued = 0;  // packets at the bottleneck, looked at each millisecond
    double dropped = 0;        // part of the packets of data
};
flow_outcome watch_flows(const bottleneck& b, const std::vector<net::congestion_algorithm>& flows,
                         duration from, duration until, uint64_t seed = 1);
// What each of them delivers.
std::vector<double> run_flows(const bottleneck& b, const std::vector<net::congestion_algorithm>& flows,
                              duration from, duration until, uint64_t seed = 1);

// A row for each round trip, a column for each loss, and a table for each algorithm.
struct goodput_table {
    uint64_t rate_bps = 100'000'000;
    duration time = std::chrono::seconds(10);
    std::vector<duration> rtts;
    std::vector<double> losses;
    std::vector<net::congestion_algorithm> algorithms;
    uint32_t mark_packets = 0;
    bool accurate = false;
    bool pacing = false;
};
std::string head_of(const goodput_table& t);
std::string row_of(const goodput_table& t, net::congestion_algorithm a, duration rtt);

}  // namespace millrace::test
