#include "net/ethernet/neighbours.hh"

#include "core/log.hh"
#include "net/ethernet/header.hh"

#include <algorithm>
#include <bit>

namespace millrace::net {

namespace {

logger log("arp");

// What anybody on the link can cause is not logged more often.
constexpr duration log_interval = std::chrono::seconds(1);

}  // namespace

bool send_arp(transmit_queue& out, const mac_address& to, const arp_message& message,
              drop_counters& drops) noexcept {
    packet frame;
    frame.head = out.allocate();
    if (!frame.head.storage()) {
        drops.count(drop_reason::no_buffer);
        return false;
    }
    char* p = frame.head.append(ethernet_header_bytes + arp_message::bytes);
    auto* bytes = reinterpret_cast<uint8_t*>(p);
    write_ethernet_header(bytes, to, message.sender_mac, ethertype::arp);
    message.emit(bytes + ethernet_header_bytes);
    return out.push(std::move(frame));
}

neighbours::neighbours(const neighbour_settings& settings, const mac_address& own_mac, uint64_t hash_seed,
                       transmit_queue& out, memory_budget& memory, uint32_t& generation,
                       interface_counters& counters, drop_counters& drops)
    : settings_(settings),
      own_mac_(own_mac),
      hash_seed_(hash_seed | 1),
      entries_(std::bit_ceil(std::max(settings.entries, ways))),
      out_(out),
      memory_(memory),
      generation_(generation),
      counters_(counters),
      drops_(drops) {}

neighbours::entry* neighbours::set_of(ipv4_address host) noexcept {
    uint64_t h = (host.value() ^ hash_seed_ >> 32) * hash_seed_;
    h = (h ^ h >> 29) * 0x9e3779b97f4a7c15u;
    size_t sets = entries_.size() / ways;
    return &entries_[size_t(h >> 32) % sets * ways];
}

neighbours::entry* neighbours::find(ipv4_address host) noexcept {
    entry* set = set_of(host);
    for (entry* e = set; e != set + ways; ++e)
        if (e->what != state::free && e->host == host) return e;
    return nullptr;
}

// A place for a new host: a free one, else that of the one confirmed longest ago, which is forgotten. Hosts
// that packets wait for keep theirs. Null if there is none.
neighbours::entry* neighbours::add(ipv4_address host) noexcept {
    entry* set = set_of(host);
    entry* place = nullptr;
    for (entry* e = set; e != set + ways; ++e) {
        if (e->what == state::free) {
            place = e;
            break;
        }
        if (e->waiting.empty() && (!place || e->confirmed < place->confirmed)) place = e;
    }
    if (!place) return nullptr;
    if (place->what == state::known || place->what == state::confirming) ++generation_;
    *place = entry{};
    place->host = host;
    return place;
}

neighbours::answer neighbours::resolve(ipv4_address host, ipv4_address own, time_point now) noexcept {
    entry* e = find(host);
    if (!e) {
        e = add(host);
        if (!e) return {};
        e->own = own;
        e->what = state::asked;
        ask(*e, now);
        return {};
    }
    if (e->what == state::asked) return {};
    time_point fresh_until = e->confirmed + settings_.reachable_time;
    if (e->what == state::known && now > fresh_until) {
        e->own = own;
        e->what = state::confirming;
        e->requests = 0;
        ask(*e, now);
    }
    if (e->what == state::confirming) fresh_until = e->deadline;
    return {true, e->mac, fresh_until};
}

void neighbours::doubt(ipv4_address host, ipv4_address own, time_point now) noexcept {
    entry* e = find(host);
    if (!e || e->what != state::known || now - e->confirmed < settings_.request_interval) return;
    e->own = own;
    e->what = state::confirming;
    e->doubted = true;
    e->requests = 0;
    ask(*e, now);
}

bool neighbours::wait_for(ipv4_address host, packet&& frame) noexcept {
    entry* e = find(host);
    if (!e || e->what != state::asked || settings_.waiting_packets == 0) {
        drops_.count(drop_reason::neighbour_queue_full);
        return false;
    }
    if (e->waiting.size() >= settings_.waiting_packets) {
        e->waiting.erase(e->waiting.begin());
        set_waiting(waiting_ - 1);
        drops_.count(drop_reason::neighbour_queue_full);
    }
    if (waiting_ >= settings_.all_waiting_packets || !memory_.admit(memory_use::unresolved, packet_bytes)) {
        drops_.count(drop_reason::neighbour_queue_full);
        return false;
    }
    e->waiting.push_back(std::move(frame));
    set_waiting(waiting_ + 1);
    return true;
}

void neighbours::learn(ipv4_address host, const mac_address& mac, bool add_it, time_point now) noexcept {
    entry* e = find(host);
    if (!e) {
        if (!add_it) return;
        e = add(host);
        if (!e) return;
    } else if (e->what != state::asked && e->mac != mac) {
        ++generation_;
        ++counters_.neighbour_changes;
        if (now >= next_log_) {
            log.info("{} moved from {} to {}", host, e->mac, mac);
            next_log_ = now + log_interval;
        }
    }
    bool answered = e->deadline == next_deadline_ && e->deadline != never;
    e->what = state::known;
    e->mac = mac;
    e->requests = 0;
    e->doubted = false;
    e->confirmed = now;
    e->deadline = never;
    if (answered) find_next_deadline();
    release_waiting(*e);
}

void neighbours::find_next_deadline() noexcept {
    next_deadline_ = never;
    for (const auto& e : entries_) next_deadline_ = std::min(next_deadline_, e.deadline);
}

void neighbours::release_waiting(entry& e) noexcept {
    for (auto& frame : e.waiting) {
        e.mac.write(frame.head.mutable_bytes());
        out_.push(std::move(frame));
    }
    set_waiting(waiting_ - e.waiting.size());
    e.waiting = std::vector<packet>();
}

// Broadcast to find a host, to the host itself to confirm one that is not in doubt.
void neighbours::ask(entry& e, time_point now) noexcept {
    bool confirming = e.what == state::confirming && !e.doubted;
    arp_message m{arp_message::operation::request, own_mac_, e.own, confirming ? e.mac : mac_address(),
                  e.host};
    if (send_arp(out_, confirming ? e.mac : mac_address::broadcast(), m, drops_))
        ++counters_.arp_requests_out;
    ++e.requests;
    e.deadline = now + settings_.request_interval;
    next_deadline_ = std::min(next_deadline_, e.deadline);
}

void neighbours::give_up(entry& e) noexcept {
    if (e.what == state::confirming) ++generation_;
    drops_.count(drop_reason::neighbour_unreachable, e.waiting.size());
    set_waiting(waiting_ - e.waiting.size());
    for (auto& frame : e.waiting) unreachable_.push_back(std::move(frame));
    log.debug("{} does not answer", e.host);
    e = entry{};
}

void neighbours::service(time_point now) noexcept {
    if (now < next_deadline_) return;
    next_deadline_ = never;
    for (auto& e : entries_) {
        if (e.deadline > now) {
            next_deadline_ = std::min(next_deadline_, e.deadline);
        } else if (e.requests < settings_.requests) {
            ask(e, now);
        } else {
            give_up(e);
        }
    }
}

void neighbours::set_waiting(size_t packets) noexcept {
    waiting_ = packets;
    memory_.set(memory_use::unresolved, packets * packet_bytes);
}

size_t neighbours::size() const noexcept {
    return size_t(std::count_if(entries_.begin(), entries_.end(),
                                [](const entry& e) { return e.what != state::free; }));
}

}  // namespace millrace::net
