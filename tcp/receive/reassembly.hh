// Data that came before its turn, kept until the gap before it is filled. RFC 9293 §3.10.7.4, RFC 2018, RFC
// 2883.
#pragma once

#include "core/buffer.hh"
#include "core/frame_cache.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/seq.hh"

#include <boost/container/deque.hpp>
#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace millrace::tcp {

struct reassembly_limits {
    uint32_t max_chunks = 16384;  // buffers kept; bounds the memory that tiny segments can pin
    uint32_t max_ranges = 4096;  // islands of contiguous data; bounds the work that a scattered stream causes

    // More are kept only of usual size: a long flight behind a gap, of which a queue that overflowed may have
    // taken every second or third segment.
    static constexpr size_t usual_bytes = 536;
    bool takes_chunk(size_t chunks, size_t bytes) const noexcept {
        return chunks < max_chunks || chunks < bytes / usual_bytes;
    }
    bool takes_range(size_t ranges, size_t bytes) const noexcept {
        return ranges < max_ranges || ranges < bytes / (4 * usual_bytes);
    }
};

// In-order data never enters: the connection delivers it directly and asks here only if empty() is false.
// Invariant: chunks are sorted, do not overlap and are not empty; ranges are their unions, sorted, never
// adjacent. Both grow and shrink at their ends, nearly always: behind a gap data comes in order, and gaps are
// filled the first one first. There is memory for all this only while there is something to remember.
class reassembly {
 public:
    bool empty() const noexcept { return !kept_ || kept_->chunks.empty(); }
    // Bytes kept; they count against the receive buffer.
    size_t bytes() const noexcept { return kept_ ? kept_->bytes : 0; }
    // With the memory that they lie in, and what it takes to remember them.
    size_t held() const noexcept { return kept_ ? kept_->held + least_memory : 0; }
    size_t ranges() const noexcept { return kept_ ? kept_->ranges.size() : 0; }

    // Keeps `payload`, whose first byte is `at`, behind the next byte expected and trimmed to the window.
    // Where bytes are known already, the known ones stay. False if one of `limits` refused (some of) it: it
    // will be sent again.
    [[nodiscard]] bool insert(seq at, buffer payload, const reassembly_limits& limits) noexcept;

    // Gives `sink(buffer)` all data that begins at or before `next` without a gap, and returns the first
    // sequence number still missing. To be called when RCV.NXT has moved to `next`.
    template <typename Sink>
    seq take(seq next, Sink&& sink) noexcept;

    // `duplicate` came again: reported once, as the first block of the next ACK (RFC 2883 §4).
    void note_duplicate(seq_range duplicate) noexcept { keep().duplicate = duplicate; }
    // There is something to report in a SACK option.
    bool has_report() const noexcept { return kept_ != nullptr; }
    // Fills in at most `room` blocks: a duplicate noted first, then the ranges, the most recent first.
    void report(sack_blocks& into, size_t room) noexcept;

    void clear() noexcept { kept_.reset(); }

 private:
    struct chunk {
        seq at;
        buffer bytes;
        seq end() const noexcept { return at + uint32_t(bytes.size()); }
    };

    // Of the ranges that changed last, one number of each, the last first: RFC 2018 §4 wants them reported in
    // this order.
    using recent_changes = boost::container::static_vector<seq, 8>;

    // Of small blocks: most gaps are followed by few segments.
    static constexpr size_t block_bytes = 128;
    template <typename T>
    using deque = boost::container::deque<
        T, void, boost::container::deque_options<boost::container::block_bytes<block_bytes>>::type>;

    struct memory : frame_cached {
        deque<chunk> chunks;
        deque<seq_range> ranges;
        recent_changes recent;
        std::optional<seq_range> duplicate;
        size_t bytes = 0;
        size_t held = 0;
    };
    // Its own, and that of two deques with a block each.
    static constexpr size_t least_memory = sizeof(memory) + 2 * (64 + block_bytes);
    static size_t held_by(const buffer& b) noexcept {
        constexpr size_t overhead = sizeof(chunk) + 64;  // of the allocation, and of what counts its owners
        const buffer_storage* s = b.storage();
        return overhead + (s ? std::max(size_t(s->end - s->begin), b.size()) : b.size());
    }

    memory& keep() {
        if (!kept_) kept_ = std::make_unique<memory>();
        return *kept_;
    }
    void forget_if_nothing_is_left() noexcept {
        if (!kept_->duplicate && kept_->ranges.empty()) kept_.reset();
    }
    bool room_for(seq_range arrived, const reassembly_limits& limits) const noexcept;
    void merge_into_ranges(seq_range arrived) noexcept;
    void note_change(seq_range changed) noexcept;
    // Everything before `next` is gone.
    void forget_ranges(seq next) noexcept;

    std::unique_ptr<memory> kept_;
};

template <typename Sink>
seq reassembly::take(seq next, Sink&& sink) noexcept {
    if (!kept_) return next;
    auto& chunks = kept_->chunks;
    const size_t before = chunks.size();
    while (!chunks.empty() && chunks.front().at <= next) {
        chunk& c = chunks.front();
        kept_->bytes -= c.bytes.size();
        kept_->held -= held_by(c.bytes);
        if (next < c.end()) {
            c.bytes.trim_front(distance(c.at, next));
            next += uint32_t(c.bytes.size());
            sink(std::move(c.bytes));
        }
        chunks.pop_front();
    }
    if (chunks.size() != before) forget_ranges(next);
    return next;
}

}  // namespace millrace::tcp
