#include "tcp/segment/segment.hh"

#include "tcp/segment/wire.hh"

#include <utility>

namespace millrace::tcp {
namespace {

bool parse_options(std::span<const uint8_t> bytes, options& into) noexcept {
    if (bytes.empty()) return true;
    // RFC 7323 appendix A's layout, and nothing else.
    if (bytes.size() == timestamps_bytes && load32(bytes.data()) == timestamps_word) {
        into.timestamps = timestamp_option{load32(bytes.data() + 4), load32(bytes.data() + 8)};
        return true;
    }
    return parse(bytes, into);
}

}  // namespace

segment_fault parse(buffer&& bytes, segment& into) noexcept {
    header h;
    if (auto fault = parse(bytes.bytes(), h); fault != segment_fault::none) return fault;
    into.options = options();
    if (!parse_options(bytes.bytes().subspan(header::size, h.data_offset_bytes - header::size), into.options))
        return segment_fault::bad_options;
    into.source_port = h.source_port;
    into.destination_port = h.destination_port;
    into.seq = h.seq;
    into.ack = h.ack;
    into.flags = h.flags;
    into.wnd = h.wnd;
    bytes.trim_front(h.data_offset_bytes);
    into.payload = std::move(bytes);
    return segment_fault::none;
}

size_t emit(const outgoing& o, uint16_t source_port, uint16_t destination_port, uint8_t* to) noexcept {
    const size_t total = header::size + emit(o.options, to + header::size);
    store16(to, source_port);
    store16(to + 2, destination_port);
    store_seq(to + 4, o.seq);
    store_seq(to + 8, o.ack);
    to[12] = uint8_t(total / 4 << 4);
    to[13] = o.flags.bits();
    store16(to + 14, o.wnd);
    store32(to + checksum_offset, 0);  // and no urgent pointer
    return total;
}

}  // namespace millrace::tcp
