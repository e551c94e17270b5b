#include "net/ethernet/transmit_queue.hh"

#include <algorithm>

namespace millrace::net {

void transmit_queue::flush() noexcept {
    if (begin_ == end_) return;
    size_t taken = device_.transmit({slots_.data() + begin_, end_ - begin_});
    begin_ += taken;
    sent_ += taken;
    if (begin_ == end_ && end_ >= rewind_after) rewind();
}

void transmit_queue::rewind() noexcept {
    size_t from = end_;
    begin_ = end_ = 0;
    for (size_t to = 0; from < slots_.size() && slots_[from].head.storage(); ++from, ++to)
        slots_[to].head = std::move(slots_[from].head);
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

// Buffers for the places from the end on that have none; true if the first one has one.
bool transmit_queue::prepare() noexcept {
    packet& first = slots_[end_];
    first.head = buffer();
    first.fragments.clear();
    size_t n = 1;
    const size_t most = std::min(most_prepared, slots_.size() - end_);
    while (n < most && !slots_[end_ + n].head.storage()) ++n;
    if (device_.prepare({&first, n}) > 0) return true;
    drops_.count(drop_reason::no_buffer);
    return false;
}

buffer transmit_queue::allocate() noexcept {
    if (end_ < slots_.size() && is_fresh(slots_[end_])) return std::move(slots_[end_].head);
    return device_.allocate();
}

}  // namespace millrace::net
