#include "tcp/segment/header.hh"

#include "tcp/segment/wire.hh"

namespace millrace::tcp {

segment_fault parse(std::span<const uint8_t> bytes, header& into) noexcept {
    if (bytes.size() < header::size) return segment_fault::truncated;
    const uint8_t* p = bytes.data();
    const uint8_t data_offset_bytes = uint8_t((p[12] >> 4) * 4);
    if (data_offset_bytes < header::size) return segment_fault::bad_data_offset;
    if (data_offset_bytes > bytes.size()) return segment_fault::truncated;
    into.source_port = load16(p);
    into.destination_port = load16(p + 2);
    into.seq = load_seq(p + 4);
    into.ack = load_seq(p + 8);
    into.data_offset_bytes = data_offset_bytes;
    into.flags = flags::of_wire(load16(p + 12));
    into.wnd = load16(p + 14);
    into.checksum = load16(p + checksum_offset);
    into.urgent_pointer = load16(p + 18);
    return segment_fault::none;
}

void emit(const header& h, uint8_t* to) noexcept {
    store16(to, h.source_port);
    store16(to + 2, h.destination_port);
    store_seq(to + 4, h.seq);
    store_seq(to + 8, h.ack);
    store16(to + 12, uint16_t(h.data_offset_bytes / 4 << 12 | h.flags.bits()));
    store16(to + 14, h.wnd);
    store16(to + checksum_offset, h.checksum);
    store16(to + 18, h.urgent_pointer);
}

}  // namespace millrace::tcp
