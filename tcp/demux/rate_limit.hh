// So many a second and no more: a bucket of tokens. For answers that an attacker could make us send: RST
// (RFC 9293 §3.10.7.1), challenge ACKs (RFC 5961 §7).
#pragma once

#include "core/time.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

class rate_limit {
 public:
    // Up to a second's worth at once.
    explicit rate_limit(uint32_t per_second) noexcept : per_second_(per_second), tokens_(per_second) {}

    // Takes one if there is one.
    bool allow(time_point now) noexcept {
        if (tokens_ == 0) refill(now);
        if (tokens_ == 0) return false;
        --tokens_;
        return true;
    }

 private:
    void refill(time_point now) noexcept {
        // Whole tokens only; the time that they stand for is used up, the rest counts next time.
        const auto elapsed = std::min<duration>(now - refilled_, std::chrono::seconds(1));
        const auto earned = uint64_t(elapsed.count()) * per_second_ / 1'000'000'000;
        if (earned == 0) return;
        tokens_ = uint32_t(earned);
        refilled_ = now;
    }

    uint32_t per_second_;
    uint32_t tokens_;
    time_point refilled_{};
};

}  // namespace millrace::tcp
