// Plain segments of one flow that come one behind the other, without a gap, and differ in nothing but their
// data and PSH: what a burst of a device brings from a peer that sends much. Taken as one, they are looked
// up, checked and acknowledged once (generic receive offload).
#pragma once

#include "tcp/segment/plain.hh"

#include <cstdint>

namespace millrace::tcp {

class plain_run {
 public:
    // `first` is plain.
    explicit plain_run(const plain_segment& first) noexcept
        : first_(first), payload_bytes_(first.payload_bytes()), push_(first.push()) {}

    // Takes `next`, of the same flow, in; false if it does not go on where the run ends, or is not like it.
    // None may be longer than the first, and only the last one shorter: so whoever counts full segments sees
    // what it would have seen of each alone.
    bool append(const plain_segment& next) noexcept {
        const uint32_t full = segment_bytes();
        if (!next.is_plain() || payload_bytes_ != segments_ * full) return false;
        if (next.payload_bytes() == 0 || next.payload_bytes() > full) return false;
        if (next.seq() != first_.seq() + payload_bytes_ || !next.is_like(first_)) return false;
        payload_bytes_ += next.payload_bytes();
        push_ |= next.push();
        ++segments_;
        return true;
    }

    const plain_segment& first() const noexcept { return first_; }
    uint32_t segments() const noexcept { return segments_; }
    // Of all together; of each but the last; of the last.
    uint32_t payload_bytes() const noexcept { return payload_bytes_; }
    uint32_t segment_bytes() const noexcept { return first_.payload_bytes(); }
    uint32_t last_bytes() const noexcept { return payload_bytes_ - (segments_ - 1) * segment_bytes(); }
    bool push() const noexcept { return push_; }  // one of them has it
    seq last_seq() const noexcept { return first_.seq() + (segments_ - 1) * segment_bytes(); }

 private:
    plain_segment first_;
    uint32_t payload_bytes_;
    uint32_t segments_ = 1;
    bool push_;
};

}  // namespace millrace::tcp
