// The segment that nearly all are, read and written in one go: ACK, perhaps PSH, and no options but
// timestamps in the layout of RFC 7323 appendix A. All others go the way of segment and outgoing.
#pragma once

#include "core/buffer.hh"
#include "tcp/segment/header.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/wire.hh"

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::tcp {

namespace detail {
// Bytes 12 and 13 of the header without PSH: the data offset and ACK.
inline constexpr uint16_t plain_bare = header::size / 4 << 12 | flags::ack;
inline constexpr uint16_t plain_with_timestamps = (header::size + timestamps_bytes) / 4 << 12 | flags::ack;
}  // namespace detail

// A view of one that came in; good for as long as its bytes.
class plain_segment {
 public:
    // `bytes` begin at the TCP header and end where the datagram ends. is_plain() says whether they are such
    // a segment; nothing else may be asked if not.
    explicit plain_segment(std::span<const uint8_t> bytes) noexcept : at_(bytes.data()) {
        if (bytes.size() < header::size) return;
        const uint16_t layout = load16(at_ + 12) & uint16_t(~flags::psh);
        if (layout == detail::plain_with_timestamps) {
            constexpr size_t all = header::size + timestamps_bytes;
            if (bytes.size() >= all && load32(at_ + header::size) == timestamps_word) header_bytes_ = all;
        } else if (layout == detail::plain_bare) {
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
    bool has_timestamps() const noexcept { return header_bytes_ > header::size; }
    timestamp_option timestamps() const noexcept { return {load32(at_ + 24), load32(at_ + 28)}; }
    uint32_t header_bytes() const noexcept { return header_bytes_; }
    uint32_t payload_bytes() const noexcept { return payload_bytes_; }

 private:
    const uint8_t* at_;
    uint32_t header_bytes_ = 0;
    uint32_t payload_bytes_ = 0;
};

// To be sent. Its payload is part of a buffer that belongs to the send buffer: to be copied or shared before
// the connection is touched again.
struct plain_outgoing {
    tcp::seq seq;
    tcp::seq ack;
    uint16_t wnd = 0;  // as on the wire: scaled already
    bool push = false;
    bool has_timestamps = false;
    bool ect = false;  // as of outgoing
    timestamp_option timestamps;
    const buffer* from = nullptr;  // if there is a payload
    uint32_t offset = 0;
    uint32_t payload_bytes = 0;

    const char* payload() const noexcept { return from->data() + offset; }
    size_t header_bytes() const noexcept { return header::size + (has_timestamps ? timestamps_bytes : 0); }
};

// Writes o.header_bytes() bytes, with a checksum of zero.
inline void emit(const plain_outgoing& o, uint16_t source_port, uint16_t destination_port,
                 uint8_t* to) noexcept {
    store16(to, source_port);
    store16(to + 2, destination_port);
    store_seq(to + 4, o.seq);
    store_seq(to + 8, o.ack);
    const uint16_t layout = o.has_timestamps ? detail::plain_with_timestamps : detail::plain_bare;
    store32(to + 12, uint32_t(layout | (o.push ? flags::psh : 0)) << 16 | o.wnd);
    store32(to + checksum_offset, 0);  // and no urgent pointer
    if (!o.has_timestamps) return;
    store32(to + 20, timestamps_word);
    store32(to + 24, o.timestamps.value);
    store32(to + 28, o.timestamps.echo);
}

}  // namespace millrace::tcp
