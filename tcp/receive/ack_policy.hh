// When to acknowledge: at once, or a little later in the hope of company. RFC 9293 §3.8.6.3, RFC 5681 §4.2.
#pragma once

#include "core/time.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

class ack_policy {
 public:
    // So many segments are acknowledged at once at the start, to open the peer's window fast; Linux: 16.
    explicit ack_policy(uint8_t quick_segments = 16) noexcept : quick_left_(quick_segments) {}

    // `bytes` of new data, less than 64 KiB, came in order and no gap is left behind it: an ACK is due after
    // the `delay`, or at once for every second full-sized segment and at the start. `push`: with PSH,
    // so that there is no more for now: if its window is small, the sender may wait for nothing but this ACK.
    // It is due at once, too, unless an answer is expected that carries it.
    void on_in_order(uint32_t bytes, bool push, time_point now, duration delay) noexcept {
        on_in_order(bytes, 1, bytes, push, now, delay);
    }
    // The same of several `segments` at once: each but the last has `full` bytes, and that has no more.
    void on_in_order(uint32_t bytes, uint32_t segments, uint32_t full, bool push, time_point now,
                     duration delay) noexcept {
        if (full > full_size_) full_size_ = uint16_t(full);
        waiting_bytes_ += bytes;
        unanswered_ = true;
        if (quick_left_ > 0) [[unlikely]] {
            quick_left_ = uint8_t(quick_left_ - std::min<uint32_t>(quick_left_, segments));
            due_at_ = immediately;
        } else if (waiting_bytes_ >= 2u * full_size_ || (push && !answers_)) {
            due_at_ = immediately;
        } else if (due_at_ == never) {
            due_at_ = now + delay;
        }
    }
    // Anything that the peer should know without delay: data out of order or filling a gap (RFC 5681 §4.2), a
    // duplicate, an unacceptable segment, a FIN, a window worth updating.
    void require_now() noexcept { due_at_ = immediately; }
    // A segment with ACK was sent.
    void on_ack_sent() noexcept {
        waiting_bytes_ = 0;
        due_at_ = never;
    }
    // Before that: it brings new data, within an ACK's delay of what was heard last or not; or nothing else.
    void on_data_sent(bool in_time) noexcept {
        answers_ |= unanswered_ && in_time;
        unanswered_ = false;
    }
    void on_ack_alone() noexcept {
        if (waiting_bytes_ > 0) answers_ = false;
    }
    // Something comes again after longer than a retransmission timeout, so that the peer's window may be
    // small: as many segments as at the start are acknowledged at once.
    void on_silence(uint8_t quick_segments) noexcept {
        if (!answers_) quick_left_ = quick_segments;
    }

    // Some ACK is owed, now or later.
    bool pending() const noexcept { return due_at_ != never; }
    bool due(time_point now) const noexcept { return due_at_ <= now; }
    // When to call due() again; `never` if nothing is owed.
    time_point deadline() const noexcept { return due_at_; }

 private:
    static constexpr time_point immediately = time_point::min();

    time_point due_at_ = never;
    uint32_t waiting_bytes_ = 0;
    uint16_t full_size_ = 536;  // the largest payload seen, and RFC 9293 §3.7.1's default before that
    uint8_t quick_left_;
    // The last data that came was answered by data in time for its ACK to ride on it.
    bool answers_ : 1 = false;
    bool unanswered_ : 1 = false;  // data came since the last was sent
};

}  // namespace millrace::tcp
