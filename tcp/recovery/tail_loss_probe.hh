// Tail loss probe: a segment sent before the retransmission timeout, to have an ACK that shows the loss of
// the last segments of a flight. RFC 8985 §7.
#pragma once

#include "core/time.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/seq.hh"

#include <chrono>
#include <cstdint>

namespace millrace::tcp {

class tail_loss_probe {
 public:
    // RFC 8985 §7.2: PTO, for more than one segment in flight. With one, the peer may delay its ACK, and by
    // TLP.max_ack_delay it would be later than the retransmission timeout, in whose place it goes out then.
    static duration timeout(duration srtt) noexcept { return 2 * srtt + least; }

    // RFC 8985 §7.3: no probe is in flight, and a round trip was measured since the last one.
    bool may_send() const noexcept { return !outstanding_ && measured_; }
    void on_round_trip() noexcept { measured_ = true; }
    // `end`: SND.NXT behind it.
    void on_send(seq end, bool retransmission) noexcept {
        end_ = end;
        retransmission_ = retransmission;
        outstanding_ = true;
        measured_ = false;
    }
    // A recovery has begun.
    void reset() noexcept { outstanding_ = false; }

    // RFC 8985 §7.4.2: whether an ACK shows that the probe has repaired a loss that nothing else showed.
    // `duplicate_reported` with the first of `blocks`; `is_duplicate`: RFC 5681 §2.
    bool has_repaired(seq una, const sack_blocks& blocks, bool duplicate_reported,
                      bool is_duplicate) noexcept;

    bool outstanding() const noexcept { return outstanding_; }
    // Nothing to be remembered.
    bool is_idle() const noexcept { return !outstanding_ && measured_; }

 private:
    static constexpr duration least = std::chrono::milliseconds(2);  // for a peer that is busy; Linux

    seq end_;                      // TLP.end_seq
    bool outstanding_ = false;     // end_ is not None
    bool retransmission_ = false;  // TLP.is_retrans
    bool measured_ = true;
};

}  // namespace millrace::tcp
