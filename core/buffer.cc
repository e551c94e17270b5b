#include "core/buffer.hh"

#include "core/frame_cache.hh"

#include <new>

namespace millrace {

namespace {

size_t block_bytes(const buffer_storage& s) noexcept {
    return size_t(s.end - reinterpret_cast<const char*>(&s));
}

}  // namespace

buffer buffer::allocate(size_t size, size_t headroom, size_t tailroom) {
    const size_t room = headroom + size + tailroom;
    void* memory = frame_cache::allocate(sizeof(buffer_storage) + room);
    auto* s = new (memory) buffer_storage;
    s->begin = static_cast<char*>(memory) + sizeof(buffer_storage);
    s->end = s->begin + room;
    s->release = [](buffer_storage* base) noexcept { frame_cache::free(base, block_bytes(*base)); };
    return attach(*s, s->begin + headroom, size);
}

buffer buffer::copy_of(std::string_view bytes) {
    buffer b = allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(b.mutable_data(), bytes.data(), bytes.size());
    return b;
}

}  // namespace millrace
