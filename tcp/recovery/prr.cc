#include "tcp/recovery/prr.hh"

#include <algorithm>

namespace millrace::tcp {

uint32_t prr::window(const ack& a) noexcept {
    delivered_ += a.delivered;
    int64_t count;  // sndcnt
    if (a.pipe > a.ssthresh) {
        const uint64_t share = (delivered_ * a.ssthresh + recover_fs_ - 1) / recover_fs_;
        count = int64_t(share) - a.out;
    } else {
        // PRR-CRB: as much as was delivered. PRR-SSRB: a segment more while recovery goes well.
        count = std::max(int64_t(delivered_) - a.out, int64_t(a.delivered));
        if (a.safe) count += a.smss;
        count = std::min(count, int64_t(a.ssthresh - a.pipe));
    }
    // The first retransmission is never held back.
    if (a.out == 0) count = std::max(count, int64_t(a.smss));
    return a.pipe + uint32_t(std::max<int64_t>(count, 0));
}

}  // namespace millrace::tcp
