#include "net/ipv4/output.hh"

#include "net/checksum.hh"
#include "net/error.hh"
#include "net/ethernet/header.hh"
#include "net/ipv4/header.hh"

#include <algorithm>

namespace millrace::net {

namespace {

constexpr uint16_t dont_fragment = 0x4000;
constexpr uint16_t more_fragments = 0x2000;
constexpr size_t l2_bytes = ethernet_header_bytes;
static_assert(path::header_bytes == l2_bytes + ipv4_header::bytes);

// Where the checksum lies in the L4 header.
size_t checksum_offset(ip_protocol protocol) noexcept {
    return protocol == ip_protocol::tcp ? 16 : 6;
}

// Bytes [offset, offset + size) of a packet.
void copy_out(const packet& p, size_t offset, size_t size, char* to) noexcept {
    auto copy = [&](const buffer& b) {
        if (offset >= b.size()) {
            offset -= b.size();
            return;
        }
        size_t n = std::min(size, b.size() - offset);
        std::memcpy(to, b.data() + offset, n);
        to += n;
        size -= n;
        offset = 0;
    };
    copy(p.head);
    for (const auto& f : p.fragments)
        if (size) copy(f);
}

}  // namespace

output::output(const device_info& device, const interface_config& config, const routes& r, neighbours& n,
               transmit_queue& out, uint32_t& generation, random& rng, interface_counters& counters,
               drop_counters& drops)
    : mac_(device.mac),
      mtu_(config.mtu ? std::min(config.mtu, device.mtu) : device.mtu),
      ttl_(config.ttl),
      device_fills_tcp_(device.fills_tcp_checksum),
      device_fills_udp_(device.fills_udp_checksum),
      device_cuts_bytes_(device.cuts_bytes),
      device_piece_bytes_(device.piece_bytes),
      routes_(r),
      neighbours_(n),
      out_(out),
      generation_(generation),
      path_mtus_(config.path_mtus, config.path_mtu_lifetime),
      counters_(counters),
      drops_(drops) {
    for (auto& id : ids_) id = uint16_t(rng.next());
}

result<ip_address> output::source_for(const ip_address& destination) const noexcept {
    if (destination.is_v6()) return make_error_code(errc::network_unreachable);
    auto hop = routes_.lookup(destination.v4());
    if (!hop) return make_error_code(errc::network_unreachable);
    return ip_address(hop->source);
}

result<path> output::make_path(const ip_address& source, const ip_address& destination, ip_protocol protocol,
                               time_point now) noexcept {
    path way;
    way.source_ = source;
    way.destination_ = destination;
    way.protocol_ = protocol;
    auto best = source_for(destination);
    if (!best) return best.error();
    if (source.is_any()) way.source_ = *best;
    // No packet for ourselves would come back from the link.
    if (!way.source_.is_v4() || !routes_.is_local(way.source_.v4()) || routes_.is_local(destination.v4()))
        return make_error_code(errc::address_not_available);
    time_point until = never;
    way.mtu_ = path_mtus_.lookup(destination.v4(), mtu_, now, until);
    write_template(way);
    return way;
}

void output::write_template(path& way) const noexcept {
    uint8_t* h = way.header_.data();
    write_ethernet_header(h, mac_address(), mac_, ethertype::ipv4);
    ipv4_header ip;
    ip.source = way.source_.v4();
    ip.destination = way.destination_.v4();
    ip.total_bytes = 0;
    ip.ttl = ttl_;
    ip.protocol = uint8_t(way.protocol_);
    ip.emit(h + l2_bytes);
    std::memset(h + l2_bytes + 10, 0, 2);
    way.header_sum_ = sum_bytes(h + l2_bytes, ipv4_header::bytes);
    way.pseudo_sum_ = pseudo_header_sum(ip.source, ip.destination, ip.protocol);
}

// Looks route, neighbour and MTU up again. False if no route leads there.
bool output::refresh(path& way, time_point now) noexcept {
    if (!way.destination_.is_v4() || !way.source_.is_v4()) return false;  // never made
    ipv4_address destination = way.destination_.v4();
    auto hop = routes_.lookup(destination);
    if (!hop) return false;
    neighbours::answer answer{true, {}, never};
    if (routes_.is_broadcast(destination))
        answer.mac = mac_address::broadcast();
    else if (destination.is_multicast())
        answer.mac = multicast_mac(destination);
    else
        answer = neighbours_.resolve(hop->host, hop->source, now);
    answer.mac.write(way.header_.data());
    way.neighbour_ = hop->host;
    way.resolved_ = answer.known;
    way.fresh_until_ = answer.fresh_until;
    way.mtu_ = path_mtus_.lookup(destination, mtu_, now, way.fresh_until_);
    way.generation_ = generation_;
    return true;
}

// Asks the device for it if that can do it.
[[gnu::always_inline]] inline void output::fill_l4_checksum(const path& way, packet& p, size_t size,
                                                            ip_protocol protocol) const noexcept {
    const bool udp = protocol == ip_protocol::udp;
    uint8_t* field = p.head.mutable_bytes() + checksum_offset(protocol);
    const uint32_t pseudo = way.pseudo_sum_ + sum_of(uint16_t(size));
    if (udp ? device_fills_udp_ : device_fills_tcp_) [[unlikely]]
        return ask_for_checksum(p, field, pseudo, protocol);
    std::memset(field, 0, 2);
    uint16_t checksum = checksum_of(p.fragments.empty() ? add_bytes(pseudo, p.head.data(), p.head.size())
                                                        : uint64_t(pseudo) + sum_pieces(p));
    if (udp && checksum == 0) checksum = 0xffff;  // RFC 768: zero says that there is none
    std::memcpy(field, &checksum, 2);
}

void output::ask_for_checksum(packet& p, uint8_t* field, uint32_t pseudo, ip_protocol protocol) noexcept {
    const uint16_t sum = fold(pseudo);
    std::memcpy(field, &sum, 2);
    p.offload_l4_checksum = true;
    p.is_udp = protocol == ip_protocol::udp;
    p.l2_bytes = l2_bytes;
    p.l3_bytes = ipv4_header::bytes;
    p.l4_bytes = p.is_udp ? 8 : uint8_t(p.head.bytes()[12] >> 4 << 2);
}

// What differs from the template, whose fields are zero or of no account. Sums are of words as they lie in
// memory, so that numbers are swapped, and the second byte of a word counts 256.
void output::write_fields(const path& way, uint8_t* ip, size_t size, ecn mark, uint16_t id,
                          uint16_t fragment_field) noexcept {
    uint16_t total = __builtin_bswap16(uint16_t(size + ipv4_header::bytes));
    uint16_t wire_id = __builtin_bswap16(id);
    uint16_t wire_fragment = __builtin_bswap16(fragment_field);
    uint16_t checksum =
        checksum_of(uint64_t(way.header_sum_) + (uint32_t(mark) << 8) + total + wire_id + wire_fragment);
    ip[1] = uint8_t(mark);
    std::memcpy(ip + 2, &total, 2);
    std::memcpy(ip + 4, &wire_id, 2);
    std::memcpy(ip + 6, &wire_fragment, 2);
    std::memcpy(ip + 10, &checksum, 2);
}

// With DF nothing will ever put the packet together again, so its id says nothing (RFC 6864 §4.1), and
// segments of one length have one header.
[[gnu::always_inline]] inline void output::prepend_tcp_header(path& way, buffer& head, size_t size,
                                                              ecn mark) noexcept {
    const uint16_t total = __builtin_bswap16(uint16_t(size + ipv4_header::bytes));
    const uint32_t first_word = 0x45 | uint32_t(mark) << 8 | uint32_t(total) << 16;
    uint8_t* ip = way.header_.data() + l2_bytes;
    if (std::memcmp(ip, &first_word, sizeof first_word) != 0)
        write_fields(way, ip, size, mark, 0, dont_fragment);
    std::memcpy(head.prepend(path::header_bytes), way.header_.data(), path::header_bytes);
}

void output::doubt(const path& way, time_point now) noexcept {
    if (way.resolved_) neighbours_.doubt(way.neighbour_, way.source_.v4(), now);
}

bool output::send(path& way, packet&& p, ecn mark, time_point now) noexcept {
    if (!is_fresh(way, now) && !refresh(way, now)) [[unlikely]]
        return refuse(drop_reason::no_route);
    size_t size = p.size();
    if (way.protocol_ == ip_protocol::tcp) {
        if (size + ipv4_header::bytes > way.mtu_) [[unlikely]]
            return refuse(drop_reason::too_long);
        fill_l4_checksum(way, p, size, ip_protocol::tcp);
        prepend_tcp_header(way, p.head, size, mark);
        return hand_on(way, std::move(p));
    }
    if (size > 65535 - ipv4_header::bytes) return refuse(drop_reason::too_long);
    if (size + ipv4_header::bytes > way.mtu_) return send_fragments(way, std::move(p), mark, size);
    if (way.protocol_ == ip_protocol::udp) fill_l4_checksum(way, p, size, ip_protocol::udp);
    return send_whole(way, std::move(p), mark, size, next_id(way), 0);
}

// The way of nearly all segments: their path is fresh, and the frame is made where it stands. All others are
// send()'s.
bool output::send_draft(packet& p, path& way, ecn mark, time_point now) noexcept {
    const size_t size = p.size();
    const bool plain =
        is_fresh(way, now) && way.protocol_ == ip_protocol::tcp && size + ipv4_header::bytes <= way.mtu_;
    if (!plain) [[unlikely]]
        return send_moved(p, way, mark, now);
    p.ask_nothing();
    fill_l4_checksum(way, p, size, ip_protocol::tcp);
    prepend_tcp_header(way, p.head, size, mark);
    ++counters_.packets_out;
    out_.push_draft();
    return true;
}

// Out of the queue: a request for the neighbour's address may leave first, and from the same place.
bool output::send_moved(packet& draft, path& way, ecn mark, time_point now) noexcept {
    packet p = std::move(draft);
    p.ask_nothing();
    return send(way, std::move(p), mark, now);
}

// In a header of TCP, RFC 9293 §3.1.
namespace tcp_at {
constexpr size_t seq = 4, flags = 13;
constexpr uint8_t fin_and_psh = 0x09, cwr = 0x80;
}  // namespace tcp_at

// One piece for which there is no buffer or no room is lost alone.
size_t output::send_run(path& way, const segment_run& run, ecn mark, time_point now) noexcept {
    if (may_cut_in_device(way, run, now)) return send_uncut(way, run, mark) ? run.segments() : 0;
    if (run.segments() > 1) ++counters_.gso_runs;
    size_t sent = 0;
    for (size_t at = 0; at < run.data.size(); at += run.segment_bytes)
        sent += send_piece(way, run, at, mark, now);
    return sent;
}

// A device leaves CWR in the first segment only (RFC 3168 §6.1.2); as part of the ACE field it belongs to all
// (RFC 9768 §3.2.2). And drivers have their limits: the shortest piece that some cut has 256 bytes, and
// others make no more than 64 of a run.
bool output::may_cut_in_device(const path& way, const segment_run& run, time_point now) const noexcept {
    constexpr size_t shortest = 1024;
    static_assert(segment_run::longest_bytes <= 64 * shortest);
    const size_t packet = ipv4_header::bytes + run.header.size() + run.segment_bytes;
    const size_t data = run.data.size();
    return data > run.segment_bytes && data <= device_cuts_bytes_ && run.segment_bytes >= shortest &&
           packet <= way.mtu_ && packet <= device_piece_bytes_ && !out_.refuses_runs() &&
           (run.header[tcp_at::flags] & tcp_at::cwr) == 0 && is_fresh(way, now);
}

bool output::send_uncut(path& way, const segment_run& run, ecn mark) noexcept {
    packet* p = out_.draft();
    if (!p) return false;
    std::memcpy(p->head.append(run.header.size()), run.header.data(), run.header.size());
    p->fragments.push_back(run.data.share());
    // The sum is without the length, which is each piece's own.
    ask_for_checksum(*p, p->head.mutable_bytes() + checksum_offset(ip_protocol::tcp), way.pseudo_sum_,
                     ip_protocol::tcp);
    prepend_tcp_header(way, p->head, run.header.size() + run.data.size(), mark);
    std::memset(p->head.mutable_bytes() + l2_bytes + 10, 0, 2);
    p->offload_ip_checksum = true;
    p->segment_bytes = run.segment_bytes;
    counters_.packets_out += run.segments();
    ++counters_.tso_frames;
    out_.push_run(run.segments());
    return true;
}

// The data from `at`, behind a copy of the header.
bool output::send_piece(path& way, const segment_run& run, size_t at, ecn mark, time_point now) noexcept {
    packet* p = out_.draft();
    if (!p) return false;
    const size_t size = std::min<size_t>(run.segment_bytes, run.data.size() - at);
    char* tcp = p->head.append(run.header.size());
    std::memcpy(tcp, run.header.data(), run.header.size());
    uint32_t sequence;
    std::memcpy(&sequence, tcp + tcp_at::seq, 4);
    sequence = __builtin_bswap32(__builtin_bswap32(sequence) + uint32_t(at));
    std::memcpy(tcp + tcp_at::seq, &sequence, 4);
    if (at + size < run.data.size()) tcp[tcp_at::flags] &= char(~tcp_at::fin_and_psh);
    if (size <= copied_payload_bytes && size <= p->head.tailroom())
        std::memcpy(p->head.append(size), run.data.data() + at, size);
    else
        p->fragments.push_back(run.data.share(at, size));
    return send_draft(*p, way, mark, now);
}

bool output::send_whole(path& way, packet&& p, ecn mark, size_t size, uint16_t id,
                        uint16_t fragment_field) noexcept {
    char* frame = p.head.prepend(path::header_bytes);
    std::memcpy(frame, way.header_.data(), path::header_bytes);
    write_fields(way, reinterpret_cast<uint8_t*>(frame) + l2_bytes, size, mark, id, fragment_field);
    return hand_on(way, std::move(p));
}

bool output::hand_on(path& way, packet&& p) noexcept {
    ++counters_.packets_out;
    if (!way.resolved_) [[unlikely]]
        return neighbours_.wait_for(way.neighbour_, std::move(p));
    return out_.push(std::move(p));
}

bool output::send_fragments(path& way, packet&& p, ecn mark, size_t size) noexcept {
    if (way.protocol_ == ip_protocol::udp) {
        uint16_t zero = 0;
        std::memcpy(p.head.mutable_bytes() + 6, &zero, 2);
        uint16_t checksum = checksum_of(uint64_t(way.pseudo_sum_) + sum_of(uint16_t(size)) + sum_packet(p));
        if (checksum == 0) checksum = 0xffff;
        std::memcpy(p.head.mutable_bytes() + 6, &checksum, 2);
    }
    // RFC 791 §3.2: every piece but the last is a multiple of 8 bytes.
    size_t most = size_t(way.mtu_ - ipv4_header::bytes) / 8 * 8;
    uint16_t id = next_id(way);
    for (size_t offset = 0; offset < size; offset += most) {
        size_t n = std::min(most, size - offset);
        packet piece;
        piece.head = out_.allocate();
        if (!piece.head.storage()) return refuse(drop_reason::no_buffer);
        copy_out(p, offset, n, piece.head.append(n));
        bool last = offset + n == size;
        if (!send_whole(way, std::move(piece), mark, n, id,
                        uint16_t(offset / 8 | (last ? 0 : more_fragments))))
            return false;
        ++counters_.fragments_out;
    }
    return true;
}

uint16_t output::next_id(const path& way) noexcept {
    return ids_[(hash_value(way.destination_) >> 8) % ids_.size()]++;
}

void output::lower_mtu(ipv4_address destination, uint16_t mtu, time_point now) noexcept {
    if (mtu >= mtu_ || !path_mtus_.lower(destination, mtu, now)) return;
    ++generation_;
    ++counters_.path_mtu_lowered;
}

}  // namespace millrace::net
