// A TCP segment as it came in, and as it shall go out. RFC 9293 §3.1, §3.3.1 (SEG.SEQ, SEG.ACK, SEG.LEN,
// SEG.WND).
#pragma once

#include "core/buffer.hh"
#include "net/ecn.hh"
#include "tcp/segment/flags.hh"
#include "tcp/segment/header.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/seq.hh"

#include <boost/container/static_vector.hpp>

#include <cstddef>
#include <cstdint>

namespace millrace::tcp {

// Parsed from the wire: a segment that exists is well-formed.
struct segment {
    uint16_t source_port = 0;
    uint16_t destination_port = 0;
    tcp::seq seq;
    tcp::seq ack;  // meaningless unless flags has ACK
    tcp::flags flags;
    uint16_t wnd = 0;                             // as on the wire: unscaled
    net::ecn congestion = net::ecn::not_capable;  // of the IP header (RFC 3168 §5)
    tcp::options options;
    buffer payload;

    // SEG.LEN: bytes of sequence space, SYN and FIN counted.
    uint32_t length() const noexcept {
        return uint32_t(payload.size()) + flags.has(flags::syn) + flags.has(flags::fin);
    }
    // The sequence number behind the segment.
    tcp::seq end() const noexcept { return seq + length(); }
    // The path has marked it: Congestion Experienced.
    bool is_marked() const noexcept { return congestion == net::ecn::congestion_experienced; }
};

// Reads a whole segment; `bytes` begin at the TCP header and end where the datagram ends. The payload is a
// view of the same storage. `into` is valid only if the answer is segment_fault::none.
[[nodiscard]] segment_fault parse(buffer&& bytes, segment& into) noexcept;

// To be sent. The payload may lie in several buffers, attached without a copy.
struct outgoing {
    static constexpr size_t max_fragments = 4;

    tcp::seq seq;
    tcp::seq ack;
    tcp::flags flags;
    uint16_t wnd = 0;  // as on the wire: scaled already
    bool ect = false;  // the IP header shall say that we know ECN: ECT(0)
    tcp::options options;
    boost::container::static_vector<buffer, max_fragments> payload;

    size_t payload_bytes() const noexcept {
        size_t n = 0;
        for (const auto& b : payload) n += b.size();
        return n;
    }
    uint32_t length() const noexcept {
        return uint32_t(payload_bytes()) + flags.has(flags::syn) + flags.has(flags::fin);
    }
    tcp::seq end() const noexcept { return seq + length(); }
    // Bytes of header and options.
    size_t header_bytes() const noexcept { return header::size + options.emitted_bytes(); }
};

// Writes header and options, o.header_bytes() bytes, with a checksum of zero; returns how many.
size_t emit(const outgoing& o, uint16_t source_port, uint16_t destination_port, uint8_t* to) noexcept;

}  // namespace millrace::tcp
