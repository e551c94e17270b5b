// So many answers a second to segments that may be an attacker's. RFC 5961 §7.
#pragma once

#include "core/time.hh"

#include <chrono>
#include <cstdint>

namespace millrace::tcp {

// Shared by all the connections of a shard.
class rate_limit {
 public:
    explicit rate_limit(uint32_t per_second) noexcept : per_second_(per_second), left_(per_second) {}

    // May one more go out? Counts it if so.
    bool take(time_point now) noexcept {
        if (now - began_ >= std::chrono::seconds(1)) {
            began_ = now;
            left_ = per_second_;
        }
        if (left_ == 0) {
            ++refused_;
            return false;
        }
        --left_;
        return true;
    }
    uint64_t refused() const noexcept { return refused_; }

 private:
    time_point began_{};
    uint64_t refused_ = 0;
    uint32_t per_second_;
    uint32_t left_;
};

}  // namespace millrace::tcp
