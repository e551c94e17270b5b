// TCP headers and options: what is read and written again means the same, and the short way of reading a
// segment finds what the general one does (tcp/segment/).
#include "tcp/segment/segment.hh"

#include "tcp/segment/plain.hh"
#include "tests/fuzz/bytes.hh"
#include "tests/fuzz/target.hh"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace millrace::fuzz {
namespace {

using namespace tcp;

// `again` is `o` written and read, which may have left no room for the last SACK blocks.
void check_same(const options& o, const options& again) {
    require(again.mss == o.mss, "MSS");
    require(again.window_scale == o.window_scale, "window scale");
    require(again.timestamps == o.timestamps, "timestamps");
    require(again.sack_permitted == o.sack_permitted, "SACK-permitted");
    require(again.sack.size() <= o.sack.size(), "more SACK blocks than there were");
    if (const auto& c = again.mark_counts) {
        require(o.mark_counts && c->fields <= o.mark_counts->fields, "more counts of marks than there were");
        require(c->ect1_first == o.mark_counts->ect1_first, "the order of counts");
        require(!c->has_ect0() || c->ect0 == o.mark_counts->ect0, "the count of ECT(0)");
        require(!c->has_ce() || c->ce == o.mark_counts->ce, "the count of marks");
        require(!c->has_ect1() || c->ect1 == o.mark_counts->ect1, "the count of ECT(1)");
    }
    const size_t counts = again.mark_counts ? mark_counts::bytes_of(again.mark_counts->fields) : 0;
    for (size_t i = 0; i < again.sack.size(); ++i)
        require(again.sack[i].left == o.sack[i].left && again.sack[i].right == o.sack[i].right,
                "a SACK block");
    if (!o.mss && !o.window_scale && !o.sack_permitted && !o.fast_open)
        require(again.sack.size() >= std::min(o.sack.size(), sack_room(o.timestamps.has_value(), counts)),
                "there was room for the SACK block");
}

void check_options(std::span<const uint8_t> bytes) {
    const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
    options o;
    if (!parse(exact, o)) return;
    std::array<uint8_t, options::max_bytes> out{};
    const size_t n = emit(o, out.data());
    require(n == o.emitted_bytes() && n % 4 == 0 && n <= out.size(), "size of the options");
    options again;
    require(parse(std::span(out).first(n), again), "our own options are refused");
    check_same(o, again);
}

std::string written(const segment& s) {
    outgoing o;
    o.seq = s.seq;
    o.ack = s.ack;
    o.flags = s.flags;
    o.wnd = s.wnd;
    o.options = s.options;
    std::string bytes(o.header_bytes(), '\0');
    const size_t n = emit(o, s.source_port, s.destination_port, reinterpret_cast<uint8_t*>(bytes.data()));
    require(n == bytes.size(), "size of the header");
    return bytes += s.payload.view();
}

void check_round_trip(const segment& s) {
    segment again;
    require(parse(exact_copy(written(s)), again) == segment_fault::none, "our own segment is refused");
    require(again.source_port == s.source_port && again.destination_port == s.destination_port, "ports");
    require(again.seq == s.seq && again.ack == s.ack && again.wnd == s.wnd, "numbers");
    require(again.flags == s.flags, "flags");
    require(again.payload.view() == s.payload.view(), "payload");
    check_same(s.options, again.options);
}

// Whether it is one of those that the short way is for.
bool is_plainly_laid_out(std::span<const uint8_t> bytes, const segment& s) {
    if (s.flags.without(flags::psh | ecn_bits) != flags(flags::ack) || (bytes[12] & 0x0e) != 0) return false;
    const size_t header_bytes = size_t(bytes[12] >> 4) * 4;
    return header_bytes == header::size || (header_bytes == header::size + timestamps_bytes &&
                                            load32(bytes.data() + header::size) == timestamps_word);
}

void check_plain(const plain_segment& p, const segment& s) {
    require(p.source_port() == s.source_port && p.destination_port() == s.destination_port, "ports");
    require(p.seq() == s.seq && p.ack() == s.ack && p.wnd() == s.wnd, "numbers");
    require(p.has_timestamps() == s.options.timestamps.has_value(), "timestamps or none");
    if (p.has_timestamps()) require(p.timestamps() == *s.options.timestamps, "timestamps");
    require(p.payload_bytes() == s.payload.size(), "size of the payload");

    plain_outgoing o;
    o.seq = p.seq();
    o.ack = p.ack();
    o.wnd = p.wnd();
    o.push = s.flags.has(flags::psh);
    o.layout = p.layout();
    require(flags::of_wire(p.layout()) == s.flags.without(flags::psh), "flags");
    if (o.has_timestamps()) o.timestamps = p.timestamps();
    std::string bytes(o.header_bytes(), '\0');
    emit(o, p.source_port(), p.destination_port(), reinterpret_cast<uint8_t*>(bytes.data()));
    bytes += s.payload.view();
    require(bytes == written(s), "the short way writes other bytes");
}

}  // namespace

void run_segment(std::span<const uint8_t> bytes) {
    check_options(bytes.first(std::min(bytes.size(), options::max_bytes)));

    buffer whole = exact_copy({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    const buffer kept = whole.share();
    header h;
    segment s;
    const segment_fault of_header = parse(kept.bytes(), h);
    const segment_fault fault = parse(std::move(whole), s);
    require(of_header == fault || (of_header == segment_fault::none && fault == segment_fault::bad_options),
            "header and segment are judged differently");
    const plain_segment p(kept.bytes());
    if (fault != segment_fault::none) return require(!p.is_plain(), "plain, and yet at fault");
    require(s.payload.size() == kept.size() - h.data_offset_bytes, "payload begins at the data offset");
    check_round_trip(s);
    require(p.is_plain() == is_plainly_laid_out(kept.bytes(), s), "plain or not");
    if (p.is_plain()) check_plain(p, s);
}

}  // namespace millrace::fuzz
