#include "tcp/congestion/window_validation.hh"

namespace millrace::tcp {
namespace {

// RFC 7661 §4.2: the pipeACK Sampling Period is max(3 RTT, 1 s).
duration half_period(duration srtt) noexcept {
    return std::max<duration>(3 * srtt, std::chrono::seconds(1)) / 2;
}

}  // namespace

// The largest samples of two halves of a period: one of them is always whole. Of what was acknowledged in
// more than that the last alone counts.
void window_validation::end_sample(uint32_t last, time_point now, duration srtt) noexcept {
    const duration half = half_period(srtt);
    if (!begun_) {
        begun_ = true;
        period_ = validated_at_ = now;
    } else {
        const duration age = now - period_;
        if (age >= half) {
            before_ = age < 2 * half ? latest_ : 0;
            latest_ = 0;
            period_ = now;
        }
        latest_ = std::max(latest_, now - began_ < half ? bytes_ : last);
        defined_ = true;
    }
    began_ = now;
    bytes_ = 0;
}

}  // namespace millrace::tcp
