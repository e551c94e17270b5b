#include "tcp/recovery/rtt.hh"

#include <algorithm>

namespace millrace::tcp {

void rtt::on_sample(duration sample) noexcept {
    sample = std::max(sample, duration(0));
    latest_ = sample;
    if (!has_sample_) {  // RFC 6298 §2.2
        has_sample_ = true;
        min_ = sample;
        srtt_ = sample;
        rttvar_ = sample / 2;
        return;
    }
    // RFC 6298 §2.3: alpha = 1/8, beta = 1/4, RTTVAR before SRTT.
    const duration error = sample > srtt_ ? sample - srtt_ : srtt_ - sample;
    min_ = std::min(min_, sample);
    rttvar_ += (error - rttvar_) / 4;
    srtt_ += (sample - srtt_) / 8;
}

}  // namespace millrace::tcp
