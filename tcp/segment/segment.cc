#include "tcp/segment/segment.hh"

#include "tcp/segment/wire.hh"

#include <utility>

namespace millrace::tcp {
namespace {

// RFC 7323 appendix A's layout and nothing else takes the short way.
bool parse_options(const uint8_t* from, size_t bytes, options& into) noexcept {
    into.clear();
    if (bytes == timestamps_bytes && load32(from) == timestamps_word) {
        into.timestamps = timestamp_option{load32(from + 4), load32(from + 8)};
        return true;
    }
    return bytes == 0 || parse({from, bytes}, into);
}

size_t emit_options(const options& o, uint8_t* to) noexcept {
    if (o.only_timestamps()) {
        store32(to, timestamps_word);
        store32(to + 4, o.timestamps->value);
        store32(to + 8, o.timestamps->echo);
        return timestamps_bytes;
    }
    return o.empty() ? 0 : emit(o, to);
}

}  // namespace

segment_fault parse(buffer&& bytes, segment& into) noexcept {
    const size_t size = bytes.size();
    if (size < header::size) return segment_fault::truncated;
    const uint8_t* p = bytes.bytes().data();
    const size_t data_offset_bytes = size_t(p[12] >> 4) * 4;
    if (data_offset_bytes < header::size) return segment_fault::bad_data_offset;
    if (data_offset_bytes > size) return segment_fault::truncated;
    if (!parse_options(p + header::size, data_offset_bytes - header::size, into.options))
        return segment_fault::bad_options;
    into.source_port = load16(p);
    into.destination_port = load16(p + 2);
    into.seq = load_seq(p + 4);
    into.ack = load_seq(p + 8);
    into.flags = flags::of_wire(load16(p + 12));
    if (into.options.fast_open && !into.flags.has(flags::syn)) into.options.fast_open.reset();
    if (into.options.mark_counts && into.flags.are(flags::syn, flags::syn | flags::ack))
        into.options.mark_counts.reset();  // RFC 9768 §3.2.3.2.1
    into.wnd = load16(p + 14);
    into.payload = std::move(bytes);
    into.payload.trim_front(data_offset_bytes);
    return segment_fault::none;
}

size_t emit(const outgoing& o, uint16_t source_port, uint16_t destination_port, uint8_t* to) noexcept {
    const size_t total = header::size + emit_options(o.options, to + header::size);
    store16(to, source_port);
    store16(to + 2, destination_port);
    store_seq(to + 4, o.seq);
    store_seq(to + 8, o.ack);
    store16(to + 12, uint16_t(total / 4 << 12 | o.flags.bits()));
    store16(to + 14, o.wnd);
    store32(to + checksum_offset, 0);  // and no urgent pointer
    return total;
}

}  // namespace millrace::tcp
