// What we accept and what we offer: RCV.NXT, RCV.WND. RFC 9293 §3.4 §3.8.6, scaling by RFC 7323 §2.
#pragma once

#include "tcp/segment/seq.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

// Invariant: the right edge up to which segments are taken never moves left (RFC 9293 §3.8.6 SHLD-14), and
// what the field says of it falls behind by less than a unit of the scale.
class receive_window {
 public:
    receive_window() noexcept = default;
    // `nxt`: the peer's initial sequence number plus one. `scale`: ours, 0 if not negotiated. Nothing is
    // offered yet.
    receive_window(seq nxt, uint8_t scale) noexcept : nxt_(nxt), edge_(nxt), scale_(scale) {}

    // The smallest scale with which a buffer of `bytes` can be offered whole, at most 14 (RFC 7323 §2.3).
    static uint8_t scale_for(uint32_t bytes) noexcept;

    seq nxt() const noexcept { return nxt_; }
    // RCV.WND: bytes offered and not used yet.
    uint32_t wnd() const noexcept { return edge_ > nxt_ ? distance(nxt_, edge_) : 0; }
    seq edge() const noexcept { return edge_; }
    uint8_t scale() const noexcept { return scale_; }
    // The handshake ended without scaling, or with it: before anything but SYNs was sent.
    void set_scale(uint8_t scale) noexcept { scale_ = scale; }

    // Does a segment of `length` (SYN and FIN counted) at `at` touch the window? RFC 9293 §3.10.7.4, first
    // check. An empty one may stand at its right edge, too: there is SND.NXT of a peer that has used the
    // window up, and as long as what it sent is missing here, all its ACKs come from there.
    bool acceptable(seq at, uint32_t length) const noexcept {
        const uint32_t size = wnd();
        if (length == 0) return distance(nxt_, at) <= size;
        return size != 0 && (in_window(at, nxt_, size) || in_window(at + (length - 1), nxt_, size));
    }

    // `n` bytes of sequence space came in order.
    void advance(uint32_t n) noexcept { nxt_ += n; }
    void advance_to(seq next) noexcept { nxt_ = next; }

    // The window field of a segment to be sent now, with `free` bytes of the receive buffer unused (what
    // waits to be read and what waits for reassembly both count as used, with the memory that they hold) out
    // of `capacity`, and `room` for so many bytes behind RCV.NXT. Moves the edge only by steps worth
    // announcing (RFC 9293 §3.8.6.2.2: the smaller of one `mss` and half the buffer), and never further
    // beyond `room` than what rounds that up to a whole unit of the field: what is offered can be kept.
    uint16_t offer(uint32_t free, uint32_t room, uint32_t capacity, uint32_t mss) noexcept;
    // The same in a segment with SYN, whose window is never scaled (RFC 7323 §2.2).
    uint16_t offer_in_syn(uint32_t free) noexcept;
    // Would offer() move the edge so far that the peer should be told at once? By the step of RFC 9293
    // §3.8.6.2.2, and at least doubling what is left, so that a reader of a wide window is not answered for
    // every segment.
    bool update_due(uint32_t free, uint32_t capacity, uint32_t mss) const noexcept;

 private:
    static constexpr uint32_t max_field = 65535;

    // The least growth of the window that is worth telling: RFC 9293 §3.8.6.2.2 with Fr = 1/2.
    static uint32_t worthwhile_step(uint32_t capacity, uint32_t mss) noexcept {
        return std::min(capacity / 2, mss);
    }

    seq nxt_;
    seq edge_;  // RCV.NXT + RCV.WND as last offered
    uint8_t scale_ = 0;
};

inline uint16_t receive_window::offer(uint32_t free, uint32_t room, uint32_t capacity,
                                      uint32_t mss) noexcept {
    const uint32_t current = wnd();
    uint32_t size = current;
    if (free > current && free - current >= worthwhile_step(capacity, mss)) {
        // Rounded down to what the field can say; the edge that is out already is rounded up below.
        size = std::max(current, free >> scale_ << scale_);
    }
    // RFC 7323 §2.4: rounding should not pull the right edge back. But rounded up by each segment that comes
    // it would creep on, beyond what can be kept: then the field says less than was offered before, by less
    // than a unit, and what was offered before is taken.
    const uint32_t rounds_up = (uint32_t(1) << scale_) - 1;
    uint32_t field = (size + rounds_up) >> scale_;
    if (size > room) [[unlikely]]
        field = std::max((room + rounds_up) >> scale_, size >> scale_);
    field = std::min(field, max_field);
    edge_ = later(edge_, nxt_ + (field << scale_));
    return uint16_t(field);
}

}  // namespace millrace::tcp
