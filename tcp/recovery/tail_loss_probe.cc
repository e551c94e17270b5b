#include "tcp/recovery/tail_loss_probe.hh"

namespace millrace::tcp {

bool tail_loss_probe::has_repaired(seq una, const sack_blocks& blocks, bool duplicate_reported,
                                   bool is_duplicate) noexcept {
    if (!outstanding_ || una < end_) return false;
    if (!retransmission_) {  // new data has arrived, and all before it
        outstanding_ = false;
        return false;
    }
    if ((duplicate_reported && blocks[0].right == end_) || (is_duplicate && blocks.empty())) {
        outstanding_ = false;  // case 1, case 3: both copies have arrived
        return false;
    }
    if (una == end_) return false;  // which of both it was is yet to be seen
    outstanding_ = false;           // case 2
    return true;
}

}  // namespace millrace::tcp
