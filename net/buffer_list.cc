#include "net/buffer_list.hh"

#include <memory>
#include <new>

namespace millrace::net {

void buffer_list::push_back(buffer&& b) {
    if (size_ == capacity_) grow();
    new (end()) buffer(std::move(b));
    ++size_;
}

void buffer_list::grow() {
    const uint32_t capacity = capacity_ * 2;
    auto* more = static_cast<buffer*>(::operator new(capacity * sizeof(buffer)));
    std::uninitialized_move_n(begin(), size_, more);
    std::destroy_n(begin(), size_);
    ::operator delete(static_cast<void*>(heap_));
    heap_ = more;
    capacity_ = capacity;
}

void buffer_list::truncate(size_t size) noexcept {
    for (buffer* b = begin(); size_ > size;) std::destroy_at(b + --size_);
    if (size_ != 0) return;
    ::operator delete(static_cast<void*>(std::exchange(heap_, nullptr)));
    capacity_ = inline_buffers;
}

void buffer_list::take(buffer_list& other) noexcept {
    if (other.heap_) {
        heap_ = std::exchange(other.heap_, nullptr);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, uint32_t(inline_buffers));
        return;
    }
    std::uninitialized_move_n(other.begin(), other.size_, few_);
    size_ = other.size_;
    other.clear();
}

}  // namespace millrace::net
