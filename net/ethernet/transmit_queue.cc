#include "net/ethernet/transmit_queue.hh"

#include <algorithm>

namespace millrace::net {

packet* transmit_queue::prepared_draft() noexcept {
    if (end_ == full_ && !make_room()) return nullptr;
    return is_fresh(*end_) || prepare() ? end_ : nullptr;
}

void transmit_queue::flush() noexcept {
    if (begin_ == end_) return;
    const size_t taken = device_.transmit({begin_, end_});
    move_begin(begin_ + taken);
    sent_ += taken;
    if (others_ > 0) [[unlikely]]
        count_others();
    if (begin_ == end_ && end_ - slots_.data() >= rewind_after) rewind();
}

// Anew, as what the device has taken no longer says how long it was.
void transmit_queue::count_others() noexcept {
    others_ = 0;
    for (const packet* p = begin_; p != end_; ++p) {
        if (p->segment_bytes == 0) continue;
        const size_t data = p->size() - p->l2_bytes - p->l3_bytes - p->l4_bytes;
        others_ += (data - 1) / p->segment_bytes;
    }
}

void transmit_queue::rewind() noexcept {
    packet* from = end_;
    end_ = slots_.data();
    move_begin(end_);
    for (packet* to = end_; from < limit_ && from->head.storage(); ++from, ++to)
        to->head = std::move(from->head);
}

bool transmit_queue::make_room() noexcept {
    flush();
    if (end_ - begin_ >= capacity_) {
        drops_.count(drop_reason::transmit_queue_full);
        return false;
    }
    if (end_ == limit_) {
        end_ = std::move(begin_, end_, slots_.data());
        move_begin(slots_.data());
    }
    return true;
}

// Buffers for the places from the end on that have none; true if the first one has one.
bool transmit_queue::prepare() noexcept {
    end_->head = buffer();
    end_->fragments.clear();
    size_t n = 1;
    const size_t most = std::min(most_prepared, size_t(full_ - end_));
    while (n < most && !end_[n].head.storage()) ++n;
    if (device_.prepare({end_, n}) > 0) return true;
    drops_.count(drop_reason::no_buffer);
    return false;
}

buffer transmit_queue::allocate() noexcept {
    if (end_ < limit_ && is_fresh(*end_)) return std::move(end_->head);
    return device_.allocate();
}

}  // namespace millrace::net
