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
    p.fragments.truncate(i);
}

uint32_t load32(const uint8_t* p) noexcept {
    uint32_t w;
    std::memcpy(&w, p, 4);
    return w;
}

// A frame's first eight bytes, and of the last two, the source's, only the bit that says "a group".
uint64_t destination_word(const uint8_t* frame) noexcept {
    uint64_t w;
    std::memcpy(&w, frame, 8);
    return w & 0x0001'ffff'ffff'ffff;
}

uint64_t mac_word(const mac_address& mac) noexcept {
    uint64_t w = 0;
    std::memcpy(&w, mac.bytes().data(), 6);
    return w;
}

// As they lie in a frame. Ethertype IPv4, then version 4 with a header of five words; the fourth byte is the
// type of service.
constexpr uint32_t plain_type_mask = 0x00ff'ffff, plain_type = 0x0045'0008;
// No fragment (DF may be set), any TTL, TCP.
constexpr uint32_t whole_tcp_mask = 0xff00'ff3f, whole_tcp = 0x0600'0000;

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
      own_mac_word_(mac_word(own_mac)),
      own_address_word_(__builtin_bswap32(own_address_.v4().value())),
      routes_(r),
      neighbours_(n),
      guard_(guard),
      reassembly_(fragments),
      dispatch_(out),
      verifies_checksums_(out.verifies_checksums()),
      replies_(replies),
      counters_(counters),
      drops_(drops) {}

// May it send to us? Remembers it if so.
[[gnu::always_inline]] inline bool input::knows_source(uint32_t source) noexcept {
    if (source == last_source_word_) [[likely]]
        return true;
    const ipv4_address host(__builtin_bswap32(source));
    if (!routes_.is_foreign_host(host)) return false;
    last_source_word_ = source;
    last_source_hash_ = hash_.of_addresses(host.value(), own_address_.v4().value());
    return true;
}

// The header's and TCP's, unless the device vouches for them. Both cover the addresses.
[[gnu::always_inline]] inline bool input::checksums_good(const packet& p, const uint8_t* ip,
                                                         size_t total) const noexcept {
    constexpr size_t l3 = ipv4_header::bytes;
    const uint64_t addresses = uint64_t(load32(ip + 12)) + load32(ip + 16);
    if (p.ip_checksum != checksum_verdict::good &&
        (p.ip_checksum == checksum_verdict::bad ||
         fold(addresses + load32(ip) + load32(ip + 4) + load32(ip + 8)) != 0xffff))
        return false;
    if (p.l4_checksum != checksum_verdict::unknown || !verifies_checksums_)
        return p.l4_checksum != checksum_verdict::bad;
    const uint64_t pseudo = addresses + sum_of(uint16_t(ip_protocol::tcp)) + sum_of(uint16_t(total - l3));
    return fold(add_bytes(pseudo, ip + l3, total - l3)) == 0xffff;
}

// The way of nearly all frames: a segment to our first address, whole, in one buffer, without IP options. It
// checks what on_any_frame(), on_ipv4() and dispatch check; what passes is delivered, all else is left to
// them, untouched.
[[gnu::always_inline]] inline bool input::take_plain_segment(packet& p) noexcept {
    constexpr size_t l2 = ethernet_header_bytes, l3 = ipv4_header::bytes, tcp_header = 20;
    const size_t size = p.head.size();
    if (size < l2 + l3 + tcp_header || !p.fragments.empty()) return false;
    const uint8_t* frame = p.head.bytes().data();
    const uint8_t* ip = frame + l2;
    const uint32_t source = load32(ip + 12);
    const size_t total = read16(ip + 2);
    const bool plain = destination_word(frame) == own_mac_word_ &&
                       (load32(frame + 12) & plain_type_mask) == plain_type &&
                       (load32(ip + 6) & whole_tcp_mask) == whole_tcp &&
                       load32(ip + 16) == own_address_word_ && total >= l3 + tcp_header &&
                       l2 + total <= size && knows_source(source) && checksums_good(p, ip, total);
    if (!plain) [[unlikely]]
        return false;
    ip_datagram& d = dispatch_.next();
    d.data = &p;
    d.source = ipv4_address(__builtin_bswap32(source));
    d.destination = own_address_;
    d.flow_hash = p.has_flow_hash ? p.flow_hash
                                  : last_source_hash_ ^ hash_.of_ports(read16(ip + l3), read16(ip + l3 + 2));
    d.protocol = ip_protocol::tcp;
    d.ttl = ip[8];
    d.id = read16(ip + 4);
    d.congestion = ecn(ip[1] & 3);
    p.head.trim(l2 + total);
    p.head.trim_front(l2 + l3);
    dispatch_.take(d);
    return true;
}

void input::on_burst(std::span<packet> frames, time_point now) noexcept {
    counters_.packets_in += frames.size();
    for (packet& p : frames) {
        if (take_plain_segment(p)) [[likely]]
            ++counters_.tcp_in;
        else
            on_any_frame(p, now);
    }
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
