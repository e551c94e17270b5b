// The segment that nearly all are, read and written in one go: ACK, perhaps PSH, and no options but
// timestamps in the layout of RFC 7323 appendix A. All others go the way of segment and outgoing.
// AE, CWR and ECE are whatever they are: where ECN is counted (RFC 9768 §3.2.2), every segment has them.
#pragma once

#include "core/buffer.hh"
#include "net/ecn.hh"
#include "tcp/segment/ecn_setup.hh"
#include "tcp/segment/header.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/wire.hh"

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::tcp {

// Bytes 12 and 13 of such a header, but for PSH: the data offset, ACK and the ACE field.
constexpr uint16_t plain_layout(bool timestamps, flags ace = {}) noexcept {
    return uint16_t((header::size + (timestamps ? timestamps_bytes : 0)) / 4 << 12 | flags::ack | ace.bits());
}

// A view of one that came in; good for as long as its bytes.
class plain_segment {
 public:
    // `bytes` begin at the TCP header and end where the datagram ends. is_plain() says whether they are such
    // a segment; nothing else may be asked if not.
    explicit plain_segment(std::span<const uint8_t> bytes, net::ecn congestion = {}) noexcept
        : at_(bytes.data()), congestion_(congestion) {
        if (bytes.size() < header::size) return;
        layout_ = load16(at_ + 12) & uint16_t(~flags::psh);
        const uint16_t bare = layout_ & uint16_t(~ecn_bits.bits());
        if (bare == plain_layout(true)) {
            constexpr size_t all = header::size + timestamps_bytes;
            if (bytes.size() >= all && load32(at_ + header::size) == timestamps_word) header_bytes_ = all;
        } else if (bare == plain_layout(false)) {
            header_bytes_ = header::size;
        }
        payload_bytes_ = uint32_t(bytes.size()) - header_bytes_;
    }

    bool is_plain() const noexcept { return header_bytes_ > 0; }
    uint16_t source_port() const noexcept { return load16(at_); }
    uint16_t destination_port() const noexcept { return load16(at_ + 2); }
    tcp::seq seq() const noexcept { return load_seq(at_ + 4); }
    tcp::seq ack() const noexcept { return load_seq(at_ + 8); }
    uint16_t wnd() const noexcept { return load16(at_ + 14); }  // unscaled
    uint16_t layout() const noexcept { return layout_; }        // plain_layout() of it
    bool push() const noexcept { return (load16(at_ + 12) & flags::psh) != 0; }
    net::ecn congestion() const noexcept { return congestion_; }
    bool has_timestamps() const noexcept { return header_bytes_ > header::size; }
    timestamp_option timestamps() const noexcept { return {load32(at_ + 24), load32(at_ + 28)}; }
    uint32_t header_bytes() const noexcept { return header_bytes_; }
    uint32_t payload_bytes() const noexcept { return payload_bytes_; }
    // The other, which is plain, too, says the same of everything but SEG.SEQ and data.
    bool is_like(const plain_segment& other) const noexcept {
        return load32(at_) == load32(other.at_) && ack() == other.ack() && wnd() == other.wnd() &&
               layout_ == other.layout_ && congestion_ == other.congestion_ &&
               (!has_timestamps() || timestamps() == other.timestamps());
    }

 private:
    const uint8_t* at_;
    uint32_t header_bytes_ = 0;
    uint32_t payload_bytes_ = 0;
    uint16_t layout_ = 0;
    net::ecn congestion_;  // of the IP header
};

// To be sent. Its payload is part of a buffer that belongs to the send buffer: to be copied or shared before
// the connection is touched again.
struct plain_outgoing {
    tcp::seq seq;
    tcp::seq ack;
    uint16_t wnd = 0;  // as on the wire: scaled already
    uint16_t layout = plain_layout(false);
    bool push = false;
    bool ect = false;  // as of outgoing
    timestamp_option timestamps;
    const buffer* from = nullptr;  // if there is a payload
    uint32_t offset = 0;
    uint32_t payload_bytes = 0;

    const char* payload() const noexcept { return from->data() + offset; }
    size_t header_bytes() const noexcept { return layout >> 12 << 2; }
    bool has_timestamps() const noexcept { return header_bytes() > header::size; }
};

// Writes o.header_bytes() bytes, with a checksum of zero.
inline void emit(const plain_outgoing& o, uint16_t source_port, uint16_t destination_port,
                 uint8_t* to) noexcept {
    store16(to, source_port);
    store16(to + 2, destination_port);
    store_seq(to + 4, o.seq);
    store_seq(to + 8, o.ack);
    store32(to + 12, uint32_t(o.layout | (o.push ? flags::psh : 0)) << 16 | o.wnd);
    store32(to + checksum_offset, 0);  // and no urgent pointer
    if (!o.has_timestamps()) return;
    store32(to + 20, timestamps_word);
    store32(to + 24, o.timestamps.value);
    store32(to + 28, o.timestamps.echo);
}

}  // namespace millrace::tcp
