#include "net/ipv4/header.hh"

namespace millrace::net {

namespace {

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

bool ipv4_header::options_good(const uint8_t* p) const noexcept {
    return options_acceptable(p + bytes, header_bytes - bytes);
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
