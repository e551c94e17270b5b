#include "core/buffer.hh"

#include <new>

namespace millrace {

buffer buffer::allocate(size_t size, size_t headroom, size_t tailroom) {
    size_t room = headroom + size + tailroom;
    void* memory = ::operator new(sizeof(buffer_storage) + room);
    auto* s = new (memory) buffer_storage;
    s->begin = static_cast<char*>(memory) + sizeof(buffer_storage);
    s->end = s->begin + room;
    s->release = [](buffer_storage* base) noexcept {
        base->~buffer_storage();
        ::operator delete(static_cast<void*>(base));
    };
    return attach(*s, s->begin + headroom, size);
}

buffer buffer::copy_of(std::string_view bytes) {
    buffer b = allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(b.mutable_data(), bytes.data(), bytes.size());
    return b;
}

}  // namespace millrace
