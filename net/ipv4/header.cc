#include "net/ipv4/header.hh"

#include "net/checksum.hh"
#include "net/ethernet/header.hh"

namespace millrace::net {

namespace {

constexpr uint16_t flag_dont_fragment = 0x4000;
constexpr uint16_t flag_more_fragments = 0x2000;

// RFC 791 §3.1: options must lie inside the header. Those of a source route are refused, which RFC 1122
// §3.2.1.8 allows an end of the route and RFC 7126 §4.3 recommends; all others are skipped.
bool options_acceptable(const uint8_t* p, size_t size) noexcept {
    enum : uint8_t {
        end_of_options = 0,
        no_operation = 1,
        loose_source_route = 131,
        strict_source_route = 137
    };
    while (size > 0) {
        uint8_t kind = p[0];
        if (kind == end_of_options) return true;
        size_t length = 1;
        if (kind != no_operation) {
            if (kind == loose_source_route || kind == strict_source_route || size < 2) return false;
            length = p[1];
            if (length < 2 || length > size) return false;
        }
        p += length;
        size -= length;
    }
    return true;
}

}  // namespace

bool ipv4_header::parse(std::span<const uint8_t> in, size_t frame_bytes, checksum_verdict verdict,
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
        (verdict == checksum_verdict::unknown && fold(sum_bytes(p, header_bytes)) != 0xffff))
        return refuse(drop_reason::ip_bad_checksum);
    if (header_bytes > bytes && !options_acceptable(p + bytes, header_bytes - bytes))
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

void ipv4_header::emit(uint8_t* out) const noexcept {
    out[0] = 0x45;
    out[1] = uint8_t(congestion);
    write16(out + 2, total_bytes);
    write16(out + 4, id);
    write16(out + 6, uint16_t(fragment_offset >> 3 | (dont_fragment ? flag_dont_fragment : 0) |
                              (more_fragments ? flag_more_fragments : 0)));
    out[8] = ttl;
    out[9] = protocol;
    out[10] = out[11] = 0;
    source.write(out + 12);
    destination.write(out + 16);
    uint16_t checksum = checksum_of(sum_bytes(out, bytes));
    std::memcpy(out + 10, &checksum, 2);
}

}  // namespace millrace::net
