// Lets a log line through once in a while, however often there is cause for it.
#pragma once

#include "core/time.hh"

#include <cstdint>

namespace millrace::kv {

class line_limit {
 public:
    static constexpr duration pause = std::chrono::seconds(10);

    // A cause. How many there have been, if a line is due; else 0.
    uint64_t admit(time_point now) noexcept {
        ++causes_;
        if (now < next_) return 0;
        next_ = now + pause;
        return causes_;
    }

 private:
    uint64_t causes_ = 0;
    time_point next_{};
};

}  // namespace millrace::kv
