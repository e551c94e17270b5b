// What SACK blocks say about what is in flight: which segments have arrived, which must be lost. RFC 2018,
// RFC 6675.
#pragma once

#include "tcp/recovery/lost_ranges.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/in_flight.hh"

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace::tcp {

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
    // that acknowledged. Blocks outside of what is in flight are ignored. `newly(record)` is told each one
    // that has arrived now.
    template <typename F>
    update on_sack(const sack_blocks& blocks, seq una, in_flight& flight, F&& newly) noexcept;

    // IsLost() of RFC 6675 §4 for all: marks segments lost which have three segments that arrived behind
    // them. Each is marked by this at most once. Returns the bytes newly lost.
    uint32_t mark_lost(in_flight& flight, lost_ranges& lost) noexcept;
    // Three segments that lie behind `una` have arrived.
    bool has_three(seq una) const noexcept { return una < highest_sacked_.back(); }

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
    static bool is_duplicate_report(const sack_blocks& blocks, seq una) noexcept;
    // The records that `block` covers as a whole: from the first to before the last.
    struct span {
        size_t first, last;
    };
    static span covered_by(const seq_range& block, const in_flight& flight) noexcept;
    void note_sacked(seq at) noexcept;

    // Where the furthest segments sacked begin, from the last one back; SND.UNA where there are not so many.
    // What lies before all of them is lost.
    std::array<seq, duplicate_threshold> highest_sacked_{};
    seq horizon_;  // segments that begin before this have been judged
};

template <typename F>
scoreboard::update scoreboard::on_sack(const sack_blocks& blocks, seq una, in_flight& flight,
                                       F&& newly) noexcept {
    update u;
    u.duplicate_reported = is_duplicate_report(blocks, una);
    for (seq& s : highest_sacked_) s = later(s, una);
    horizon_ = later(horizon_, una);
    if (flight.empty()) return u;
    for (const seq_range& block : blocks) {
        const bool possible =
            block.left < block.right && una <= block.left && block.right <= flight.back().end();
        if (!possible) continue;
        const span covered = covered_by(block, flight);
        const auto marked = flight.mark_sacked(covered.first, covered.last, [&](const sent_segment& s) {
            note_sacked(s.at);
            newly(s);
        });
        u.newly_sacked_bytes += marked.bytes;
        u.visited += marked.visited;
    }
    return u;
}

}  // namespace millrace::tcp
