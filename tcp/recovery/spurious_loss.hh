// Whether what was sent again was never lost: by timestamps (Eifel, RFC 3522), by D-SACK (RFC 3708), or by
// what arrives behind a timeout (F-RTO, RFC 5682).
#pragma once

#include "core/time.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/in_flight.hh"

#include <algorithm>
#include <cstdint>

namespace millrace::tcp {

// Of one recovery at a time: that which was begun last.
class spurious_loss {
 public:
    // A recovery begins: SND.UNA, SND.NXT.
    void begin(seq una, seq snd_nxt) noexcept {
        *this = {};
        una_ = una;
        nxt_ = snd_nxt;
        armed_ = true;
    }
    // It is known now, or will never be.
    void end() noexcept { armed_ = false; }
    bool is_watching() const noexcept { return armed_; }

    // `s` was sent again just now.
    void on_retransmit(const sent_segment& s) noexcept {
        if (!armed_) return;
        if (bytes_ == 0) {
            first_at_ = s.sent_at;
            first_end_ = s.end();
        }
        bytes_ += s.length;
        unreported_ += s.length;
    }

    // RFC 3522 §3.2 steps (4) and (5): an ACK of the first segment that was sent again echoes what was sent
    // before that. `echoed_until` as of rack.
    bool by_timestamp(seq una, time_point echoed_until) const noexcept {
        return armed_ && bytes_ > 0 && first_end_ <= una && echoed_until <= first_at_;
    }
    // RFC 3708 §2: a duplicate is reported of everything that was sent again.
    bool by_duplicates(seq_range reported) noexcept {
        if (!armed_ || bytes_ == 0 || reported.left < una_ || nxt_ < reported.right) return false;
        unreported_ -= std::min(unreported_, reported.size());
        return unreported_ == 0;
    }
    // RFC 5682 §3.1 step (3): a segment arrives that was sent before the timeout and not again.
    bool by_arrival(const sent_segment& s) const noexcept {
        return armed_ && s.transmissions == 1 && s.end() <= nxt_;
    }

 private:
    time_point first_at_{};    // RetransmitTS: when the first one was sent again
    seq first_end_;            // and where it ends
    seq una_, nxt_;            // SND.UNA and SND.NXT when it began
    uint32_t bytes_ = 0;       // sent again
    uint32_t unreported_ = 0;  // of these, not reported as duplicates
    bool armed_ = false;
};

}  // namespace millrace::tcp
