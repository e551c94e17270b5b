// The data that the application has sent and the peer has not acknowledged yet. RFC 9293 §3.9.1.2.
#pragma once

#include "core/buffer.hh"
#include "tcp/segment/segment.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/ring.hh"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::tcp {

using outgoing_payload = decltype(outgoing::payload);

// Invariant: pieces are sorted, without a gap and not empty. Large buffers are attached as they are; small
// ones that would ride in one segment with others are gathered in chunks, so that a segment consists of few
// pieces and little memory is pinned.
class send_buffer {
 public:
    // The first byte will be `first`.
    explicit send_buffer(seq first = seq()) noexcept : begin_(first), end_(first) {}
    // Nothing was appended yet: another first byte.
    void start_at(seq first) noexcept { begin_ = end_ = first; }

    bool empty() const noexcept { return begin_ == end_; }
    uint32_t size() const noexcept { return distance(begin_, end_); }
    seq begin() const noexcept { return begin_; }
    seq end() const noexcept { return end_; }

    // `nxt`: everything before it was sent already. Attaches, or copies if it is small and has company.
    void append(buffer data, seq nxt);
    void append_copy(std::string_view data);

    // Everything before `una` is acknowledged and dropped.
    void acknowledge(seq una) noexcept;

    // Appends views of the `length` bytes from `at`, all in the buffer, to `to`, which is empty. What lies in
    // more pieces than `to` holds is gathered into one.
    void slice(seq at, uint32_t length, outgoing_payload& to) const;

    void clear() noexcept;

 private:
    // `bytes` may be longer than `size`: then it is a chunk of ours, with room behind.
    struct piece {
        buffer bytes;
        seq at;
        uint32_t size = 0;
        seq end() const noexcept { return at + size; }
    };

    size_t find(seq at) const noexcept;
    buffer gather(size_t i, seq at, uint32_t length) const;

    ring<piece, 1> pieces_;
    seq begin_;
    seq end_;
    mutable uint32_t hint_ = 0;  // where the last slice ended: the next one mostly begins there
};

}  // namespace millrace::tcp
