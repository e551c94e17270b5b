#include "tcp/recovery/rtt.hh"

namespace millrace::tcp {

// RFC 6298 §2.2.
void rtt::on_first_sample(duration sample) noexcept {
    min_ = sample;
    srtt_ = sample;
    rttvar_ = sample / 2;
}

}  // namespace millrace::tcp
