// Memory for coroutine frames, continuations, small buffers and other short-lived small objects: freed blocks
// are kept by size, per thread, so that the warm path never reaches malloc. Where there are many of a size,
// as of a hundred thousand connections, they come from large pages (core/smp/slab_heap.hh).
#pragma once

#include "core/sanitizer.hh"

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace {

class frame_cache {
 public:
    // Blocks are multiples of this; larger objects than the last class go straight to operator new.
    static constexpr size_t granule = 64;
    static constexpr size_t classes = 66;                    // up to 4 KiB with a header
    static constexpr size_t kept_bytes_per_class = 1 << 20;  // more is given back

    static constexpr size_t largest = (classes - 1) * granule;  // that is kept
    // Of each size, the first so many bytes come from malloc, so that a process with few of a size takes no
    // large page for it.
    static constexpr size_t malloc_bytes_per_class = 1 << 20;

    // Blocks that this thread had to ask the heap for, one by one or several at once.
    static uint64_t heap_allocations() noexcept { return heap_allocations_; }
    // Of blocks out of large pages, of all threads; what is kept for reuse counts too.
    static size_t large_page_bytes() noexcept;

    // Throws std::bad_alloc. A block may be freed by another thread, which keeps it then.
    static void* allocate(size_t size) {
        size_t index = class_of(size);
        if (index < classes) [[likely]] {
            auto& list = lists_[index];
            if (void* block = list.first) [[likely]]
                return take(list, block, size);
        }
        return allocate_fresh(size);
    }
    static void free(void* block, size_t size) noexcept {
        size_t index = class_of(size);
        if (index < classes && lists_[index].room > 0) [[likely]]
            return keep(lists_[index], block, size);
        free_slowly(block, size);
    }

 private:
    struct free_list {
        void* first;       // linked through the first word of each block
        uint32_t room;     // how many more blocks are kept
        int32_t malloced;  // blocks that this thread took from malloc, less those it gave back
    };
    struct closer;

    static constexpr size_t class_of(size_t size) noexcept { return (size + granule - 1) / granule; }
    static void* take(free_list& list, void* block, size_t size) noexcept {
        sanitizer::unpoison(block, size);
        list.first = *static_cast<void**>(block);
        ++list.room;
        return block;
    }
    static void keep(free_list& list, void* block, size_t size) noexcept {
        sanitizer::unpoison(block, sizeof(void*));
        *static_cast<void**>(block) = list.first;
        list.first = block;
        --list.room;
        // The first word stays readable: it links the list.
        sanitizer::poison(static_cast<char*>(block) + sizeof(void*),
                          class_of(size) * granule - sizeof(void*));
    }
    static void* allocate_fresh(size_t size);
    static void free_slowly(void* block, size_t size) noexcept;
    static void* allocate_in_large_page(size_t index, size_t size) noexcept;
    static void give_back(void* block, size_t index) noexcept;

    [[gnu::tls_model("initial-exec")]] static inline constinit thread_local std::array<free_list, classes>
        lists_{};
    [[gnu::tls_model("initial-exec")]] static inline constinit thread_local uint64_t heap_allocations_ = 0;
};

// Base of classes whose objects come from the cache. They must be deleted as the type they were made as, or
// through a virtual destructor.
class frame_cached {
 public:
    static void* operator new(size_t size) { return frame_cache::allocate(size); }
    static void operator delete(void* block, size_t size) noexcept { frame_cache::free(block, size); }

 protected:
    ~frame_cached() = default;
};

}  // namespace millrace
