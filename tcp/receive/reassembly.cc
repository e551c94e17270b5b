#include "tcp/receive/reassembly.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

// The first of `ranges` that overlaps or meets something that begins at `left`, or lies behind it.
template <typename Ranges>
auto first_at(Ranges& ranges, seq left) noexcept {
    return std::partition_point(ranges.begin(), ranges.end(),
                                [left](const seq_range& r) { return r.right < left; });
}

template <typename Vector, typename Predicate>
void forget(Vector& v, Predicate p) noexcept {
    v.erase(std::remove_if(v.begin(), v.end(), p), v.end());
}

}  // namespace

bool reassembly::room_for(seq_range arrived, const reassembly_limits& limits) const noexcept {
    if (limits.takes_range(ranges(), bytes())) return true;
    if (!kept_) return false;
    const auto r = first_at(kept_->ranges, arrived.left);
    return r != kept_->ranges.end() && r->left <= arrived.right;
}

bool reassembly::insert(seq at, buffer payload, const reassembly_limits& limits) noexcept {
    if (payload.empty()) return true;
    const seq begin = at;
    if (!room_for({at, at + uint32_t(payload.size())}, limits)) return false;
    auto& chunks = keep().chunks;
    auto pos =
        std::partition_point(chunks.begin(), chunks.end(), [&](const chunk& c) { return c.end() <= at; });
    bool complete = true;
    while (!payload.empty()) {
        const bool known = pos != chunks.end() && pos->at <= at;
        if (!known && !limits.takes_chunk(chunks.size(), kept_->bytes)) {
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
    auto& ranges = kept_->ranges;
    const auto first = first_at(ranges, arrived.left);
    auto last = first;
    for (; last != ranges.end() && last->left <= arrived.right; ++last)
        arrived = {earlier(last->left, arrived.left), later(last->right, arrived.right)};
    note_change(arrived);
    if (first == last) {
        ranges.insert(first, arrived);
    } else {
        *first = arrived;
        ranges.erase(first + 1, last);
    }
}

void reassembly::note_change(seq_range changed) noexcept {
    recent_changes& recent = kept_->recent;
    forget(recent, [changed](seq s) { return changed.contains(s); });
    if (recent.size() == recent.capacity()) recent.pop_back();
    recent.insert(recent.begin(), changed.left);
}

void reassembly::forget_ranges(seq next) noexcept {
    auto& ranges = kept_->ranges;
    while (!ranges.empty() && ranges.front().right <= next) ranges.pop_front();
    forget(kept_->recent, [next](seq s) { return s < next; });
    forget_if_nothing_is_left();
}

void reassembly::report(sack_blocks& into, size_t room) noexcept {
    into.clear();
    if (!kept_) return;
    if (kept_->duplicate && room > 0) {
        into.push_back(*kept_->duplicate);
        kept_->duplicate.reset();
    }
    const auto& ranges = kept_->ranges;
    const size_t first = into.size();
    for (seq s : kept_->recent) {
        if (into.size() >= room) break;
        const auto r = std::partition_point(ranges.begin(), ranges.end(),
                                            [s](const seq_range& one) { return one.right <= s; });
        into.push_back(*r);
    }
    // Where changes have joined many of those that were noted: others, from the end.
    for (auto r = ranges.rbegin(); r != ranges.rend() && into.size() < room; ++r)
        if (std::find(into.begin() + ptrdiff_t(first), into.end(), *r) == into.end()) into.push_back(*r);
    forget_if_nothing_is_left();
}

}  // namespace millrace::tcp
