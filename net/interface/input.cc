#include "net/interface/input.hh"

#include "net/ethernet/header.hh"

namespace millrace::net {

namespace {

// Cuts a packet to its first `size` bytes, which it has.
void trim(packet& p, size_t size) noexcept {
    if (p.fragments.empty()) return p.head.trim(size);
    if (size <= p.head.size()) {
        p.head.trim(size);
        p.fragments.clear();
        return;
    }
    size -= p.head.size();
    size_t i = 0;
    for (; size > 0; ++i) {
        if (p.fragments[i].size() > size) p.fragments[i].trim(size);
        size -= p.fragments[i].size();
    }
    p.fragments.erase(p.fragments.begin() + ptrdiff_t(i), p.fragments.end());
}

// Six bytes, and the two behind them masked out.
uint64_t mac_word(const uint8_t* p) noexcept {
    uint64_t w = 0;
    std::memcpy(&w, p, 6);
    return w;
}

ip_datagram describe(const ipv4_header& h, packet& p) noexcept {
    ip_datagram d;
    d.data = &p;
    d.source = h.source;
    d.destination = h.destination;
    d.protocol = ip_protocol(h.protocol);
    d.ttl = h.ttl;
    d.id = h.id;
    d.congestion = h.congestion;
    return d;
}

}  // namespace

input::input(const mac_address& own_mac, const routes& r, neighbours& n, address_guard& guard,
             reassembly& fragments, dispatch& out, transmit_queue& replies, interface_counters& counters,
             drop_counters& drops)
    : own_mac_(own_mac),
      own_address_(r.addresses().front()),
      own_mac_word_(mac_word(own_mac.bytes().data())),
      routes_(r),
      neighbours_(n),
      guard_(guard),
      reassembly_(fragments),
      dispatch_(out),
      replies_(replies),
      counters_(counters),
      drops_(drops) {}

void input::on_frame(packet& p, time_point now) noexcept {
    ++counters_.packets_in;
    if (!on_plain_frame(p, now)) on_any_frame(p, now);
}

// The way of nearly all frames: to our first address, whole, in one buffer, without options. It checks what
// on_any_frame() and on_ipv4() check; what passes is delivered, all else is left to them, untouched.
bool input::on_plain_frame(packet& p, time_point now) noexcept {
    constexpr size_t headers = ethernet_header_bytes + ipv4_header::bytes;
    const uint8_t* f = p.head.bytes().data();
    size_t size = p.head.size();
    if (size < headers || !p.fragments.empty()) return false;
    const uint8_t* ip = f + ethernet_header_bytes;
    size_t total = read16(ip + 2);
    bool plain = mac_word(f) == own_mac_word_ && (f[6] & 1) == 0 &&
                 read16(f + 12) == uint16_t(ethertype::ipv4) && ip[0] == 0x45 &&
                 (read16(ip + 6) & 0x3fff) == 0 && ipv4_address::read(ip + 16) == own_address_ &&
                 total >= ipv4_header::bytes && total <= size - ethernet_header_bytes;
    if (!plain) return false;
    bool checked = p.ip_checksum == checksum_verdict::good;
    if (!checked && (p.ip_checksum == checksum_verdict::bad || fold(sum_ipv4_header(ip)) != 0xffff))
        return false;
    ipv4_address source = ipv4_address::read(ip + 12);
    if (!routes_.is_foreign_host(source)) return false;
    ip_datagram& d = dispatch_.next();
    d.data = &p;
    d.source = source;
    d.destination = own_address_;
    d.protocol = ip_protocol(ip[9]);
    d.ttl = ip[8];
    d.id = read16(ip + 4);
    d.congestion = ecn(ip[1] & 3);
    p.head.trim(ethernet_header_bytes + total);
    p.head.trim_front(headers);
    dispatch_.deliver(d, true, now);
    return true;
}

void input::on_any_frame(packet& p, time_point now) noexcept {
    auto in = p.head.bytes();
    if (in.size() < ethernet_header_bytes) return drop(drop_reason::frame_truncated);
    const uint8_t* f = in.data();
    bool ours = std::memcmp(f, own_mac_.bytes().data(), 6) == 0;
    bool to_group = f[0] & 1;
    if (!ours && !to_group) return drop(drop_reason::frame_not_for_us);
    if (f[6] & 1) return drop(drop_reason::frame_bad_source);
    if (read16(f + 12) != uint16_t(ethertype::ipv4)) return on_other_frame(p, now);
    p.head.trim_front(ethernet_header_bytes);
    on_ipv4(p, to_group, now);
}

void input::on_other_frame(packet& p, time_point now) noexcept {
    auto in = p.head.bytes();
    switch (ethertype(read16(in.data() + 12))) {
        case ethertype::arp:
            return on_arp(in.subspan(ethernet_header_bytes), now);
        case ethertype::vlan:
        case ethertype::service_vlan:
            return drop(drop_reason::frame_tagged);
        case ethertype::ipv4:
        case ethertype::ipv6:
            break;
    }
    drop(drop_reason::ethertype_unknown);
}

// RFC 826, "Packet Reception", with the sender checked first: a claim for an address that no host of ours
// networks can have is not believed.
void input::on_arp(std::span<const uint8_t> in, time_point now) noexcept {
    ++counters_.arp_in;
    auto m = arp_message::parse(in);
    if (!m) return drop(drop_reason::arp_malformed);
    bool to_us = routes_.is_local(m->target);
    if (guard_.on_message(*m, now)) return;
    if (!m->sender.is_any()) {
        bool believable = routes_.is_foreign_host(m->sender) && routes_.is_on_link(m->sender) &&
                          !m->sender_mac.is_group() && !m->sender_mac.is_zero();
        if (!believable) return drop(drop_reason::arp_bad_sender);
        neighbours_.learn(m->sender, m->sender_mac, to_us, now);
        if (to_us && dispatch_.is_shared()) dispatch_.tell({m->sender, m->sender_mac});
    }
    if (!to_us || m->what != arp_message::operation::request) return;
    arp_message reply{arp_message::operation::reply, own_mac_, m->target, m->sender_mac, m->sender};
    if (send_arp(replies_, m->sender_mac, reply, drops_)) ++counters_.arp_replies_out;
}

void input::on_ipv4(packet& p, bool to_group, time_point now) noexcept {
    ipv4_header h;
    drop_reason why;
    if (!h.parse(p.head.bytes(), p.size(), p.ip_checksum, why)) return drop(why);
    bool to_one_host = routes_.is_local(h.destination);
    if (!to_one_host && !routes_.is_broadcast(h.destination)) return drop(drop_reason::ip_not_for_us);
    // RFC 1122 §3.3.6: a link broadcast of a packet for one host is a mistake or an attack.
    if (to_group && to_one_host) return drop(drop_reason::ip_not_for_us);
    if (!routes_.is_foreign_host(h.source)) return drop(drop_reason::ip_bad_source);
    trim(p, h.total_bytes);
    p.head.trim_front(h.header_bytes);
    if (h.is_fragment()) [[unlikely]]
        return on_fragment(h, p, to_one_host, now);
    ip_datagram d = describe(h, p);
    dispatch_.deliver(d, to_one_host, now);
}

void input::on_fragment(const ipv4_header& h, packet& p, bool to_one_host, time_point now) noexcept {
    ++counters_.fragments_in;
    buffer payload = join(std::move(p));
    auto whole = reassembly_.add(h, payload.bytes(), now);
    if (!whole) return;
    ++counters_.reassembled;
    p = packet{};
    p.head = std::move(whole->payload);
    ip_datagram d = describe(whole->header, p);
    dispatch_.deliver(d, to_one_host, now);
}

}  // namespace millrace::net
