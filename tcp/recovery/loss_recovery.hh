// What is lost and what may be sent again: by time (RACK, RFC 8985), by SACKs (RFC 6675) or by duplicate ACKs
// (NewReno, RFC 6582); fast recovery (RFC 9937), and the way back from a timeout (RFC 5681 §3.1).
#pragma once

#include "core/frame_cache.hh"
#include "core/time.hh"
#include "tcp/recovery/lost_ranges.hh"
#include "tcp/recovery/prr.hh"
#include "tcp/recovery/rack.hh"
#include "tcp/recovery/rtt.hh"
#include "tcp/recovery/scoreboard.hh"
#include "tcp/recovery/spurious_loss.hh"
#include "tcp/recovery/tail_loss_probe.hh"
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

// How losses are seen.
enum class loss_detection : uint8_t {
    duplicates,  // RFC 6582: no SACK was agreed on
    sack,        // RFC 6675
    rack,        // RFC 8985, with SACK
};

// Leans on the records of in_flight: a record that is `lost` is believed to be out of the network and waits
// to be sent again, which clears the mark; one that is `sacked` has arrived. Sending follows pipe() instead
// of inflating and deflating the congestion window: without SACK each duplicate ACK takes one segment off the
// pipe, which is the same arithmetic as RFC 6582's, and limited transmit (RFC 3042) falls out of it.
class loss_recovery {
 public:
    // What the connection shall tell the congestion control.
    enum class transition : uint8_t {
        none,
        entered,
        exited,
        repaired,  // a loss was seen only when the tail loss probe had repaired it
        undone,    // the loss or timeout was none
    };

    struct ack {
        seq una;                     // SND.UNA after it
        seq snd_nxt;                 // SND.NXT (the furthest ever sent)
        uint32_t acked_bytes = 0;    // newly, cumulatively
        uint32_t newly_arrived = 0;  // of these, not sacked before
        // RFC 5681 §2: nothing new, no payload, no SYN or FIN, the window open and unchanged.
        bool is_duplicate = false;
        time_point now{};
        // What its timestamp echoes was sent before then; `never` without timestamps.
        time_point echoed_until = never;
    };

    loss_recovery() noexcept = default;
    // Sequence space begins at `iss`; `smss`: the largest payload that we send, below 64 KiB.
    loss_recovery(seq iss, uint32_t smss, loss_detection how) noexcept
        : recover_(iss), smss_(uint16_t(smss)), how_(how) {}

    // Before in_flight drops what an ACK acknowledges, unless is_quiet().
    void on_acknowledging(const ack& a, const in_flight& flight, const rtt& path) noexcept;
    // An acceptable ACK came while something was in flight, or not is_quiet(); `flight` has already dropped
    // what it acknowledges, and `path` taken its sample.
    transition on_ack(const ack& a, const sack_blocks& blocks, in_flight& flight, const rtt& path) noexcept {
        if (is_quiet() && !a.is_duplicate && blocks.empty()) {  // the common case
            on_expected_ack(a.una);
            return transition::none;
        }
        recover_ = later(recover_, a.una - 1);
        return on_unusual_ack(a, blocks, flight, path);
    }
    // The same for one that is no duplicate and reports nothing, while is_quiet().
    void on_expected_ack(seq una) noexcept {
        recover_ = later(recover_, una - 1);  // so that it never falls half the sequence space behind
        duplicates_ = 0;
        credit_ = 0;
    }
    // A round trip was measured, which the probe needs to be sent again.
    void on_round_trip() noexcept {
        if (episode_) episode_->probe.on_round_trip();
    }
    // The retransmission timer struck: what is overdue is lost, all that is not sacked without RACK. `first`
    // of a row without progress; `snd_nxt` as above.
    void on_timeout(seq snd_nxt, in_flight& flight, const rtt& path, time_point now, bool first) noexcept;
    // Segments must become smaller: what is in flight did not fit, and is lost.
    void on_smaller_segments(seq snd_nxt, in_flight& flight) noexcept;
    // The largest payload that we send has changed.
    void set_smss(uint32_t smss) noexcept { smss_ = uint16_t(smss); }
    // What was just seen to be lost, so that fast recovery was entered, tells of no congestion (RFC 4821
    // §7.6.2): it is sent again, and that is all.
    void forgo() noexcept;
    // reorder_deadline() has come.
    transition on_reorder_timeout(seq snd_nxt, in_flight& flight, time_point now) noexcept;
    // When what is overdue by RACK is lost; `never` if nothing is.
    time_point reorder_deadline() const noexcept { return episode_ ? episode_->reorder_at : never; }

    // The index in `flight` of the record to send again next; nothing if none is lost. Sending it again must
    // clear its lost mark, then on_retransmit() is to be called.
    std::optional<size_t> next_retransmission(const in_flight& flight) noexcept;
    void on_retransmit(const sent_segment& s) noexcept;
    // One retransmission is due now, whatever the congestion window says (RFC 6675 §5 step 4.3, RFC 6582 §3.2
    // steps 2 and 5, RFC 6298 §5.4).
    bool retransmit_due() const noexcept { return retransmit_due_; }
    // New data goes before what is lost, to find out whether the timeout was spurious (RFC 5682 §2.1 step 2);
    // `has_new`: there is some that may be sent, or some was sent since.
    bool tests_timeout(bool has_new) noexcept;

