#include "net/ipv4/path_mtus.hh"

#include <algorithm>

namespace millrace::net {

uint16_t path_mtus::lookup(ipv4_address destination, uint16_t otherwise, time_point now,
                           time_point& until) const noexcept {
    for (const auto& e : entries_) {
        if (e.destination != destination || now >= e.expires) continue;
        until = std::min(until, e.expires);
        return std::min(e.mtu, otherwise);
    }
    return otherwise;
}

bool path_mtus::lower(ipv4_address destination, uint16_t mtu, time_point now) noexcept {
    if (limit_ == 0) return false;
    auto old = std::find_if(entries_.begin(), entries_.end(),
                            [&](const entry& e) { return e.destination == destination; });
    if (old != entries_.end()) {
        if (old->mtu <= mtu && now < old->expires) return false;
        entries_.erase(old);
    }
    if (entries_.size() >= limit_) entries_.erase(entries_.begin());
    entries_.push_back({destination, mtu, now + lifetime_});
    return true;
}

}  // namespace millrace::net
