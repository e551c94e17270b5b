// So many answers a second to segments that may be an attacker's. RFC 5961 §7.
#pragma once

#include "core/time.hh"

#include <chrono>
#include <cstdint>

namespace millrace::tcp {

// Shared by all the connections of a shard.
class rate_limit {
 public:
    // With a seed, another number each second, from half of `per_second` to three halves, so that nobody can
    // tell by what is left what others have used: with a fixed number, attackers can (CVE-2016-5696). With 0,
    // always `per_second`.
    explicit rate_limit(uint32_t per_second, uint64_t seed = 0) noexcept
        : per_second_(per_second), random_(seed), left_(next_number()) {}

    // May one more go out? Counts it if so.
    bool take(time_point now) noexcept {
        if (now - began_ >= std::chrono::seconds(1)) {
            began_ = now;
            left_ = next_number();
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
    uint32_t next_number() noexcept {
        if (random_ == 0 || per_second_ == 0) return per_second_;
        random_ ^= random_ << 13;  // xorshift: its output is never seen
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        return (per_second_ + 1) / 2 + uint32_t((random_ >> 32) % per_second_);
    }

    time_point began_{};
    uint64_t refused_ = 0;
    uint32_t per_second_;
    uint64_t random_;
    uint32_t left_;
};

}  // namespace millrace::tcp