    // The tail may be probed: RFC 8985 §7.2. Something is in flight.
    bool may_probe(const in_flight& flight) const noexcept {
        return how_ == loss_detection::rack && state_ == recovery_state::open &&
               flight.sacked_bytes() + flight.lost_bytes() == 0 && (!episode_ || episode_->probe.may_send());
    }
    // A probe goes out, and it ends at `end`; a segment sent again, or a new one.
    void on_probe(seq una, seq end, bool retransmission, const rtt& path);

    // Bytes believed to be in the network; more may be sent while this is below cwnd. RFC 6675 §4, SetPipe().
    uint32_t pipe(const in_flight& flight) const noexcept {
        const uint32_t out = flight.bytes() - flight.sacked_bytes() - flight.lost_bytes();
        return out - std::min(out, credit_);
    }

    // In fast recovery, after each ACK: the congestion window from now on (RFC 9937), which was `cwnd`.
    // `ssthresh` is the one that the loss has led to.
    uint32_t window(const ack& a, uint32_t ssthresh, const in_flight& flight, uint32_t cwnd) noexcept;

    // Nothing is lost, has arrived out of order, or is out twice.
    bool is_quiet() const noexcept { return !episode_; }
    recovery_state state() const noexcept { return state_; }
    // Bytes, since the last fast recovery began, if anything of it is remembered.
    uint32_t sent_again() const noexcept { return episode_ ? episode_->sent_again : 0; }
    // The congestion window does not grow on ACKs now.
    bool in_fast_recovery() const noexcept { return state_ == recovery_state::fast_recovery; }
    seq recover() const noexcept { return recover_; }
    unsigned duplicate_acks() const noexcept { return duplicates_; }
    const rack::memory& reordering() const noexcept { return reordering_; }

 private:
    // RFC 5682 §2.1, without SACK.
    enum class timeout_test : uint8_t { none, first_ack, second_ack };

    // What is needed only while something is lost or reported, or was.
    struct episode : frame_cached {
        episode(seq una, duration latest) noexcept : by_time(una, latest), began_at(una) { board.reset(una); }
        scoreboard board;
        rack by_time;
        tail_loss_probe probe;
        spurious_loss doubt;
        prr reduction;
        lost_ranges lost;
        time_point reorder_at = never;
        seq began_at;             // SND.NXT when fast recovery began
        seq doubt_until;          // SND.NXT when the recovery in doubt was over
        uint32_t sent_again = 0;  // bytes, since fast recovery began
        uint32_t delivered = 0;   // by the last ACK: DeliveredData of RFC 9937
        bool more_lost = false;   // the last ACK showed it
        bool forgone = false;     // what is lost is known to tell of nothing
        bool was_late = false;    // and that the timeout was spurious
        timeout_test test = timeout_test::none;
    };

    bool with_sack() const noexcept { return how_ != loss_detection::duplicates; }
    transition on_unusual_ack(const ack& a, const sack_blocks& blocks, in_flight& flight,
                              const rtt& path) noexcept;
    transition follow(const ack& a, const sack_blocks& blocks, in_flight& flight, const rtt& path) noexcept;
    scoreboard::update take_blocks(const ack& a, const sack_blocks& blocks, in_flight& flight,
                                   const rtt& path) noexcept;
    bool is_spurious(const ack& a, const sack_blocks& blocks, bool duplicate_reported) noexcept;
    void undo(seq una, in_flight& flight) noexcept;
    void find_lost(const ack& a, in_flight& flight, const rtt& path, bool duplicate_reported) noexcept;
    void begin_episode(seq una, const rtt& path);
    bool is_over(seq una, const in_flight& flight) const noexcept;
    transition advance(const ack& a, in_flight& flight) noexcept;
    void leave(seq snd_nxt) noexcept;
    void on_partial_ack(const ack& a, in_flight& flight) noexcept;
    void on_duplicate(const ack& a, in_flight& flight, const rtt& path) noexcept;
    transition enter(seq una, seq snd_nxt, const in_flight& flight) noexcept;
    void lose(in_flight& flight, size_t i);
    void lose_all(in_flight& flight);
    void begin_timed_out(seq snd_nxt, const in_flight& flight) noexcept;

    std::unique_ptr<episode> episode_;
    seq recover_;          // SND.NXT when the loss was seen: RFC 6582's recover, RFC 6675's RecoveryPoint
    uint32_t credit_ = 0;  // without SACK: bytes that duplicate ACKs say have arrived
    uint16_t smss_ = 536;
    uint8_t duplicates_ = 0;  // stays at 255
    recovery_state state_ : 2 = recovery_state::open;
    loss_detection how_ : 2 = loss_detection::duplicates;
    bool retransmit_due_ : 1 = false;
    rack::memory reordering_;
};

}  // namespace millrace::tcp
