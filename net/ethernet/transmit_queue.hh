// The frames of a turn on their way to the device, in order; one burst at the end of the turn.
#pragma once

#include "net/device.hh"
#include "net/drop_reason.hh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::net {

class transmit_queue {
 public:
    // Holds at most `capacity` frames, which must be at least 1.
    transmit_queue(device_queue& device, size_t capacity, drop_counters& drops)
        : device_(device), capacity_(ptrdiff_t(capacity)), slots_(capacity * 2), drops_(drops) {}
    transmit_queue(const transmit_queue&) = delete;
    transmit_queue& operator=(const transmit_queue&) = delete;

    // A full queue is offered to the device at once; if that does not help, the frame is dropped and counted.
    bool push(packet&& frame) noexcept {
        if (end_ == full_ && !make_room()) return false;
        fill(*end_++, std::move(frame));
        return true;
    }

    // The place behind the last frame, for one that is built there and not moved: its head is an empty buffer
    // as allocate() gives. Null, and counted, if there is no buffer or no room. Good until anything else is
    // called here but push_draft(), which makes it the last frame.
    packet* draft() noexcept { return end_ != full_ && is_fresh(*end_) ? end_ : prepared_draft(); }
    void push_draft() noexcept { ++end_; }
    // The draft is one that the device shall cut into so many pieces.
    void push_run(size_t pieces) noexcept {
        push_draft();
        others_ += pieces - 1;
    }
    bool refuses_runs() const noexcept { return device_.refuses_runs(); }

    // What the device does not take stays, in order.
    void flush() noexcept;

    size_t size() const noexcept { return size_t(end_ - begin_); }
    // Frames that the link will see.
    size_t pieces() const noexcept { return size() + others_; }
    uint64_t sent() const noexcept { return sent_; }

    // A buffer to build a frame in; see device_queue::allocate().
    buffer allocate() noexcept;

 private:
    // Buffers asked of the device at once.
    static constexpr size_t most_prepared = 32;
    // A queue that is empty begins anew behind so many places: few of them then lie in the nearest cache.
    static constexpr ptrdiff_t rewind_after = 128;

    packet* prepared_draft() noexcept;
    bool make_room() noexcept;
    void count_others() noexcept;
    bool prepare() noexcept;
    void rewind() noexcept;
    void move_begin(packet* to) noexcept {
        begin_ = to;
        full_ = to + std::min(capacity_, limit_ - to);
    }

    static bool is_fresh(const packet& p) noexcept {
        return p.head.storage() && p.head.empty() && p.fragments.empty();
    }

    // A slot not in use has at most an empty buffer, which makes this much less than a packet's assignment.
    static void fill(packet& slot, packet&& frame) noexcept {
        slot.head.swap(frame.head);
        slot.fragments = std::move(frame.fragments);
        slot.offload_ip_checksum = frame.offload_ip_checksum;
        slot.offload_l4_checksum = frame.offload_l4_checksum;
        slot.segment_bytes = frame.segment_bytes;
        slot.l2_bytes = frame.l2_bytes;
        slot.l3_bytes = frame.l3_bytes;
        slot.l4_bytes = frame.l4_bytes;
        slot.is_udp = frame.is_udp;
    }

    // Slots [begin_, end_) are in use, and some behind them have buffers ready for drafts. The device wants
    // its burst in one piece, hence no ring; with twice as many slots as may be in use, each frame is moved
    // to the front once at most, however long the queue stays full.
    device_queue& device_;
    const ptrdiff_t capacity_;
    std::vector<packet> slots_;
    packet* begin_ = slots_.data();
    packet* end_ = begin_;
    packet* const limit_ = begin_ + slots_.size();
    packet* full_ = begin_ + capacity_;  // where the end may not pass now: of the queue or of the slots
    size_t others_ = 0;                  // pieces of runs but the first of each
    uint64_t sent_ = 0;
    drop_counters& drops_;
};

}  // namespace millrace::net
