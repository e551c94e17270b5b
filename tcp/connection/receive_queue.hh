// Data received in order and not read yet, and how much memory it holds. RFC 9293 §3.9.1.3.
#pragma once

#include "core/buffer.hh"
#include "core/frame_cache.hh"
#include "tcp/send/ring.hh"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace::tcp {

// A payload stays in the buffer that the device filled. Where that wastes memory, because the application
// lags behind a peer that sends tiny segments, payloads are copied together. Mostly it is empty, as who waits
// to read gets payloads at once: there is memory for it only while it is not.
class receive_queue {
 public:
    bool empty() const noexcept { return kept_ == nullptr; }
    // Bytes to read.
    uint32_t bytes() const noexcept { return kept_ ? kept_->bytes : 0; }
    // Bytes of memory held by them: at least bytes().
    uint32_t memory() const noexcept { return kept_ ? kept_->memory : 0; }

    // `payload` is not empty.
    void push(buffer payload);
    // The oldest buffer; empty if there is none.
    buffer pop() noexcept;
    void clear() noexcept { kept_.reset(); }

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

    struct contents : frame_cached {
        ring<entry, 1> entries;  // at least one
        uint32_t bytes = 0;
        uint32_t memory = 0;
    };

    bool copy_into_tail(const buffer& payload) noexcept;

    std::unique_ptr<contents> kept_;
};

}  // namespace millrace::tcp
