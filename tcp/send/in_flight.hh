// What is in flight: one record for each segment sent and not yet acknowledged. RFC 9293 §3.3.1 (SND.UNA to
// SND.NXT).
#pragma once

#include "core/check.hh"
#include "core/time.hh"
#include "tcp/segment/seq.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace millrace::tcp {

struct sent_segment {
    time_point sent_at;         // the last time
    seq at;                     // its first byte
    uint32_t length = 0;        // of sequence space, FIN counted; never 0
    uint8_t transmissions = 1;  // stays at 255
    bool sacked = false;        // a SACK block covers it: it has arrived
    bool lost = false;          // believed to be lost and not sent again since

    seq end() const noexcept { return at + length; }
};

// Records in order of sequence, without a gap: each begins where the one before it ends. The counts of bytes
// are kept with the marks, so that marks change only here. A few records are kept in place, more on the heap.
class in_flight {
 public:
    in_flight() noexcept = default;
    in_flight(const in_flight&) = delete;
    in_flight& operator=(const in_flight&) = delete;

    bool empty() const noexcept { return size_ == 0; }
    size_t size() const noexcept { return size_; }
    // By age: 0 is the oldest.
    const sent_segment& operator[](size_t i) const noexcept { return slot(i); }
    const sent_segment& front() const noexcept { return slot(0); }
    const sent_segment& back() const noexcept { return slot(size_ - 1); }

    // Bytes of sequence space: of all records, of those sacked, of those lost (a record is never both).
    uint32_t bytes() const noexcept { return bytes_; }
    uint32_t sacked_bytes() const noexcept { return sacked_bytes_; }
    uint32_t lost_bytes() const noexcept { return lost_bytes_; }

    // The index of the record that holds `s`; size() if none does.
    size_t find(seq s) const noexcept;
    // The index of the first record that begins at or behind `s`; size() if there is none.
    size_t lower_bound(seq s) const noexcept;

    // A new segment went out; it begins where the last one ended.
    void push(seq at, uint32_t length, time_point now);
    // Record `i` went out again: its lost mark is cleared.
    void on_retransmit(size_t i, time_point now) noexcept;
    // Cuts record `i` behind its first `length` bytes into two with the same marks, for it no longer fits
    // into one segment.
    void split(size_t i, uint32_t length);

    void mark_sacked(size_t i) noexcept;  // clears lost
    void mark_lost(size_t i) noexcept;    // only of one that is not sacked
    // Takes all sacked marks back: the peer may have dropped what it had reported (RFC 2018 §8).
    void forget_sacked() noexcept;

    // What an ACK took out of flight.
    struct acked {
        uint32_t bytes = 0;          // of sequence space
        uint32_t newly_arrived = 0;  // of these, not sacked before
        // From the last record taken, if no record taken was ambiguous: sent more than once (Karn, RFC 6298
        // §3) or sacked before.
        std::optional<duration> rtt;
    };
    // Takes out everything before `una`; the first record left may be cut to begin there.
    acked acknowledge(seq una, time_point now) noexcept;

 private:
    static constexpr size_t in_place = 4;

    size_t mask() const noexcept { return heap_ ? capacity_ - 1 : in_place - 1; }
    const sent_segment* records() const noexcept { return heap_ ? heap_.get() : few_.data(); }
    sent_segment* records() noexcept { return heap_ ? heap_.get() : few_.data(); }
    const sent_segment& slot(size_t i) const noexcept { return records()[(first_ + i) & mask()]; }
    sent_segment& slot(size_t i) noexcept { return records()[(first_ + i) & mask()]; }
    void grow();
    void uncount(const sent_segment& s, uint32_t bytes) noexcept;

    std::array<sent_segment, in_place> few_;
    std::unique_ptr<sent_segment[]> heap_;
    uint32_t capacity_ = in_place;
    uint32_t first_ = 0;
    uint32_t size_ = 0;
    uint32_t bytes_ = 0;
    uint32_t sacked_bytes_ = 0;
    uint32_t lost_bytes_ = 0;
};

inline void in_flight::push(seq at, uint32_t length, time_point now) {
    if (size_ == capacity_) grow();
    slot(size_) = sent_segment{.sent_at = now, .at = at, .length = length};
    ++size_;
    bytes_ += length;
}

}  // namespace millrace::tcp
