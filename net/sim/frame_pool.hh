// A bounded pool of frame buffers, as a NIC's: fixed slots, recycled, none allocated once warm.
#pragma once

#include "core/buffer.hh"

#include <cstddef>
#include <cstdint>

namespace millrace::net {

class frame_pool {
 public:
    static constexpr size_t headroom = 128;

    // One buffer with its bytes behind it; a buffer_storage, so that views of it attach without an
    // allocation.
    struct slot;

    // `room` bytes behind the headroom of each of at most `limit` buffers.
    frame_pool(size_t room, size_t limit);
    frame_pool(const frame_pool&) = delete;
    frame_pool& operator=(const frame_pool&) = delete;
    // Buffers may outlive the pool; the last one frees what is left of it.
    ~frame_pool();

    // An empty buffer with headroom; without storage if `limit` are in use.
    buffer allocate() noexcept;
    // The same into a buffer without storage; false if `limit` are in use.
    bool allocate(buffer& into) noexcept;

    // For frames on their way, which take up no place in the pool until they arrive: a slot with the bytes of
    // `size` to be filled in at bytes(); null if they do not fit.
    slot* reserve(size_t size) noexcept;
    static char* bytes(slot* s) noexcept;
    static size_t size(const slot* s) noexcept;
    // Makes the slot a buffer of the pool; without storage, and the slot gone, if `limit` are in use.
    buffer admit(slot* s) noexcept;
    static void discard(slot* s) noexcept;

    size_t in_use() const noexcept;

 private:
    struct shelf;
    static void release(buffer_storage* storage) noexcept;

    shelf* shelf_;
};

}  // namespace millrace::net
