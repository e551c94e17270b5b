#include "tcp/recovery/scoreboard.hh"

#include "tcp/send/in_flight.hh"

namespace millrace::tcp {
namespace {

bool contains(const seq_range& outer, const seq_range& inner) noexcept {
    return outer.left <= inner.left && inner.right <= outer.right;
}

// RFC 2883 §4: the first block is a report of a duplicate if it is acknowledged already, or if the second
// holds it.
bool is_duplicate_report(const sack_blocks& blocks, seq una) noexcept {
    if (blocks.empty()) return false;
    return blocks[0].right <= una || (blocks.size() > 1 && contains(blocks[1], blocks[0]));
}

uint32_t mark_sacked(const seq_range& block, in_flight& flight) noexcept {
    uint32_t bytes = 0;
    for (size_t i = flight.lower_bound(block.left); i < flight.size() && flight[i].end() <= block.right;
         ++i) {
        if (flight[i].sacked) continue;
        bytes += flight[i].length;
        flight.mark_sacked(i);
    }
    return bytes;
}

}  // namespace

scoreboard::update scoreboard::on_sack(const sack_blocks& blocks, seq una, in_flight& flight) noexcept {
    update u;
    u.duplicate_reported = is_duplicate_report(blocks, una);
    highest_sacked_ = later(highest_sacked_, una);
    horizon_ = later(horizon_, una);
    if (flight.empty()) return u;
    const seq_range sendable{una, flight.back().end()};
    for (const seq_range& block : blocks) {
        if (block.right <= block.left || !contains(sendable, block)) continue;
        u.newly_sacked_bytes += mark_sacked(block, flight);
        highest_sacked_ = later(highest_sacked_, block.right);
    }
    return u;
}

uint32_t scoreboard::mark_lost(in_flight& flight) noexcept {
    // Counted in segments, contiguous or not, as the duplicate ACKs of RFC 5681 are.
    unsigned arrived_behind = 0;
    size_t i = flight.lower_bound(highest_sacked_);
    while (i > 0 && arrived_behind < duplicate_threshold) arrived_behind += flight[--i].sacked;
    if (arrived_behind < duplicate_threshold || flight[i].at <= horizon_) return 0;
    uint32_t bytes = 0;
    for (size_t j = flight.lower_bound(horizon_); j < i; ++j) {
        if (flight[j].sacked || flight[j].lost) continue;
        bytes += flight[j].length;
        flight.mark_lost(j);
    }
    horizon_ = flight[i].at;
    return bytes;
}

}  // namespace millrace::tcp
