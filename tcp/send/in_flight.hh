// What is in flight: one record for each segment sent and not yet acknowledged. RFC 9293 §3.3.1 (SND.UNA to
// SND.NXT).
#pragma once

#include "core/time.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/delivery_rate.hh"
#include "tcp/send/ring.hh"

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
    bool sacked : 1 = false;    // a SACK block covers it: it has arrived
    bool lost : 1 = false;      // believed to be lost and not sent again since
    bool measured : 1 = false;  // delivery_rate has a snapshot of it
    seq sacked_to{};            // if sacked: from here to there every record is

    seq end() const noexcept { return at + length; }
    // Sent once, nothing was heard of it yet, and nobody measures it.
    bool is_unmarked() const noexcept { return transmissions == 1 && !(sacked | lost | measured); }
};

// Records in order of sequence, without a gap: each begins where the one before it ends. The counts of bytes
// are kept with the marks, so that marks change only here.
class in_flight {
 public:
    bool empty() const noexcept { return records_.empty(); }
    size_t size() const noexcept { return records_.size(); }
    // By age: 0 is the oldest.
    const sent_segment& operator[](size_t i) const noexcept { return records_[i]; }
    const sent_segment& front() const noexcept { return records_.front(); }
    const sent_segment& back() const noexcept { return records_.back(); }

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
    // The last record was a probe of a closed window, and the window shut it out: as if never sent.
    void take_back_last() noexcept;
    void clear() noexcept;

    // What marking a range came to.
    struct sacking {
        uint32_t bytes = 0;    // newly sacked
        uint32_t visited = 0;  // records looked at
    };
    // Marks the records from `first` to before `last`, and clears their lost marks. What is sacked already is
    // stepped over in strides that grow with each visit, so that a peer which reports the same again and
    // again costs no walk along it. `newly(record)` is told each one that was not sacked yet, in order.
    template <typename F>
    sacking mark_sacked(size_t first, size_t last, F&& newly) noexcept;
    void mark_sacked(size_t i) noexcept {
        mark_sacked(i, i + 1, [](const sent_segment&) {});
    }
    void mark_lost(size_t i) noexcept;  // only of one that is not sacked
    // Takes all sacked marks back: the peer may have dropped what it had reported (RFC 2018 §8).
    void forget_sacked() noexcept;
    // Takes all lost marks back: what they are on was only late.
    void forget_lost() noexcept;

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

    // From now on how fast all this is delivered is measured, or no more. While it is, each push() is to be
    // followed by measure_last(): so who does not measure need not ask.
    void measure(bool on, time_point now);
    void measure_last(time_point now);
    // Null while nothing is measured.
    delivery_rate* rate() noexcept { return rate_.get(); }

 private:
    void sack(size_t i) noexcept;
    void note_arrival(size_t i, uint32_t bytes) noexcept;
    uint32_t in_network() const noexcept { return bytes_ - sacked_bytes_ - lost_bytes_; }
    acked acknowledge_several(seq una, time_point now) noexcept;
    acked acknowledge_any(seq una, time_point now) noexcept;
    void uncount(const sent_segment& s, uint32_t bytes) noexcept;

    ring<sent_segment, 1> records_;
    uint32_t bytes_ = 0;
    uint32_t sacked_bytes_ = 0;
    uint32_t lost_bytes_ = 0;
    std::unique_ptr<delivery_rate> rate_;
};

template <typename F>
in_flight::sacking in_flight::mark_sacked(size_t first, size_t last, F&& newly) noexcept {
    sacking all;
    if (first >= last) return all;
    const seq to = records_[last - 1].end();
    for (size_t i = first; i < last; ++all.visited) {
        sent_segment& s = records_[i];
        if (s.sacked) {
            i = lower_bound(s.sacked_to);
        } else {
            sack(i);
            all.bytes += s.length;
            newly(s);
            ++i;
        }
        s.sacked_to = later(s.sacked_to, to);
    }
    return all;
}

// Mostly the oldest record, whole and sent once.
[[gnu::always_inline]] inline in_flight::acked in_flight::acknowledge(seq una, time_point now) noexcept {
    const sent_segment& oldest = records_.front();
    if (records_.empty() || oldest.end() != una || !oldest.is_unmarked())
        return acknowledge_several(una, now);
    const acked whole{.bytes = oldest.length, .newly_arrived = oldest.length, .rtt = now - oldest.sent_at};
    bytes_ -= whole.bytes;
    records_.drop_front();
    return whole;
}

inline void in_flight::push(seq at, uint32_t length, time_point now) {
    records_.emplace_back(now, at, length);
    bytes_ += length;
}

}  // namespace millrace::tcp
