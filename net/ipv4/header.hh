// The IPv4 header (RFC 791 §3.1), parsed and emitted.
#pragma once

#include "net/address.hh"
#include "net/checksum.hh"
#include "net/drop_reason.hh"
#include "net/ethernet/header.hh"
#include "net/packet.hh"
#include "net/path.hh"

#include <cstdint>
#include <span>

namespace millrace::net {

// Without options when emitted; with options checked and skipped when parsed.
struct ipv4_header {
    static constexpr size_t bytes = 20;

    ipv4_address source;
    ipv4_address destination;
    uint16_t total_bytes = bytes;  // header and payload
    uint16_t id = 0;
    uint16_t fragment_offset = 0;  // bytes; a multiple of 8
    bool dont_fragment = false;
    bool more_fragments = false;
    uint8_t header_bytes = bytes;
    uint8_t ttl = 0;
    uint8_t protocol = 0;
    ecn congestion = ecn::not_capable;

    bool is_fragment() const noexcept { return more_fragments || fragment_offset != 0; }

    // What `in` begins with; `frame_bytes` is the length of the whole packet, of which `in` may be the first
    // part only. False and `why` if it is no valid header of a packet of that length. A checksum that the
    // device found good is not computed again.
    bool parse(std::span<const uint8_t> in, size_t frame_bytes, checksum_verdict verdict,
               drop_reason& why) noexcept;

    // 20 bytes, checksum included.
    void emit(uint8_t* out) const noexcept;

 private:
    static constexpr uint16_t flag_dont_fragment = 0x4000;
    static constexpr uint16_t flag_more_fragments = 0x2000;

    uint16_t sum_of_header(const uint8_t* p) const noexcept {
        return fold(header_bytes == bytes ? sum_ipv4_header(p) : sum_bytes(p, header_bytes));
    }
    bool options_good(const uint8_t* p) const noexcept;
};

inline bool ipv4_header::parse(std::span<const uint8_t> in, size_t frame_bytes, checksum_verdict verdict,
                               drop_reason& why) noexcept {
    auto refuse = [&why](drop_reason reason) {
        why = reason;
        return false;
    };
    const uint8_t* p = in.data();
    if (in.size() < bytes) return refuse(drop_reason::ip_truncated);
    if (p[0] >> 4 != 4) return refuse(drop_reason::ip_bad_version);
    header_bytes = uint8_t((p[0] & 15) * 4);
    if (header_bytes < bytes || header_bytes > in.size()) return refuse(drop_reason::ip_bad_header_length);
    total_bytes = read16(p + 2);
    if (total_bytes < header_bytes || total_bytes > frame_bytes) return refuse(drop_reason::ip_bad_length);
    if (verdict == checksum_verdict::bad ||
        (verdict == checksum_verdict::unknown && sum_of_header(p) != 0xffff))
        return refuse(drop_reason::ip_bad_checksum);
    if (header_bytes > bytes && !options_good(p)) [[unlikely]]
        return refuse(drop_reason::ip_bad_options);
    id = read16(p + 4);
    uint16_t fragment = read16(p + 6);
    fragment_offset = uint16_t(fragment << 3);
    dont_fragment = fragment & flag_dont_fragment;
    more_fragments = fragment & flag_more_fragments;
    congestion = ecn(p[1] & 3);
    ttl = p[8];
    protocol = p[9];
    source = ipv4_address::read(p + 12);
    destination = ipv4_address::read(p + 16);
    return true;
}

}  // namespace millrace::net
