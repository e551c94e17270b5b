// TCP options: RFC 9293 §3.2 (EOL, NOP, MSS), RFC 7323 §2 §3 (window scale, timestamps), RFC 2018 (SACK), RFC
// 7413 §4.1.1 (fast open), RFC 9768 §3.2.3 (AccECN).
#pragma once

#include "tcp/segment/header.hh"
#include "tcp/segment/seq.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace millrace::tcp {

struct timestamp_option {
    uint32_t value = 0;  // TSval
    uint32_t echo = 0;   // TSecr; meaningless unless ACK is set (RFC 7323 §3.2)
    friend bool operator==(const timestamp_option&, const timestamp_option&) noexcept = default;
};

// At most four SACK blocks, in the order of the wire. A block is [left, right).
class sack_blocks {
 public:
    static constexpr size_t capacity = 4;

    // Ignored when full: a SACK is advice.
    void push_back(seq_range block) noexcept {
        if (size_ < capacity) blocks_[size_++] = block;
    }
    void clear() noexcept { size_ = 0; }
    // Keeps the first `n`.
    void truncate(size_t n) noexcept {
        if (n < size_) size_ = uint8_t(n);
    }
    size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const seq_range& operator[](size_t i) const noexcept { return blocks_[i]; }
    const seq_range* begin() const noexcept { return blocks_.data(); }
    const seq_range* end() const noexcept { return blocks_.data() + size_; }

 private:
    std::array<seq_range, capacity> blocks_{};
    uint8_t size_ = 0;
};

// What lets a SYN bring data; without bytes it asks for one. RFC 7413 §4.1.1: none, or an even number from 4
// to 16.
struct fast_open_cookie {
    static constexpr size_t max_bytes = 16;

    uint8_t size = 0;
    std::array<uint8_t, max_bytes> bytes{};

    bool is_request() const noexcept { return size == 0; }
    friend bool operator==(const fast_open_cookie&, const fast_open_cookie&) noexcept = default;
};

// How many bytes have come with which mark, modulo 2^24. RFC 9768 §3.2.3: three counters in one of two
// orders, of which those at the end may be left out.
struct mark_counts {
    static constexpr uint8_t all = 3;

    uint8_t fields = 0;       // that are there: EE0B, ECEB, EE1B
    bool ect1_first = false;  // the other order: EE1B, ECEB, EE0B
    uint32_t ect0 = 0;
    uint32_t ce = 0;
    uint32_t ect1 = 0;

    bool has_ect0() const noexcept { return fields >= (ect1_first ? 3 : 1); }
    bool has_ce() const noexcept { return fields >= 2; }
    bool has_ect1() const noexcept { return fields >= (ect1_first ? 1 : 3); }
    // What so many fields take of a segment, padded to a multiple of four.
    static constexpr size_t bytes_of(uint8_t fields) noexcept { return (2u + 3u * fields + 3u) / 4 * 4; }
    friend bool operator==(const mark_counts&, const mark_counts&) noexcept = default;
};

// What all counters begin with: RFC 9768 §3.2.1. That of marked segments, r.cep, is in the ACE field.
inline constexpr uint32_t first_marked = 5;
inline constexpr mark_counts first_mark_counts{.fields = mark_counts::all, .ect0 = 1, .ce = 0, .ect1 = 1};

// The layout of RFC 7323 appendix A that everybody sends: NOP, NOP, timestamps, as one word and two numbers.
inline constexpr size_t timestamps_bytes = 12;
inline constexpr uint32_t timestamps_word = 0x0101080a;

// The options of one segment that we know; all others are skipped.
struct options {
    static constexpr size_t max_bytes = header::max_size - header::size;
    static constexpr uint8_t max_window_scale = 14;  // RFC 7323 §2.3; larger ones are read as this

    std::optional<uint16_t> mss;
    std::optional<uint8_t> window_scale;
    std::optional<timestamp_option> timestamps;
    bool sack_permitted = false;
    std::optional<fast_open_cookie> fast_open;    // of a SYN only
    std::optional<tcp::mark_counts> mark_counts;  // of no SYN but a SYN-ACK
    sack_blocks sack;

    // Nothing but timestamps: what nearly every segment of a connection carries.
    bool only_timestamps() const noexcept { return timestamps && only_timestamps_if_any(); }
    bool empty() const noexcept { return !timestamps && only_timestamps_if_any(); }
    void clear() noexcept {
        mss.reset();
        window_scale.reset();
        timestamps.reset();
        sack_permitted = false;
        fast_open.reset();
        mark_counts.reset();
        sack.clear();
    }
    // Bytes that emit() writes, padded to a multiple of four, at most max_bytes: as many counts of marks as
    // fit, and as many SACK blocks as fit then.
    size_t emitted_bytes() const noexcept {
        return only_timestamps() ? timestamps_bytes : empty() ? 0 : padded_bytes();
    }

 private:
    bool only_timestamps_if_any() const noexcept {
        return !mss && !window_scale && !sack_permitted && !fast_open && !mark_counts && sack.empty();
    }
    size_t padded_bytes() const noexcept;
};

// Reads the bytes between the fixed header and the payload. A known option of the wrong length is skipped;
// false if some length makes it impossible to find the next one.
[[nodiscard]] bool parse(std::span<const uint8_t> bytes, options& into) noexcept;

// Writes emitted_bytes() bytes and returns how many.
size_t emit(const options& o, uint8_t* to) noexcept;

// How many SACK blocks fit beside timestamps (RFC 2018 §3), and `others` bytes of options.
constexpr size_t sack_room(bool with_timestamps, size_t others = 0) noexcept {
    return (options::max_bytes - others - (with_timestamps ? timestamps_bytes : 0) - 4) / 8;
}

}  // namespace millrace::tcp
