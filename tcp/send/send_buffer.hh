// The data that the application has sent and the peer has not acknowledged yet. RFC 9293 §3.9.1.2.
#pragma once

#include "core/buffer.hh"
#include "core/prefetch.hh"
#include "tcp/segment/segment.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/ring.hh"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

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

    // All of `data`. `nxt`: everything before it was sent already. Attaches, or copies if it is small and has
    // company.
    void append(buffer&& data, seq nxt);
    void append_copy(std::string_view data);

    // Everything before `una` is acknowledged and dropped.
    void acknowledge(seq una) noexcept {
        begin_ = una;
        while (!pieces_.empty() && pieces_.front().end() <= una) {
            pieces_.drop_front();
            if (hint_ > 0) --hint_;
        }
        if (!pieces_.empty() && pieces_.front().at < una) cut_front(una);
    }

    // Appends views of the `length` bytes from `at`, all in the buffer, to `to`, which is empty. What lies in
    // more pieces than `to` holds is gathered into one.
    void slice(seq at, uint32_t length, outgoing_payload& to) const;

    // The buffer that holds all of the `length` bytes from `at`, which are in here, and where in it they
    // begin; null if they lie in several.
    struct place {
        const buffer* bytes = nullptr;
        uint32_t offset = 0;
    };
    place find_whole(seq at, uint32_t length) const noexcept {
        const size_t i = find(at);
        const piece& p = pieces_[i];
        const uint32_t offset = distance(p.at, at);
        if (p.size - offset < length) return {};
        hint_ = uint32_t(i + (p.size - offset == length));
        return {&p.bytes, offset};
    }

    // Fetches ahead the first bytes, and what acknowledge() touches to free them.
    void prefetch() const noexcept {
        if (!pieces_.empty()) millrace::prefetch(pieces_.front().bytes.storage(), 128);
    }

    void clear() noexcept;

 private:
    // A buffer up to this size is cheaper copied than kept, if it has company.
    static constexpr size_t small_bytes = 512;
    // Small buffers attached at most: each may pin a device's buffer of some KiB until it is acknowledged.
    static constexpr size_t small_attached = 16;

    // `bytes` may be longer than `size`: then it is a chunk of ours, with room behind.
    struct piece {
        piece() noexcept = default;
        piece(buffer&& b, seq first, uint32_t n) noexcept : bytes(std::move(b)), at(first), size(n) {}
        buffer bytes;
        seq at;
        uint32_t size = 0;
        seq end() const noexcept { return at + size; }
    };

    size_t find(seq at) const noexcept {
        const bool hinted = hint_ < pieces_.size() && in_window(at, pieces_[hint_].at, pieces_[hint_].size);
        return hinted ? hint_ : search(at);
    }
    size_t search(seq at) const noexcept;
    void cut_front(seq una) noexcept;
    buffer gather(size_t i, seq at, uint32_t length) const;

    ring<piece, 1> pieces_;
    seq begin_;
    seq end_;
    mutable uint32_t hint_ = 0;  // where the last slice ended: the next one mostly begins there
};

inline void send_buffer::append(buffer&& data, seq nxt) {
    if (data.empty()) return;
    const bool company = end_ > nxt || pieces_.size() >= small_attached;
    if (company && data.size() <= small_bytes) {
        append_copy(data.view());
        data = {};
        return;
    }
    const auto size = uint32_t(data.size());
    pieces_.emplace_back(std::move(data), end_, size);
    end_ += size;
}

}  // namespace millrace::tcp
