#include "core/frame_cache.hh"

#include "core/smp/slab_heap.hh"

#include <algorithm>
#include <new>
#include <utility>

namespace millrace {

// Opens a thread's lists at the first block to keep, and gives all back when the thread ends. What is freed
// later still, by destructors of other thread-local objects, finds no room and is not kept.
struct frame_cache::closer {
    closer() noexcept {
        for (size_t i = 1; i < classes; ++i) lists_[i].room = uint32_t(kept_bytes_per_class / (i * granule));
    }
    ~closer() {
        for (size_t i = 1; i < classes; ++i) {
            lists_[i].room = 0;
            while (void* block = std::exchange(lists_[i].first, nullptr)) {
                sanitizer::unpoison(block, i * granule);
                lists_[i].first = *static_cast<void**>(block);
                give_back(block, i);
            }
        }
        closed_ = true;
    }
    static inline thread_local bool closed_ = false;
};

size_t frame_cache::large_page_bytes() noexcept {
    return slab_heap::bytes_out();
}

// With some more to be kept, as the next one is likely to be wanted soon. Null if there are none to be had.
void* frame_cache::allocate_in_large_page(size_t index, size_t size) noexcept {
    constexpr uint32_t at_once = 16;
    free_list& list = lists_[index];
    list.first = slab_heap::take(index * granule, std::min(at_once, list.room + 1));
    uint32_t taken = 0;
    for (void* b = list.first; b; b = *static_cast<void**>(b)) ++taken;
    if (taken == 0) return nullptr;
    list.room -= taken;
    return take(list, list.first, size);
}

void* frame_cache::allocate_fresh(size_t size) {
    ++heap_allocations_;
    const size_t index = std::max(class_of(size), size_t(1));
    const size_t whole = index * granule;
    if (index < classes) {
        int32_t& malloced = lists_[index].malloced;
        if (malloced >= int32_t(malloc_bytes_per_class / whole) && !sanitizer::watches_addresses)
            if (void* block = allocate_in_large_page(index, size)) return block;
        ++malloced;
    }
    void* block = ::operator new(whole);
    sanitizer::poison(static_cast<char*>(block) + size, whole - size);
    return block;
}

void frame_cache::free_slowly(void* block, size_t size) noexcept {
    const size_t index = std::max(class_of(size), size_t(1));
    if (!closer::closed_) {
        static thread_local closer opens_now_and_closes_at_exit;
        if (index < classes && lists_[index].room > 0) return keep(lists_[index], block, size);
    }
    sanitizer::unpoison(block, index * granule);
    give_back(block, index);
}

void frame_cache::give_back(void* block, size_t index) noexcept {
    if (slab_heap::has(block)) {
        *static_cast<void**>(block) = nullptr;
        slab_heap::give_back(block);
        return;
    }
    if (index < classes) --lists_[index].malloced;
    ::operator delete(block);
}

}  // namespace millrace
