// RACK: a segment is lost if one that was sent later has arrived, and the time for it to come out of order is
// over. RFC 8985 §6.
#pragma once

#include "core/time.hh"
#include "tcp/recovery/lost_ranges.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/in_flight.hh"
#include "tcp/send/ring.hh"

#include <cstdint>
#include <optional>

namespace millrace::tcp {

// Lives while something is lost, reported or sent again, and need not see the ACKs before: until then the
// segments that have arrived are those sent first, so that the first report is of one sent later than all.
//
// Segments in order of transmission, as RFC 8985 §6.2 step 5 wants them: those sent once are so in order of
// sequence, with a cursor before which all were judged; those sent again are in a queue. Either is walked
// from its oldest to the first that is not lost yet, so each segment is looked at once for each transmission.
class rack {
 public:
    // What outlives a recovery: RFC 8985 §5.3.
    struct memory {
        uint8_t multiplier = 1;        // RACK.reo_wnd_mult
        uint8_t persist = 16;          // RACK.reo_wnd_persist
        bool reordering_seen = false;  // RACK.reordering_seen
    };
    // `una`: SND.UNA. `latest`: the last round trip measured.
    rack(seq una, duration latest) noexcept : fack_(una), cursor_(una), rtt_(latest) {}

    // A segment is newly acknowledged or reported: steps 2 and 3. `min_rtt`: RACK.min_RTT. `echoed_until`:
    // what this ACK echoes was sent before then; `never` without timestamps.
    void on_delivered(const sent_segment& s, time_point now, duration min_rtt, time_point echoed_until,
                      memory& m) noexcept;

    struct conditions {
        seq una{};
        seq snd_nxt{};
        bool duplicate_reported = false;  // by D-SACK
        bool recovering = false;          // in fast recovery or behind a timeout
        bool three_arrived = false;       // RACK.segs_sacked >= DupThresh
        duration min_rtt{0};
        duration srtt{0};
    };
    // Step 4. How long a segment may come out of order.
    void update_window(const conditions& c, memory& m) noexcept;
    static void on_recovery_exit(memory& m) noexcept;

    // Step 5: marks what is lost now. Until when to wait for the next that may be; `never` if nothing is
    // overdue. RFC 8985 waits for the last one of those overdue, and has to walk along all of them for that.
    time_point detect_loss(in_flight& flight, lost_ranges& lost, time_point now) noexcept;

    // `s` was sent again: §6.1.
    void on_retransmit(const sent_segment& s) { resent_.push_back({s.sent_at, s.at, s.end()}); }
    // The retransmission timer struck: §6.3. Judges all that is in flight anew.
    void on_timeout(in_flight& flight, lost_ranges& lost, time_point now) noexcept;
    // Marks were taken back: judges everything anew.
    void restart(seq una) noexcept;

    // Nothing that was sent again is in flight, as far as detect_loss() has seen.
    bool nothing_resent() const noexcept { return resent_.empty(); }
    duration window() const noexcept { return window_; }
    // Records that detect_loss() has looked at in all.
    uint64_t visited() const noexcept { return visited_; }

 private:
    struct transmission {
        time_point sent_at;
        seq at;
        seq end;
    };
    enum class judgement : uint8_t { lost, waiting, none };

    // Whether a segment is lost; sets `until` if it may be later.
    judgement judge(time_point sent_at, seq end, time_point now, time_point& until) const noexcept;
    void judge_originals(in_flight& flight, lost_ranges& lost, time_point now, time_point& until) noexcept;
    void judge_resent(in_flight& flight, lost_ranges& lost, time_point now, time_point& until) noexcept;

    // The segment that was sent last of all that have arrived.
    time_point xmit_ts_ = time_point::min();  // RACK.xmit_ts
    seq end_seq_;                             // RACK.end_seq
    seq fack_;                                // RACK.fack
    seq cursor_;                              // originals that begin before it were judged
    duration rtt_;                            // RACK.rtt
    duration window_{0};                      // RACK.reo_wnd
    std::optional<seq> dsack_round_;          // RACK.dsack_round
    ring<transmission, 2> resent_;            // in order of time
    uint64_t visited_ = 0;
};

}  // namespace millrace::tcp
