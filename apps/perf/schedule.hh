// When the requests of an open loop are due: at a constant rate, whatever becomes of earlier ones.
#pragma once

#include "core/time.hh"

#include <cstdint>

namespace millrace::perf {

// Requests are numbered from 0. Those of one connection are as far apart as there are connections, so that
// each has its turn, and connections start one after another.
class schedule {
 public:
    schedule() noexcept = default;
    // `rate`: of these requests in a second, not 0.
    schedule(time_point start, double rate) noexcept : start_(start), interval_ns_(1e9 / rate) {}

    time_point due(uint64_t request) const noexcept {
        return start_ + duration(int64_t(double(request) * interval_ns_));
    }

 private:
    time_point start_{};
    double interval_ns_ = 0;
};

}  // namespace millrace::perf
