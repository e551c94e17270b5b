// How often something may be done: a bucket of tokens (RFC 1812 §4.3.2.8).
#pragma once

#include "core/time.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::net {

// `per_second` on average, at most so many of them at once.
class rate_limit {
 public:
    explicit rate_limit(uint32_t per_second) noexcept
        : cost_(per_second ? std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second
                           : duration::max()),
          burst_(per_second ? std::chrono::seconds(1) : duration(0)) {}

    // Takes a token; false if there is none.
    bool take(time_point now) noexcept {
        // Tokens are kept as the time that earned them.
        earned_ = std::min(earned_ + (now - last_), burst_);
        last_ = now;
        if (earned_ < cost_) return false;
        earned_ -= cost_;
        return true;
    }

 private:
    duration cost_;
    duration burst_;
    duration earned_ = burst_;
    time_point last_{};
};

}  // namespace millrace::net
