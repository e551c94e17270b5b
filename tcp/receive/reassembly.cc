#include "tcp/receive/reassembly.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

// Overlapping or adjacent.
bool touch(const seq_range& a, const seq_range& b) noexcept {
    return a.left <= b.right && b.left <= a.right;
}

}  // namespace

bool reassembly::room_for(seq_range arrived, size_t max_ranges) const noexcept {
    if (ranges() < max_ranges) return true;
    if (!kept_) return false;
    return std::any_of(kept_->ranges.begin(), kept_->ranges.end(),
                       [&](const auto& r) { return touch(r, arrived); });
}

bool reassembly::insert(seq at, buffer payload, const reassembly_limits& limits) noexcept {
    if (payload.empty()) return true;
    const seq begin = at;
    if (!room_for({at, at + uint32_t(payload.size())}, limits.max_ranges)) return false;
    auto& chunks = keep().chunks;
    auto pos =
        std::partition_point(chunks.begin(), chunks.end(), [&](const chunk& c) { return c.end() <= at; });
    bool complete = true;
    while (!payload.empty()) {
        const bool known = pos != chunks.end() && pos->at <= at;
        if (!known && chunks.size() >= limits.max_chunks) {
            complete = false;
            break;
        }
        const size_t until_next =
            pos == chunks.end() ? payload.size() : distance(at, known ? pos->end() : pos->at);
        const auto n = uint32_t(std::min(payload.size(), until_next));
        if (known) {
            kept_->duplicate = seq_range{at, at + n};
            payload.trim_front(n);
            ++pos;
        } else {
            kept_->bytes += n;
            pos = chunks.insert(pos, chunk{at, payload.split_front(n)});
            kept_->held += held_by(pos->bytes);
            ++pos;
        }
        at += n;
    }
    if (at != begin) merge_into_ranges({begin, at});
    forget_if_nothing_is_left();
    return complete;
}

void reassembly::merge_into_ranges(seq_range arrived) noexcept {
    std::erase_if(kept_->ranges, [&](const seq_range& r) {
        if (!touch(r, arrived)) return false;
        arrived = {earlier(r.left, arrived.left), later(r.right, arrived.right)};
        return true;
    });
    kept_->ranges.insert(kept_->ranges.begin(), arrived);
}

void reassembly::drop_front(size_t count, seq next) noexcept {
    auto& chunks = kept_->chunks;
    chunks.erase(chunks.begin(), chunks.begin() + ptrdiff_t(count));
    std::erase_if(kept_->ranges, [&](const seq_range& r) { return r.right <= next; });
    forget_if_nothing_is_left();
}

void reassembly::report(sack_blocks& into, size_t room) noexcept {
    into.clear();
    if (!kept_) return;
    if (kept_->duplicate && room > 0) {
        into.push_back(*kept_->duplicate);
        kept_->duplicate.reset();
    }
    for (size_t i = 0; i < kept_->ranges.size() && into.size() < room; ++i) into.push_back(kept_->ranges[i]);
    forget_if_nothing_is_left();
}

}  // namespace millrace::tcp
