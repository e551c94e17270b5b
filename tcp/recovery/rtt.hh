// The round-trip time and how much it varies. RFC 6298 §2 §3.
#pragma once

#include "core/time.hh"

#include <optional>

namespace millrace::tcp {

// Fed only with samples that are not ambiguous: of segments sent once (Karn's algorithm, RFC 6298 §3), or
// taken from an echoed timestamp (RFC 7323 §4.1).
class rtt {
 public:
    void on_sample(duration sample) noexcept;

    bool has_sample() const noexcept { return has_sample_; }
    // All zero before the first sample.
    duration smoothed() const noexcept { return srtt_; }
    duration variation() const noexcept { return rttvar_; }
    duration latest() const noexcept { return latest_; }
    duration minimum() const noexcept { return min_; }  // over the connection's life

 private:
    duration srtt_{0};
    duration rttvar_{0};
    duration latest_{0};
    duration min_{0};
    bool has_sample_ = false;
};

}  // namespace millrace::tcp
