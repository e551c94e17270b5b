// slab_heap: blocks of equal size in pieces of 2 MiB, each of which the kernel may back by one large page.
//
// A shard that holds a hundred thousand connections touches memory all over a hundred megabytes: with pages
// of 4 KiB nearly every first touch of a connection misses the processor's table of pages, too. Blocks lie
// next to each other, on lines of the cache of their own.
#pragma once

#include <cstddef>

namespace millrace {

// Blocks are linked through their first word. All shards share it, under one lock: they come for many blocks
// at a time, and give back those that they have no room to keep. A piece belongs to the thread that took it,
// until all its blocks are back; they may come back on any thread.
class slab_heap {
 public:
    static constexpr size_t piece_bytes = size_t(2) << 20;

    // Up to `count` blocks of `bytes`, which is a multiple of 64 and at most 4224: a chain that ends with
    // null; null if the system gives no memory for it.
    static void* take(size_t bytes, size_t count) noexcept;
    static void give_back(void* chain) noexcept;
    // The block is one of these.
    static bool has(const void* block) noexcept;

    // Of the blocks that are out, of all threads; and of the pieces that they lie in.
    static size_t bytes_out() noexcept;
    static size_t bytes_held() noexcept;
};

}  // namespace millrace
