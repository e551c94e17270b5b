#include "net/sim/frame_pool.hh"

#include "core/sanitizer.hh"

#include <new>

namespace millrace::net {

struct frame_pool::slot : buffer_storage {
    shelf* home = nullptr;
    slot* next = nullptr;
    size_t size = 0;  // while on its way
};

// What lives on until the last buffer is gone.
struct frame_pool::shelf {
    size_t room;
    size_t limit;
    size_t in_use = 0;
    size_t outside = 0;  // slots not on the free list
    bool orphaned = false;
    slot* free = nullptr;

    // Bytes of freed slots are poisoned: a sanitizer then sees who still reads them.
    slot* take() noexcept {
        if (!free && !grow()) return nullptr;
        slot* s = free;
        free = s->next;
        ++outside;
        sanitizer::unpoison(s->begin, size_t(s->end - s->begin));
        return s;
    }

    void give_back(slot* s) noexcept {
        sanitizer::poison(s->begin, size_t(s->end - s->begin));
        s->next = free;
        free = s;
        --outside;
        if (orphaned && outside == 0) destroy();
    }

    bool grow() noexcept {
        const size_t area = headroom + room;
        void* memory = ::operator new(sizeof(slot) + area, std::nothrow);
        if (!memory) return false;
        auto* s = new (memory) slot;
        s->begin = static_cast<char*>(memory) + sizeof(slot);
        s->end = s->begin + area;
        s->release = &frame_pool::release;
        s->home = this;
        s->next = free;
        free = s;
        return true;
    }

    void destroy() noexcept {
        while (slot* s = free) {
            free = s->next;
            sanitizer::unpoison(s->begin, size_t(s->end - s->begin));
            s->~slot();
            ::operator delete(static_cast<void*>(s));
        }
        delete this;
    }
};

frame_pool::frame_pool(size_t room, size_t limit) : shelf_(new shelf{.room = room, .limit = limit}) {}

frame_pool::~frame_pool() {
    shelf_->orphaned = true;
    if (shelf_->outside == 0) shelf_->destroy();
}

buffer frame_pool::allocate() noexcept {
    buffer b;
    allocate(b);
    return b;
}

bool frame_pool::allocate(buffer& into) noexcept {
    if (shelf_->in_use >= shelf_->limit) return false;
    slot* s = shelf_->take();
    if (!s) return false;
    ++shelf_->in_use;
    into = buffer::attach(*s, s->begin + headroom, 0);
    return true;
}

frame_pool::slot* frame_pool::reserve(size_t size) noexcept {
    if (size > shelf_->room) return nullptr;
    slot* s = shelf_->take();
    if (s) s->size = size;
    return s;
}

char* frame_pool::bytes(slot* s) noexcept {
    return s->begin + headroom;
}

size_t frame_pool::size(const slot* s) noexcept {
    return s->size;
}

buffer frame_pool::admit(slot* s) noexcept {
    if (shelf_->in_use >= shelf_->limit) {
        discard(s);
        return {};
    }
    ++shelf_->in_use;
    return buffer::attach(*s, s->begin + headroom, s->size);
}

void frame_pool::discard(slot* s) noexcept {
    s->home->give_back(s);
}

size_t frame_pool::in_use() const noexcept {
    return shelf_->in_use;
}

void frame_pool::release(buffer_storage* storage) noexcept {
    auto* s = static_cast<slot*>(storage);
    --s->home->in_use;
    s->home->give_back(s);
}

}  // namespace millrace::net
