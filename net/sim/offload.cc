#include "net/sim/offload.hh"

#include "net/checksum.hh"
#include "net/rss.hh"

#include <algorithm>
#include <cstring>

namespace millrace::net {

namespace {

constexpr size_t ethernet_bytes = 14;
constexpr size_t shortest_ipv4 = 20;
constexpr uint8_t protocol_tcp = 6;
constexpr uint8_t protocol_udp = 17;
constexpr uint16_t good_sum = 0xffff;  // of bytes that hold their own checksum

uint16_t read16(const uint8_t* p) noexcept {
    return uint16_t(p[0] << 8 | p[1]);
}

void write16(uint8_t* to, uint16_t value) noexcept {
    to[0] = uint8_t(value >> 8);
    to[1] = uint8_t(value);
}

// The parts of an IPv4 frame; `valid` only if all lengths fit.
struct ipv4_frame {
    explicit ipv4_frame(std::span<const uint8_t> frame) noexcept {
        if (frame.size() < ethernet_bytes + shortest_ipv4 || read16(&frame[12]) != 0x0800) return;
        const auto ip = frame.subspan(ethernet_bytes);
        const size_t header_bytes = size_t(ip[0] & 15) * 4;
        const size_t total = read16(&ip[2]);
        if (ip[0] >> 4 != 4 || header_bytes < shortest_ipv4 || total < header_bytes || total > ip.size())
            return;
        header = ip.first(header_bytes);
        body = ip.subspan(header_bytes, total - header_bytes);
        fragment = (read16(&ip[6]) & 0x3fff) != 0;
        protocol = ip[9];
        valid = true;
    }

    bool has_ports() const noexcept {
        return !fragment && (protocol == protocol_tcp || protocol == protocol_udp) && body.size() >= 4;
    }

    bool valid = false;
    bool fragment = false;
    uint8_t protocol = 0;
    std::span<const uint8_t> header;
    std::span<const uint8_t> body;
};

checksum_verdict verdict(bool good) noexcept {
    return good ? checksum_verdict::good : checksum_verdict::bad;
}

}  // namespace

void fill_checksums(packet& frame) noexcept {
    uint8_t* bytes = frame.head.mutable_bytes();
    const size_t l4 = size_t(frame.l2_bytes) + frame.l3_bytes;
    if (frame.offload_ip_checksum && l4 <= frame.head.size() && frame.l3_bytes >= shortest_ipv4) {
        uint8_t* field = bytes + frame.l2_bytes + 10;
        std::memset(field, 0, 2);
        const uint16_t sum = checksum_of(sum_bytes(bytes + frame.l2_bytes, frame.l3_bytes));
        std::memcpy(field, &sum, 2);
    }
    const size_t at = l4 + (frame.is_udp ? 6 : 16);
    if (frame.offload_l4_checksum && at + 2 <= frame.head.size()) {
        // All but the headers in front, which are of an even length.
        const uint64_t front = uint16_t(~fold(sum_bytes(bytes, l4)));
        uint16_t sum = checksum_of(sum_packet(frame) + front);
        if (frame.is_udp && sum == 0) sum = 0xffff;  // RFC 768: zero would say that there is none
        std::memcpy(bytes + at, &sum, 2);
    }
}

void cut_segments(const packet& frame, const std::function<void(packet&)>& send) {
    constexpr uint8_t fin = 0x01, psh = 0x08, cwr = 0x80;
    const size_t l4 = size_t(frame.l2_bytes) + frame.l3_bytes;
    const size_t headers = l4 + frame.l4_bytes;
    packet whole;
    whole.head = buffer::allocate(frame.size());
    char* to = whole.head.mutable_data();
    to = std::copy_n(frame.head.data(), frame.head.size(), to);
    for (const buffer& b : frame.fragments) to = std::copy_n(b.data(), b.size(), to);
    for (size_t at = headers; at < whole.head.size(); at += frame.segment_bytes) {
        const size_t n = std::min<size_t>(frame.segment_bytes, whole.head.size() - at);
        const bool first = at == headers, last = at + n == whole.head.size();
        packet piece;
        piece.head = buffer::allocate(headers + n);
        uint8_t* bytes = piece.head.mutable_bytes();
        std::memcpy(bytes, whole.head.data(), headers);
        std::memcpy(bytes + headers, whole.head.data() + at, n);
        write16(bytes + frame.l2_bytes + 2, uint16_t(headers - frame.l2_bytes + n));
        uint8_t* tcp = bytes + l4;
        const uint32_t sequence = uint32_t(read16(tcp + 4)) << 16 | read16(tcp + 6);
        const uint32_t moved = sequence + uint32_t(at - headers);
        write16(tcp + 4, uint16_t(moved >> 16));
        write16(tcp + 6, uint16_t(moved));
        if (!first) tcp[13] &= uint8_t(~cwr);
        if (!last) tcp[13] &= uint8_t(~(fin | psh));
        // The pseudo header's length was left out.
        uint16_t pseudo;
        std::memcpy(&pseudo, tcp + 16, 2);
        pseudo = fold(uint64_t(pseudo) + sum_of(uint16_t(frame.l4_bytes + n)));
        std::memcpy(tcp + 16, &pseudo, 2);
        piece.offload_ip_checksum = frame.offload_ip_checksum;
        piece.offload_l4_checksum = frame.offload_l4_checksum;
        piece.l2_bytes = frame.l2_bytes;
        piece.l3_bytes = frame.l3_bytes;
        piece.l4_bytes = frame.l4_bytes;
        send(piece);
    }
}

void verify_checksums(packet& frame) noexcept {
    const ipv4_frame f(frame.head.bytes());
    if (!f.valid) return;
    frame.ip_checksum = verdict(fold(sum_bytes(f.header)) == good_sum);
    if (!f.has_ports()) return;
    if (f.protocol == protocol_udp && f.body.size() >= 8 && read16(&f.body[6]) == 0) return;
    const uint64_t pseudo = uint64_t(sum_bytes(f.header.data() + 12, 8)) + sum_of(uint16_t(f.protocol)) +
                            sum_of(uint16_t(f.body.size()));
    frame.l4_checksum = verdict(fold(pseudo + sum_bytes(f.body)) == good_sum);
}

unsigned queue_of(std::span<const uint8_t> frame, unsigned queues) noexcept {
    const ipv4_frame f(frame);
    if (queues < 2 || !f.valid) return 0;
    const auto source = ipv4_address::read(&f.header[12]);
    const auto destination = ipv4_address::read(&f.header[16]);
    const uint16_t source_port = f.has_ports() ? read16(&f.body[0]) : 0;
    const uint16_t destination_port = f.has_ports() ? read16(&f.body[2]) : 0;
    // The table of a zero byte is zero: without ports this is the hash of the addresses alone.
    return rss_owner(flow_hash(source, destination, source_port, destination_port), queues);
}

}  // namespace millrace::net
