// Data received in order and not read yet, and how much memory it holds. RFC 9293 §3.9.1.3.
#pragma once

#include "core/buffer.hh"
#include "tcp/send/ring.hh"

#include <cstddef>
#include <cstdint>

namespace millrace::tcp {

// A payload stays in the buffer that the device filled. Where that wastes memory, because the application
// lags behind a peer that sends tiny segments, payloads are copied together.
class receive_queue {
 public:
    bool empty() const noexcept { return bytes_ == 0; }
    // Bytes to read.
    uint32_t bytes() const noexcept { return bytes_; }
    // Bytes of memory held by them: at least bytes().
    uint32_t memory() const noexcept { return memory_; }

    // `payload` is not empty.
    void push(buffer payload);
    // The oldest buffer; empty if there is none.
    buffer pop() noexcept;
    void clear() noexcept;

    // A copy without the memory around it, if `payload` uses only a small part of that; else `payload`
    // itself.
    static buffer compact(buffer payload);
    // Memory that one buffer holds, as far as it can be seen.
    static uint32_t memory_of(const buffer& b) noexcept;

 private:
    // `bytes` may be longer than `size`: then it is a chunk of ours, with room behind.
    struct entry {
        buffer bytes;
        uint32_t size = 0;
    };

    bool copy_into_tail(const buffer& payload) noexcept;

    ring<entry, 0> entries_;  // mostly empty: who waits to read gets payloads at once
    uint32_t bytes_ = 0;
    uint32_t memory_ = 0;
};

}  // namespace millrace::tcp
