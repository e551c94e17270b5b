// A packet's buffers behind its first: as a rule none, which then costs nothing to make, move or destroy;
// seldom more than two, which need no memory of their own.
#pragma once

#include "core/buffer.hh"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace millrace::net {

class buffer_list {
 public:
    // More than these are kept on the heap.
    static constexpr size_t inline_buffers = 2;

    buffer_list() noexcept : none_() {}
    buffer_list(buffer_list&& other) noexcept : none_() {
        if (!other.empty()) [[unlikely]]
            take(other);
    }
    buffer_list& operator=(buffer_list&& other) noexcept {
        if (this != &other) {
            clear();
            if (!other.empty()) [[unlikely]]
                take(other);
        }
        return *this;
    }
    ~buffer_list() { clear(); }

    bool empty() const noexcept { return size_ == 0; }
    size_t size() const noexcept { return size_; }
    buffer* begin() noexcept { return heap_ ? heap_ : few_; }
    buffer* end() noexcept { return begin() + size_; }
    const buffer* begin() const noexcept { return heap_ ? heap_ : few_; }
    const buffer* end() const noexcept { return begin() + size_; }
    buffer& operator[](size_t i) noexcept { return begin()[i]; }
    const buffer& operator[](size_t i) const noexcept { return begin()[i]; }
    buffer& back() noexcept { return end()[-1]; }

    void push_back(buffer&& b);
    // Keeps the first `size` of them.
    void truncate(size_t size) noexcept;
    void clear() noexcept {
        if (size_ != 0) [[unlikely]]
            truncate(0);
    }

 private:
    void take(buffer_list& other) noexcept;
    void grow();

    // While there are none there is no heap either.
    uint32_t size_ = 0;
    uint32_t capacity_ = inline_buffers;
    buffer* heap_ = nullptr;
    union {
        char none_;
        buffer few_[inline_buffers];
    };
};

}  // namespace millrace::net
