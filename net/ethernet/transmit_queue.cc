#include "net/ethernet/transmit_queue.hh"

#include <algorithm>

namespace millrace::net {

void transmit_queue::flush() noexcept {
    if (begin_ == end_) return;
    size_t taken = device_.transmit({slots_.data() + begin_, end_ - begin_});
    begin_ += taken;
    sent_ += taken;
    if (begin_ == end_) begin_ = end_ = 0;
}

bool transmit_queue::make_room() noexcept {
    flush();
    if (begin_ == 0 && end_ == slots_.size()) {
        drops_.count(drop_reason::transmit_queue_full);
        return false;
    }
    std::move(slots_.begin() + ptrdiff_t(begin_), slots_.begin() + ptrdiff_t(end_), slots_.begin());
    end_ -= begin_;
    begin_ = 0;
    return true;
}

}  // namespace millrace::net
