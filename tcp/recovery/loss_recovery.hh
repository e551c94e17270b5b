// What is lost and what may be sent again: fast retransmit and fast recovery with SACK (RFC 6675) or without
// it (NewReno, RFC 6582), and the way back from a timeout (RFC 5681 §3.1, RFC 6675 §5.1).
#pragma once

#include "core/frame_cache.hh"
#include "tcp/recovery/prr.hh"
#include "tcp/recovery/scoreboard.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/in_flight.hh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace millrace::tcp {

enum class recovery_state : uint8_t {
    open,           // nothing is known to be lost
    fast_recovery,  // between loss seen by ACKs and the acknowledgement of all that was in flight then
    timed_out,      // the same, but the timer saw it: everything is sent again, in slow start
};

// Leans on the records of in_flight: a record that is `lost` is believed to be out of the network and waits
// to be sent again, which clears the mark; one that is `sacked` has arrived. Sending follows pipe() instead
// of inflating and deflating the congestion window: without SACK each duplicate ACK takes one segment off the
// pipe, which is the same arithmetic as RFC 6582's, and limited transmit (RFC 3042) falls out of it.
class loss_recovery {
 public:
    // What the connection shall tell the congestion control.
    enum class transition : uint8_t { none, entered, exited };

    struct ack {
        seq una;                     // SND.UNA after it
        seq snd_nxt;                 // SND.NXT (the furthest ever sent)
        uint32_t acked_bytes = 0;    // newly, cumulatively
        uint32_t newly_arrived = 0;  // of these, not sacked before
        // RFC 5681 §2: nothing new, no payload, no SYN or FIN, the window unchanged.
        bool is_duplicate = false;
    };

    loss_recovery() noexcept = default;
    // Sequence space begins at `iss`; `smss`: the largest payload that we send, below 64 KiB; `with_sack`:
    // both ends permitted it.
    loss_recovery(seq iss, uint32_t smss, bool with_sack) noexcept;

    // An acceptable ACK came while something was in flight; `flight` has already dropped what it
    // acknowledges.
    transition on_ack(const ack& a, const sack_blocks& blocks, in_flight& flight) noexcept {
        if (is_quiet() && !a.is_duplicate && blocks.empty()) {  // the common case
            on_expected_ack(a.una);
            return transition::none;
        }
        recover_ = later(recover_, a.una - 1);
        return on_unusual_ack(a, blocks, flight);
    }
    // The same for one that is no duplicate and reports nothing, while is_quiet().
    void on_expected_ack(seq una) noexcept {
        recover_ = later(recover_, una - 1);  // so that it never falls half the sequence space behind
        duplicates_ = 0;
        credit_ = 0;
    }
    // The retransmission timer struck: everything not sacked is lost. `snd_nxt` as above.
    void on_timeout(seq snd_nxt, in_flight& flight) noexcept;

    // The index in `flight` of the record to send again next; nothing if none is lost. Sending it again must
    // clear its lost mark, then on_retransmit() is to be called.
    std::optional<size_t> next_retransmission(const in_flight& flight) noexcept;
    void on_retransmit(uint32_t bytes) noexcept;
    // One retransmission is due now, whatever the congestion window says (RFC 6675 §5 step 4.3, RFC 6582 §3.2
    // steps 2 and 5).
    bool retransmit_due() const noexcept { return retransmit_due_; }

    // Bytes believed to be in the network; more may be sent while this is below cwnd. RFC 6675 §4, SetPipe().
    uint32_t pipe(const in_flight& flight) const noexcept {
        const uint32_t out = flight.bytes() - flight.sacked_bytes() - flight.lost_bytes();
        return out - std::min(out, credit_);
    }

    // In fast recovery, after each ACK: the congestion window from now on (RFC 9937), which was `cwnd`.
    // `ssthresh` is the one that the loss has led to.
    uint32_t window(const ack& a, uint32_t ssthresh, const in_flight& flight, uint32_t cwnd) noexcept;

    // Nothing is lost, nor has arrived out of order.
    bool is_quiet() const noexcept { return !episode_; }
    recovery_state state() const noexcept { return state_; }
    // The congestion window does not grow on ACKs now.
    bool in_fast_recovery() const noexcept { return state_ == recovery_state::fast_recovery; }
    seq recover() const noexcept { return recover_; }
    unsigned duplicate_acks() const noexcept { return duplicates_; }

 private:
    // What is needed only while something is lost or reported, or was.
    struct episode : frame_cached {
        scoreboard board;
        prr reduction;
        seq first_lost;           // no record before this is lost
        seq began_at;             // SND.NXT when fast recovery began
        uint32_t sent_again = 0;  // bytes, since then
        uint32_t delivered = 0;   // by the last ACK: DeliveredData of RFC 9937
        bool more_lost = false;   // the last ACK showed it
    };

    transition on_unusual_ack(const ack& a, const sack_blocks& blocks, in_flight& flight) noexcept;
    transition judge(const ack& a, const sack_blocks& blocks, in_flight& flight) noexcept;
    void begin_episode(seq una);
    transition advance(const ack& a, in_flight& flight) noexcept;
    void on_partial_ack(const ack& a, in_flight& flight) noexcept;
    transition on_duplicate(const ack& a, in_flight& flight) noexcept;
    transition enter(const ack& a, const in_flight& flight) noexcept;
    void lose(in_flight& flight, size_t i) noexcept;

    std::unique_ptr<episode> episode_;
    seq recover_;          // SND.NXT when the loss was seen: RFC 6582's recover, RFC 6675's RecoveryPoint
    uint32_t credit_ = 0;  // without SACK: bytes that duplicate ACKs say have arrived
    uint16_t smss_ = 536;
    uint8_t duplicates_ = 0;  // stays at 255
    recovery_state state_ : 2 = recovery_state::open;
    bool with_sack_ : 1 = false;
    bool retransmit_due_ : 1 = false;
};

}  // namespace millrace::tcp
