// How fast the path delivers: for each ACK, what was delivered since the newest segment that it speaks of was
// sent, and how long that took. draft-ietf-ccwg-bbr §4.1 (once draft-cheng-iccrg-delivery-rate-estimation).
#pragma once

#include "core/frame_cache.hh"
#include "core/time.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/ring.hh"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace millrace::tcp {

// Beside in_flight, which tells it of each change, and only where the congestion control asks for it: what is
// remembered of a segment would double the records of all others. There is one snapshot for each record, at
// the same index. All counts in bytes of sequence space.
class delivery_rate : public frame_cached {
 public:
    // What one ACK says: RS of draft-ietf-ccwg-bbr §4.1.2.1.3.
    struct sample {
        bool valid = false;      // it delivered something; what follows up to `rtt` is of that
        uint64_t prior = 0;      // RS.prior_delivered
        uint64_t delivered = 0;  // RS.delivered
        duration interval{0};    // RS.interval
        uint64_t rate = 0;       // RS.delivery_rate, bytes per second; 0: too short an interval to say
        uint64_t send_rate = UINT64_MAX;  // at which what was delivered had been sent; the largest: at once
        uint32_t tx_in_flight = 0;        // RS.tx_in_flight
        uint64_t lost = 0;                // RS.lost: of what was sent before it, since then
        bool app_limited = false;         // RS.is_app_limited
        duration rtt{-1};                 // RS.rtt; negative if it was sent more than once: ambiguous
        uint32_t newly_acked = 0;         // RS.newly_acked, cumulatively or selectively
    };
    // A segment is believed to be lost: P of draft-ietf-ccwg-bbr §5.5.10.2.
    struct loss {
        uint32_t size = 0;
        uint32_t tx_in_flight = 0;  // P.tx_in_flight
        uint64_t lost = 0;          // C.lost - P.lost: since it was sent, with it
        bool app_limited = false;   // P.is_app_limited
        bool begins_range = false;  // the segment before it was not lost
    };

    // in_flight's part. `in_flight`: bytes believed to be in the network, with the segment.
    //
    // Another segment went out, behind all others.
    void on_sent(uint32_t in_flight, uint32_t length, time_point now);
    // Segment `i` went out again.
    void on_resent(size_t i, uint32_t in_flight, uint32_t length, time_point now) noexcept;
    // So much of the front of segment `i` has arrived; what is told twice counts once.
    struct arrival {
        uint32_t bytes = 0;
        bool whole = true;  // no more of it is to come
        time_point sent_at{};
        seq end;           // where the segment ends
        bool once = true;  // it was not sent again
    };
    void on_delivered(size_t i, const arrival& a) noexcept;
    // Segment `i`, of `bytes`, is believed to be lost.
    void on_lost(size_t i, uint32_t bytes, bool begins_range);
    void split(size_t i);
    void drop_front() noexcept { snapshots_.drop_front(); }
    void drop_back() noexcept { snapshots_.drop_back(); }
    void clear() noexcept;

    // The connection's part.
    //
    // What arrives until finish() is of an ACK that came now.
    void begin_ack(time_point now) noexcept;
    // GenerateRateSample(). An interval shorter than `min_rtt` is that of a segment whose first transmission
    // was acknowledged after its second: no rate (draft-ietf-ccwg-bbr §4.1.3.5, approach 1).
    sample finish(duration min_rtt) noexcept;
    // The losses seen since the last call, one after the other.
    std::optional<loss> next_loss() noexcept;
    // They were none of the network's.
    void forget_losses() noexcept;
    // MarkConnectionAppLimited(): what is sent from now until all in flight is delivered says nothing of
    // what the path could take.
    void set_app_limited(uint32_t in_flight) noexcept;
    bool is_app_limited() const noexcept { return app_limited_until_ != 0; }
    uint64_t delivered() const noexcept { return delivered_; }  // C.delivered

 private:
    // P of draft-ietf-ccwg-bbr §4.1.2.1.2.
    struct snapshot {
        time_point first_sent{};    // P.first_send_time
        time_point delivered_at{};  // P.delivered_time
        uint64_t delivered = 0;     // P.delivered
        uint64_t lost = 0;          // P.lost
        uint32_t tx_in_flight = 0;  // P.tx_in_flight
        bool app_limited = false;   // P.is_app_limited
        bool arrived = false;       // P.delivered_time is 0
    };

    snapshot take(uint32_t in_flight, uint32_t length, time_point now) noexcept;

    ring<snapshot, 2> snapshots_;
    ring<loss, 2> losses_;  // no more than segments are in flight
    uint64_t delivered_ = 0;
    uint64_t lost_ = 0;               // C.lost
    uint64_t app_limited_until_ = 0;  // C.app_limited
    time_point delivered_at_{};       // C.delivered_time
    time_point first_sent_{};         // C.first_send_time
    // Of the ACK that is looked at.
    time_point now_{};
    sample sample_;
    uint64_t lost_before_ = 0;  // P.lost of its newest segment
    seq newest_end_;            // RS.last_acked_packet_id
    duration send_elapsed_{0};  // RS.send_elapsed
    duration ack_elapsed_{0};   // RS.ack_elapsed
};

}  // namespace millrace::tcp
