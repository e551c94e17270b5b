#include "tcp/segment/options.hh"

#include "tcp/segment/wire.hh"

#include <algorithm>

namespace millrace::tcp {
namespace {

enum kind : uint8_t {
    end_of_list = 0,
    no_operation = 1,
    maximum_segment_size = 2,
    window_scale = 3,
    sack_permitted = 4,
    sack = 5,
    timestamps = 8,
    fast_open = 34,
    accurate_ecn_0 = 172,
    accurate_ecn_1 = 174,
};

constexpr size_t mss_bytes = 4;
constexpr size_t window_scale_bytes = 3;
constexpr size_t sack_permitted_bytes = 2;
constexpr size_t timestamp_bytes = 10;
constexpr size_t sack_block_bytes = 8;
constexpr size_t least_cookie_bytes = 4;

void parse_sack(const uint8_t* body, size_t bytes, sack_blocks& into) noexcept {
    if (bytes % sack_block_bytes != 0) return;
    into.clear();
    for (size_t i = 0; i + sack_block_bytes <= bytes; i += sack_block_bytes)
        into.push_back({load_seq(body + i), load_seq(body + i + 4)});
}

void parse_fast_open(const uint8_t* body, size_t bytes, std::optional<fast_open_cookie>& into) noexcept {
    const bool is_cookie =
        bytes >= least_cookie_bytes && bytes <= fast_open_cookie::max_bytes && bytes % 2 == 0;
    if (bytes != 0 && !is_cookie) return;
    into.emplace();
    into->size = uint8_t(bytes);
    std::copy_n(body, bytes, into->bytes.begin());
}

uint32_t load24(const uint8_t* from) noexcept {
    return uint32_t(from[0]) << 16 | uint32_t(from[1]) << 8 | from[2];
}

uint8_t* store24(uint8_t* to, uint32_t v) noexcept {
    for (const unsigned shift : {16u, 8u, 0u}) *to++ = uint8_t(v >> shift);
    return to;
}

// RFC 9768 §3.2.3: of another length, what there is of whole counters.
void parse_counts(const uint8_t* body, size_t bytes, bool ect1_first,
                  std::optional<mark_counts>& into) noexcept {
    mark_counts& c = into.emplace();
    c.fields = uint8_t(std::min<size_t>(bytes / 3, mark_counts::all));
    c.ect1_first = ect1_first;
    uint32_t* const order[] = {ect1_first ? &c.ect1 : &c.ect0, &c.ce, ect1_first ? &c.ect0 : &c.ect1};
    for (size_t i = 0; i < c.fields; ++i) *order[i] = load24(body + 3 * i);
}

// One option of `length` bytes in all, its kind and length bytes included.
void parse_one(const uint8_t* option, size_t length, options& into) noexcept {
    const uint8_t* body = option + 2;
    switch (option[0]) {
        case maximum_segment_size:
            if (length == mss_bytes) into.mss = load16(body);
            break;
        case window_scale:
            if (length == window_scale_bytes)
                into.window_scale = std::min(body[0], options::max_window_scale);
            break;
        case sack_permitted:
            if (length == sack_permitted_bytes) into.sack_permitted = true;
            break;
        case sack:
            parse_sack(body, length - 2, into.sack);
            break;
        case fast_open:
            parse_fast_open(body, length - 2, into.fast_open);
            break;
        case accurate_ecn_0:
        case accurate_ecn_1:
            parse_counts(body, length - 2, option[0] == accurate_ecn_1, into.mark_counts);
            break;
        case timestamps:
            if (length == timestamp_bytes) into.timestamps = timestamp_option{load32(body), load32(body + 4)};
            break;
        default:  // unknown: skipped (RFC 9293 §3.2 MUST-6)
            break;
    }
}

// How many of the counters of marks fit behind `before` bytes; none if not even their option does.
std::optional<uint8_t> fitting_counts(const options& o, size_t before) noexcept {
    if (!o.mark_counts) return std::nullopt;
    for (int n = o.mark_counts->fields; n >= 0; --n)
        if (before + mark_counts::bytes_of(uint8_t(n)) <= options::max_bytes) return uint8_t(n);
    return std::nullopt;
}

// Bytes before the SACK blocks.
size_t fixed_bytes(const options& o) noexcept {
    size_t n = 0;
    if (o.mss) n += mss_bytes;
    if (o.timestamps || o.sack_permitted) n += o.timestamps ? timestamps_bytes : 4;
    if (o.window_scale) n += 4;
    if (o.fast_open) n += (2 + o.fast_open->size + 3u) / 4 * 4;
    if (const auto counts = fitting_counts(o, n)) n += mark_counts::bytes_of(*counts);
    return n;
}

// How many of the SACK blocks fit behind `fixed` bytes.
size_t fitting_blocks(const options& o, size_t fixed) noexcept {
    if (fixed + 4 > options::max_bytes) return 0;
    return std::min(o.sack.size(), (options::max_bytes - fixed - 4) / sack_block_bytes);
}

uint8_t* emit_timestamps(uint32_t first_word, const timestamp_option& t, uint8_t* to) noexcept {
    store32(to, first_word);
    store32(to + 4, t.value);
    store32(to + 8, t.echo);
    return to + timestamps_bytes;
}

uint8_t* emit_fast_open(const fast_open_cookie& c, uint8_t* to) noexcept {
    for (size_t padding = -(2u + c.size) % 4; padding > 0; --padding) *to++ = no_operation;
    *to++ = fast_open;
    *to++ = uint8_t(2 + c.size);
    return std::copy_n(c.bytes.begin(), c.size, to);
}

uint8_t* emit_counts(const mark_counts& c, uint8_t fields, uint8_t* to) noexcept {
    const size_t bytes = 2 + 3u * fields;
    for (size_t padding = mark_counts::bytes_of(fields) - bytes; padding > 0; --padding) *to++ = no_operation;
    *to++ = c.ect1_first ? accurate_ecn_1 : accurate_ecn_0;
    *to++ = uint8_t(bytes);
    const uint32_t order[] = {c.ect1_first ? c.ect1 : c.ect0, c.ce, c.ect1_first ? c.ect0 : c.ect1};
    for (uint8_t i = 0; i < fields; ++i) to = store24(to, order[i]);
    return to;
}

uint8_t* emit_sack(const options& o, size_t blocks, uint8_t* to) noexcept {
    *to++ = no_operation;
    *to++ = no_operation;
    *to++ = sack;
    *to++ = uint8_t(2 + blocks * sack_block_bytes);
    for (size_t i = 0; i < blocks; ++i, to += sack_block_bytes) {
        store_seq(to, o.sack[i].left);
        store_seq(to + 4, o.sack[i].right);
    }
    return to;
}

}  // namespace

size_t options::padded_bytes() const noexcept {
    const size_t fixed = fixed_bytes(*this);
    return sack.empty() ? fixed : fixed + 4 + fitting_blocks(*this, fixed) * sack_block_bytes;
}

bool parse(std::span<const uint8_t> bytes, options& into) noexcept {
    const uint8_t* p = bytes.data();
    const uint8_t* const end = p + bytes.size();
    while (p < end && *p != end_of_list) {
        if (*p == no_operation) {
            ++p;
            continue;
        }
        // RFC 9293 §3.2 MUST-7: an illegal length must not harm.
        if (end - p < 2 || p[1] < 2 || p[1] > end - p) return false;
        parse_one(p, p[1], into);
        p += p[1];
    }
    return true;
}

size_t emit(const options& o, uint8_t* to) noexcept {
    uint8_t* const begin = to;
    if (o.mss) {
        store32(to, uint32_t(maximum_segment_size) << 24 | uint32_t(mss_bytes) << 16 | *o.mss);
        to += mss_bytes;
    }
    // The two bytes of SACK-permitted take the place of the NOPs before the timestamps.
    constexpr uint32_t permitted = uint32_t(sack_permitted) << 24 | uint32_t(sack_permitted_bytes) << 16;
    if (o.timestamps) {
        const uint32_t head = o.sack_permitted ? permitted : timestamps_word & 0xffff0000;
        to = emit_timestamps(head | (timestamps_word & 0xffff), *o.timestamps, to);
    } else if (o.sack_permitted) {
        store32(to, permitted | uint32_t(no_operation) << 8 | no_operation);
        to += 4;
    }
    if (o.window_scale) {
        store32(to, uint32_t(no_operation) << 24 | uint32_t(window_scale) << 16 |
                        uint32_t(window_scale_bytes) << 8 | *o.window_scale);
        to += 4;
    }
    if (o.fast_open) to = emit_fast_open(*o.fast_open, to);
    if (const auto counts = fitting_counts(o, size_t(to - begin)))
        to = emit_counts(*o.mark_counts, *counts, to);
    if (!o.sack.empty()) to = emit_sack(o, fitting_blocks(o, size_t(to - begin)), to);
    return size_t(to - begin);
}

}  // namespace millrace::tcp
