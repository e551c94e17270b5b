#include "apps/perf/measurement.hh"

#include <algorithm>

namespace millrace::perf {

void measurement::merge(const measurement& other) {
    requests += other.requests;
    sent += other.sent;
    received += other.received;
    measured = std::max(measured, other.measured);
    latency.merge(other.latency);
    late += other.late;
    connected += other.connected;
    cpu += other.cpu;
    if (!server_cpu) server_cpu = other.server_cpu;
    at = std::max(at, other.at);
    partial |= other.partial;
    unusable |= other.unusable;
    if (error.empty()) error = other.error;
}

}  // namespace millrace::perf
