#include "tcp/demux/fast_open_cache.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

packed_tuple path_of(four_tuple flow) noexcept {
    flow.local.port = 0;
    return packed_tuple(flow);
}

}  // namespace

fast_open_cache::fast_open_cache(size_t limit, duration retry, const siphash_key& key)
    : retry_(retry), key_(key), sets_((limit + ways - 1) / ways) {}

fast_open_cache::set& fast_open_cache::set_of(const packed_tuple& path) noexcept {
    return sets_[siphash(key_, path.bytes) % sets_.size()];
}

fast_open_cache::entry* fast_open_cache::look_up(const packed_tuple& path) noexcept {
    for (entry& e : set_of(path))
        if (e.used != 0 && e.path == path) return &e;
    return nullptr;
}

std::optional<fast_open_cache::offer> fast_open_cache::find(const four_tuple& flow, time_point now) noexcept {
    if (sets_.empty()) return std::nullopt;
    entry* e = look_up(path_of(flow));
    if (!e) return offer{};
    if (now < e->blocked_until) return std::nullopt;
    e->used = ++uses_;
    return offer{e->cookie, e->mss};
}

fast_open_cache::entry& fast_open_cache::place_for(const packed_tuple& path) noexcept {
    entry* e = look_up(path);
    if (!e) {
        set& all = set_of(path);
        e = std::min_element(all.begin(), all.end(),
                             [](const entry& a, const entry& b) { return a.used < b.used; });
        ++(e->used == 0 ? size_ : evicted_);
        *e = entry{};
        e->path = path;
    }
    e->used = ++uses_;
    return *e;
}

void fast_open_cache::learn(const four_tuple& flow, const fast_open_cookie& cookie, uint16_t mss) noexcept {
    if (sets_.empty()) return;
    entry& e = place_for(path_of(flow));
    e.cookie = cookie;
    e.mss = mss;
    e.blocked_until = {};
}

void fast_open_cache::block(const four_tuple& flow, time_point now) noexcept {
    if (sets_.empty()) return;
    place_for(path_of(flow)).blocked_until = now + retry_;
}

}  // namespace millrace::tcp
