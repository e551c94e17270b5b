#include "tcp/recovery/scoreboard.hh"

#include <algorithm>
#include <utility>

namespace millrace::tcp {
namespace {

bool contains(const seq_range& outer, const seq_range& inner) noexcept {
    return outer.left <= inner.left && inner.right <= outer.right;
}

}  // namespace

// RFC 2883 §4: the first block is a report of a duplicate if it is acknowledged already, or if the second
// holds it.
bool scoreboard::is_duplicate_report(const sack_blocks& blocks, seq una) noexcept {
    if (blocks.empty()) return false;
    return blocks[0].right <= una || (blocks.size() > 1 && contains(blocks[1], blocks[0]));
}

scoreboard::span scoreboard::covered_by(const seq_range& block, const in_flight& flight) noexcept {
    size_t last = flight.lower_bound(block.right);
    if (last > 0 && block.right < flight[last - 1].end()) --last;  // covered in part: has not arrived
    return {flight.lower_bound(block.left), last};
}

void scoreboard::note_sacked(seq at) noexcept {
    for (seq& s : highest_sacked_)
        if (s < at) std::swap(s, at);
}

uint32_t scoreboard::mark_lost(in_flight& flight, lost_ranges& lost) noexcept {
    // Counted in segments, contiguous or not, as the duplicate ACKs of RFC 5681 are.
    const seq arrived_behind = highest_sacked_.back();
    if (arrived_behind <= horizon_) return 0;
    uint32_t bytes = 0;
    for (size_t i = flight.lower_bound(horizon_); i < flight.size() && flight[i].at < arrived_behind; ++i) {
        if (flight[i].sacked || flight[i].lost) continue;
        bytes += flight[i].length;
        flight.mark_lost(i);
        lost.add(flight[i].at, flight[i].end());
    }
    horizon_ = arrived_behind;
    return bytes;
}

}  // namespace millrace::tcp
