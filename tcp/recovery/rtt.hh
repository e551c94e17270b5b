// The round-trip time and how much it varies. RFC 6298 §2 §3.
#pragma once

#include "core/time.hh"

#include <algorithm>

namespace millrace::tcp {

// Fed only with samples that are not ambiguous: of segments sent once (Karn's algorithm, RFC 6298 §3), or
// taken from an echoed timestamp (RFC 7323 §4.1).
class rtt {
 public:
    void on_sample(duration sample) noexcept {
        sample = std::max(sample, duration(0));
        latest_ = sample;
        if (!has_sample()) return on_first_sample(sample);
        // RFC 6298 §2.3: alpha = 1/8, beta = 1/4, RTTVAR before SRTT.
        const duration error = sample > srtt_ ? sample - srtt_ : srtt_ - sample;
        min_ = std::min(min_, sample);
        rttvar_ += (error - rttvar_) / 4;
        srtt_ += (sample - srtt_) / 8;
    }

    bool has_sample() const noexcept { return min_ >= duration(0); }
    // All zero before the first sample.
    duration smoothed() const noexcept { return srtt_; }
    duration variation() const noexcept { return rttvar_; }
    duration latest() const noexcept { return latest_; }
    duration minimum() const noexcept { return std::max(min_, duration(0)); }  // over the connection's life

 private:
    void on_first_sample(duration sample) noexcept;

    duration srtt_{0};
    duration rttvar_{0};
    duration latest_{0};
    duration min_{-1};  // negative before the first sample
};

}  // namespace millrace::tcp
