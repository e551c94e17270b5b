#include "net/ipv4/reassembly.hh"

#include <algorithm>

namespace millrace::net {

std::optional<reassembly::datagram> reassembly::add(const ipv4_header& h, std::span<const uint8_t> payload,
                                                    time_point now) noexcept {
    // RFC 791 §3.2: all but the last are multiples of 8 bytes, and the whole fits a length field.
    bool malformed = payload.empty() || (h.more_fragments && payload.size() % 8 != 0) ||
                     h.fragment_offset + payload.size() > 65535 - ipv4_header::bytes;
    if (malformed) {
        drops_.count(drop_reason::fragment_malformed);
        return std::nullopt;
    }
    if (settings_.datagrams == 0) {
        drops_.count(drop_reason::fragment_limit);
        return std::nullopt;
    }
    iterator it = find_or_add(h, now);
    if (it->refused) {
        drops_.count(drop_reason::fragment_overlap);
        return std::nullopt;
    }
    uint32_t end = uint32_t(h.fragment_offset + payload.size());
    if (end > it->data.size() && !make_room(it, end - it->data.size())) {
        refuse(*it, drop_reason::fragment_limit);
        return std::nullopt;
    }
    if (insert(*it, h, payload) != verdict::accepted) return std::nullopt;
    bool whole =
        it->total && it->ranges.size() == 1 && it->ranges[0].begin == 0 && it->ranges[0].end == it->total;
    if (!whole) return std::nullopt;
    if (it->marked && it->not_ect) {
        drops_.count(drop_reason::fragment_ecn_mixed, it->fragments);
        forget(it);
        return std::nullopt;
    }
    return complete(it);
}

reassembly::iterator reassembly::find_or_add(const ipv4_header& h, time_point now) noexcept {
    // RFC 791 §3.2: source, destination, protocol and identification tell datagrams apart.
    auto it = std::find_if(open_.begin(), open_.end(), [&](const open_datagram& d) {
        return d.id == h.id && d.source == h.source && d.destination == h.destination &&
               d.protocol == h.protocol;
    });
    if (it != open_.end()) return it;
    if (open_.size() >= settings_.datagrams) {
        drops_.count(drop_reason::fragment_limit, open_.front().fragments);
        forget(open_.begin());
    }
    open_.push_back({});
    auto& d = open_.back();
    d.source = h.source;
    d.destination = h.destination;
    d.id = h.id;
    d.protocol = h.protocol;
    d.deadline = now + settings_.timeout;
    return std::prev(open_.end());
}

reassembly::verdict reassembly::insert(open_datagram& d, const ipv4_header& h,
                                       std::span<const uint8_t> payload) noexcept {
    range r{h.fragment_offset, uint32_t(h.fragment_offset + payload.size())};
    auto next =
        std::find_if(d.ranges.begin(), d.ranges.end(), [&](const range& o) { return o.end > r.begin; });
    if (next != d.ranges.end() && next->begin < r.end) {
        bool duplicate = next->begin <= r.begin && r.end <= next->end &&
                         std::equal(payload.begin(), payload.end(), d.data.begin() + r.begin);
        if (duplicate) return verdict::duplicate;
        refuse(d, drop_reason::fragment_overlap);
        return verdict::refused;
    }
    bool last = !h.more_fragments;
    bool beyond_end = (d.total && r.end > d.total) || (last && (d.total || d.data.size() > r.end));
    if (beyond_end) {
        refuse(d, drop_reason::fragment_overlap);
        return verdict::refused;
    }
    if (d.fragments >= settings_.fragments) {
        refuse(d, drop_reason::fragment_limit);
        return verdict::refused;
    }
    if (r.end > d.data.size()) {
        set_bytes(bytes_ + (r.end - d.data.size()));
        d.data.resize(r.end);
    }
    std::copy(payload.begin(), payload.end(), d.data.begin() + r.begin);
    ++d.fragments;
    d.marked |= h.congestion == ecn::congestion_experienced;
    d.not_ect |= h.congestion == ecn::not_capable;
    if (last) d.total = r.end;
    if (r.begin == 0) d.first = h;
    // Joined to what it touches.
    if (next != d.ranges.end() && next->begin == r.end) {
        r.end = next->end;
        next = d.ranges.erase(next);
    }
    if (next != d.ranges.begin() && std::prev(next)->end == r.begin)
        std::prev(next)->end = r.end;
    else
        d.ranges.insert(next, r);
    return verdict::accepted;
}

bool reassembly::has_room(size_t more) const noexcept {
    return bytes_ + more <= settings_.bytes && memory_.admits(memory_use::fragments, more);
}

void reassembly::set_bytes(size_t bytes) noexcept {
    bytes_ = bytes;
    memory_.set(memory_use::fragments, bytes);
}

// Forgets the oldest datagrams, but for `keep`, until `more` bytes fit.
bool reassembly::make_room(iterator keep, size_t more) noexcept {
    for (auto it = open_.begin(); !has_room(more) && it != open_.end();) {
        auto victim = it++;
        if (victim == keep || victim->data.empty()) continue;
        drops_.count(drop_reason::fragment_limit, victim->fragments);
        forget(victim);
    }
    return bytes_ + more <= settings_.bytes && memory_.admit(memory_use::fragments, more);
}

// Keeps the record, without its bytes, so that later fragments are recognised.
void reassembly::refuse(open_datagram& d, drop_reason why) noexcept {
    drops_.count(why, d.fragments + 1);
    set_bytes(bytes_ - d.data.size());
    std::vector<uint8_t>().swap(d.data);  // the memory too
    d.ranges.clear();
    d.first.reset();
    d.fragments = 0;
    d.refused = true;
}

void reassembly::forget(iterator it) noexcept {
    set_bytes(bytes_ - it->data.size());
    open_.erase(it);
}

reassembly::datagram reassembly::complete(iterator it) noexcept {
    datagram d{*it->first, buffer::allocate(it->total, headroom)};
    std::copy_n(it->data.begin(), it->total, d.payload.mutable_bytes());
    d.header.more_fragments = false;
    if (it->marked) d.header.congestion = ecn::congestion_experienced;
    d.header.total_bytes = uint16_t(d.header.header_bytes + it->total);
    forget(it);
    return d;
}

std::vector<reassembly::expired> reassembly::service(time_point now) noexcept {
    std::vector<expired> all;
    while (!open_.empty() && open_.front().deadline <= now) {
        auto& d = open_.front();
        drops_.count(drop_reason::fragment_timeout, d.fragments);
        if (d.first && d.data.size() >= 8) {
            all.push_back({*d.first, {d.data.begin(), d.data.begin() + 8}});
        }
        forget(open_.begin());
    }
    return all;
}

}  // namespace millrace::net
