#include "tcp/recovery/lost_ranges.hh"

#include "tcp/send/in_flight.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

bool begins_later(const seq_range& a, const seq_range& b) noexcept {
    return b.left < a.left;
}

}  // namespace

void lost_ranges::add(seq from, seq to) {
    if (newest_.right != from || newest_.empty()) {
        if (!newest_.empty()) push(newest_);
        newest_.left = from;
    }
    newest_.right = to;
}

std::optional<size_t> lost_ranges::first(const in_flight& flight) {
    if (!newest_.empty()) push(newest_);
    newest_ = {};
    while (!heap_.empty()) {
        seq_range r = heap_.front();
        size_t i = flight.lower_bound(r.left);
        while (i < flight.size() && flight[i].at < r.right && !flight[i].lost) ++i;
        if (i < flight.size() && flight[i].at == r.left) return i;
        pop();
        if (i == flight.size() || flight[i].at >= r.right) continue;
        r.left = flight[i].at;
        push(r);
    }
    return std::nullopt;
}

void lost_ranges::push(seq_range r) {
    heap_.push_back(r);
    std::push_heap(heap_.begin(), heap_.end(), begins_later);
}

seq_range lost_ranges::pop() noexcept {
    std::pop_heap(heap_.begin(), heap_.end(), begins_later);
    const seq_range r = heap_.back();
    heap_.pop_back();
    return r;
}

}  // namespace millrace::tcp
