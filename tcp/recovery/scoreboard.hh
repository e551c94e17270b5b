// What SACK blocks say about what is in flight: which segments have arrived, which must be lost. RFC 2018,
// RFC 6675.
#pragma once

#include "tcp/segment/options.hh"
#include "tcp/segment/seq.hh"

#include <array>
#include <cstdint>

namespace millrace::tcp {

class in_flight;

// The marks themselves (sacked, lost) are kept in the records of in_flight; this class decides who gets them.
class scoreboard {
 public:
    // Segments that must have arrived behind one for it to be lost (DupThresh of RFC 6675 §2).
    static constexpr unsigned duplicate_threshold = 3;

    struct update {
        uint32_t newly_sacked_bytes = 0;
        bool duplicate_reported =
            false;             // the first block is a D-SACK (RFC 2883 §4): something was sent in vain
        uint32_t visited = 0;  // records looked at: the work that the peer asked of us
    };

    // Update() of RFC 6675 §4 with the blocks of an ACK that said `una`, after in_flight has dropped what
    // that acknowledged. Blocks outside of what is in flight are ignored.
    update on_sack(const sack_blocks& blocks, seq una, in_flight& flight) noexcept;

    // IsLost() of RFC 6675 §4 for all: marks segments lost which have three segments that arrived behind
    // them. Each is marked by this at most once. Returns the bytes newly lost.
    uint32_t mark_lost(in_flight& flight) noexcept;

    // Nothing arrived is remembered: the connection starts anew, or the peer has dropped what it had
    // reported.
    void reset(seq una) noexcept {
        highest_sacked_.fill(una);
        horizon_ = una;
    }
    // Segments that begin before `s` are not judged again: what is sent of them from now on is a
    // retransmission.
    void judge_until(seq s) noexcept { horizon_ = s; }
    seq horizon() const noexcept { return horizon_; }

 private:
    void mark_sacked(const seq_range& block, in_flight& flight, update& u) noexcept;
    void note_sacked(seq at) noexcept;

    // Where the furthest segments sacked begin, from the last one back; SND.UNA where there are not so many.
    // What lies before all of them is lost.
    std::array<seq, duplicate_threshold> highest_sacked_{};
    seq horizon_;  // segments that begin before this have been judged
};

}  // namespace millrace::tcp
