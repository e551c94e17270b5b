#include "core/frame_cache.hh"

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
                ::operator delete(block);
            }
        }
        closed_ = true;
    }
    static inline thread_local bool closed_ = false;
};

void* frame_cache::allocate_fresh(size_t size) {
    ++heap_allocations_;
    const size_t whole = std::max(class_of(size), size_t(1)) * granule;
    void* block = ::operator new(whole);
    sanitizer::poison(static_cast<char*>(block) + size, whole - size);
    return block;
}

void frame_cache::free_slowly(void* block, size_t size) noexcept {
    if (!closer::closed_) {
        static thread_local closer opens_now_and_closes_at_exit;
        size_t index = class_of(size);
        if (index < classes && lists_[index].room > 0) return keep(lists_[index], block, size);
    }
    sanitizer::unpoison(block, std::max(class_of(size), size_t(1)) * granule);
    ::operator delete(block);
}

}  // namespace millrace
