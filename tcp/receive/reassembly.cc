#include "tcp/receive/reassembly.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

// Room for this many chunks stays with a connection when its gaps are filled.
constexpr size_t kept_capacity = 64;

// Overlapping or adjacent.
bool touch(const seq_range& a, const seq_range& b) noexcept {
    return a.left <= b.right && b.left <= a.right;
}

}  // namespace

bool reassembly::room_for(seq_range arrived) const noexcept {
    if (ranges_.size() < limits_.max_ranges) return true;
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& r) { return touch(r, arrived); });
}

bool reassembly::insert(seq at, buffer payload) noexcept {
    if (payload.empty()) return true;
    const seq begin = at;
    if (!room_for({at, at + uint32_t(payload.size())})) return false;
    auto pos =
        std::partition_point(chunks_.begin(), chunks_.end(), [&](const chunk& c) { return c.end() <= at; });
    bool complete = true;
    while (!payload.empty()) {
        const bool known = pos != chunks_.end() && pos->at <= at;
        if (!known && chunks_.size() >= limits_.max_chunks) {
            complete = false;
            break;
        }
        const size_t until_next =
            pos == chunks_.end() ? payload.size() : distance(at, known ? pos->end() : pos->at);
        const auto n = uint32_t(std::min(payload.size(), until_next));
        if (known) {
            duplicate_ = seq_range{at, at + n};
            payload.trim_front(n);
            ++pos;
        } else {
            bytes_ += n;
            pos = chunks_.insert(pos, chunk{at, payload.split_front(n)}) + 1;
        }
        at += n;
    }
    if (at != begin) merge_into_ranges({begin, at});
    return complete;
}

void reassembly::merge_into_ranges(seq_range arrived) noexcept {
    std::erase_if(ranges_, [&](const seq_range& r) {
        if (!touch(r, arrived)) return false;
        arrived = {earlier(r.left, arrived.left), later(r.right, arrived.right)};
        return true;
    });
    ranges_.insert(ranges_.begin(), arrived);
}

void reassembly::drop_front(size_t count, seq next) noexcept {
    chunks_.erase(chunks_.begin(), chunks_.begin() + ptrdiff_t(count));
    std::erase_if(ranges_, [&](const seq_range& r) { return r.right <= next; });
    if (chunks_.empty() && chunks_.capacity() > kept_capacity) chunks_.shrink_to_fit();
}

void reassembly::report(sack_blocks& into, size_t room) noexcept {
    into.clear();
    if (duplicate_ && room > 0) {
        into.push_back(*duplicate_);
        duplicate_.reset();
    }
    for (size_t i = 0; i < ranges_.size() && into.size() < room; ++i) into.push_back(ranges_[i]);
}

void reassembly::clear() noexcept {
    chunks_.clear();
    chunks_.shrink_to_fit();
    ranges_.clear();
    duplicate_.reset();
    bytes_ = 0;
}

}  // namespace millrace::tcp
