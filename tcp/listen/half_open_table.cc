#include "tcp/listen/half_open_table.hh"

#include "core/check.hh"

#include <algorithm>
#include <bit>
#include <utility>

namespace millrace::tcp {

half_open_table::half_open_table(const half_open_settings& settings, const siphash_key& key)
    : settings_(settings), key_(key) {
    settings_.limit = std::max(settings_.limit, 1u);
    settings_.max_transmissions = std::clamp<uint8_t>(settings_.max_transmissions, 1, max_transmissions);
    entries_.resize(settings_.limit);
    buckets_.assign(std::bit_ceil(size_t(settings_.limit)), none);
    for (uint32_t i = settings_.limit; i-- > 0; free_ = i) entries_[i].chain = free_;
}

uint32_t half_open_table::bucket_of(const four_tuple& flow) const noexcept {
    return uint32_t(siphash(key_, packed_tuple(flow).bytes) & (buckets_.size() - 1));
}

uint32_t half_open_table::index_of(const half_open& h) const noexcept {
    return uint32_t(static_cast<const entry*>(&h) - entries_.data());
}

half_open* half_open_table::find(uint32_t hash, const four_tuple& flow) noexcept {
    if (size_ == 0) return nullptr;
    for (uint32_t i = buckets_[bucket_of(flow)]; i != none; i = entries_[i].chain)
        if (entries_[i].hash == hash && entries_[i].flow == flow) return &entries_[i];
    return nullptr;
}

half_open& half_open_table::insert(const half_open& h, time_point now) noexcept {
    CHECK(!full());
    const uint32_t i = free_;
    entry& e = entries_[i];
    free_ = e.chain;
    static_cast<half_open&>(e) = h;
    e.transmissions = 1;
    e.first_sent = now;
    e.bucket = bucket_of(h.flow);
    e.chain = std::exchange(buckets_[e.bucket], i);
    push(i, 1, now);
    ++size_;
    return e;
}

half_open* half_open_table::oldest() noexcept {
    for (size_t q = queues_.size(); q-- > 0;)
        if (queues_[q].first != none) return &entries_[queues_[q].first];
    return nullptr;
}

void half_open_table::erase(half_open& h) noexcept {
    const uint32_t i = index_of(h);
    uint32_t* link = &buckets_[entries_[i].bucket];
    while (*link != i) link = &entries_[*link].chain;
    *link = entries_[i].chain;
    unlink(i);
    entries_[i].queue = no_queue;
    entries_[i].chain = std::exchange(free_, i);
    --size_;
}

void half_open_table::erase_of_listener(uint32_t listener) noexcept {
    for (auto& e : entries_)
        if (e.queue != no_queue && e.listener == listener) erase(e);
}

time_point half_open_table::next_timeout() const noexcept {
    time_point earliest = never;
    for (const auto& q : queues_)
        if (q.first != none) earliest = std::min(earliest, entries_[q.first].deadline);
    return earliest;
}

half_open* half_open_table::take_due(time_point now) noexcept {
    for (size_t q = 0; q < queues_.size(); ++q) {
        const uint32_t i = queues_[q].first;
        if (i == none || entries_[i].deadline > now) continue;
        entry& e = entries_[i];
        ++e.transmissions;
        if (is_spent(e)) return &e;
        unlink(i);
        push(i, e.transmissions, now);
        return &e;
    }
    return nullptr;
}

size_t half_open_table::longest_chain() const noexcept {
    size_t longest = 0;
    for (uint32_t first : buckets_) {
        size_t length = 0;
        for (uint32_t i = first; i != none; i = entries_[i].chain) ++length;
        longest = std::max(longest, length);
    }
    return longest;
}

void half_open_table::push(uint32_t i, uint8_t q, time_point now) noexcept {
    entry& e = entries_[i];
    e.queue = q;
    e.deadline = now + settings_.initial_timeout * (1 << (q - 1));
    e.before = std::exchange(queues_[q].last, i);
    e.after = none;
    (e.before == none ? queues_[q].first : entries_[e.before].after) = i;
}

void half_open_table::unlink(uint32_t i) noexcept {
    entry& e = entries_[i];
    (e.before == none ? queues_[e.queue].first : entries_[e.before].after) = e.after;
    (e.after == none ? queues_[e.queue].last : entries_[e.after].before) = e.before;
}

}  // namespace millrace::tcp
