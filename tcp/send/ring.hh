// A queue in a circle that keeps its first few elements in place, so that a short one costs no allocation.
#pragma once

#include "core/frame_cache.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace millrace::tcp {

// `InPlace` is a power of two. An element that was taken out is left in its moved-from state. A queue
// that has become empty gives large memory back.
template <typename T, size_t InPlace>
class ring {
    static_assert(InPlace > 0 && (InPlace & (InPlace - 1)) == 0);

 public:
    ring() noexcept { slots_ = in_place(); }
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring() { free_heap(); }

    bool empty() const noexcept { return size_ == 0; }
    size_t size() const noexcept { return size_; }
    T& operator[](size_t i) noexcept { return slots_[(first_ + i) & (capacity_ - 1)]; }
    const T& operator[](size_t i) const noexcept { return slots_[(first_ + i) & (capacity_ - 1)]; }
    T& front() noexcept { return slots_[first_]; }
    const T& front() const noexcept { return slots_[first_]; }
    T& back() noexcept { return (*this)[size_ - 1]; }
    const T& back() const noexcept { return (*this)[size_ - 1]; }

    template <typename... A>
    T& emplace_back(A&&... args) {
        if (size_ == capacity_) [[unlikely]]
            grow();
        T& slot = (*this)[size_++];
        std::destroy_at(&slot);
        return *std::construct_at(&slot, std::forward<A>(args)...);
    }
    T& push_back(T&& value) { return emplace_back(std::move(value)); }
    T pop_front() noexcept {
        T value = std::move(front());  // which leaves nothing to release in the slot
        advance();
        return value;
    }
    void drop_front() noexcept {
        empty_slot(front());
        advance();
    }
    // Takes the first `n` out; there are as many.
    void drop_front(size_t n) noexcept {
        if constexpr (!std::is_trivially_destructible_v<T>)
            for (size_t i = 0; i < n; ++i) empty_slot((*this)[i]);
        advance(uint32_t(n));
    }
    void drop_back() noexcept {
        empty_slot(back());
        if (--size_ == 0 && capacity_ > kept) release();
    }
    // Puts `value` before element `i`.
    void insert(size_t i, T&& value) {
        push_back(std::move(value));
        for (size_t j = size_ - 1; j > i; --j) std::swap((*this)[j], (*this)[j - 1]);
    }
    void clear() noexcept {
        while (!empty()) drop_front();
    }

 private:
    static constexpr size_t kept = 16;  // slots, on the heap while empty

    static void empty_slot(T& slot) noexcept {
        if constexpr (!std::is_trivially_destructible_v<T>) {
            std::destroy_at(&slot);
            std::construct_at(&slot);
        }
    }
    void advance(uint32_t n = 1) noexcept {
        first_ = (first_ + n) & (capacity_ - 1);
        size_ -= n;
        if (size_ == 0 && capacity_ > kept) [[unlikely]]
            release();
    }
    void grow() {
        const uint32_t capacity = capacity_ * 2;
        T* bigger = static_cast<T*>(frame_cache::allocate(capacity * sizeof(T)));
        std::uninitialized_value_construct_n(bigger, capacity);
        for (size_t i = 0; i < size_; ++i) bigger[i] = std::move((*this)[i]);
        free_heap();
        slots_ = bigger;
        capacity_ = capacity;
        first_ = 0;
    }
    void release() noexcept {
        free_heap();
        slots_ = in_place();
        capacity_ = InPlace;
        first_ = 0;
    }
    void free_heap() noexcept {
        if (slots_ == in_place()) return;
        std::destroy_n(slots_, capacity_);
        frame_cache::free(slots_, capacity_ * sizeof(T));
    }
    T* in_place() noexcept { return in_place_.data(); }

    T* slots_;
    uint32_t first_ = 0;
    uint32_t size_ = 0;
    uint32_t capacity_ = InPlace;
    std::array<T, InPlace> in_place_{};
};

}  // namespace millrace::tcp
