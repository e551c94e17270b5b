// A reference-counted view of bytes with a deleter: shared, trimmed and split without a copy.
#pragma once

#include "core/check.hh"
#include "core/frame_cache.hh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace millrace {

// The storage behind buffers. Lies wherever its maker puts it (before the bytes, in a packet buffer's private
// area, ...), so that making a buffer of a received frame allocates nothing. Not thread-safe: all buffers of
// one storage live on one shard; storage may only change shards with its only buffer.
struct buffer_storage {
    using release_function = void (*)(buffer_storage*) noexcept;

    uint32_t references = 0;
    release_function release = nullptr;  // called when the last reference goes
    char* begin = nullptr;               // the whole writable area: a sole owner may grow its view inside it
    char* end = nullptr;
};

// Bytes [data, data + size) of some storage, or of static memory when it has none.
class buffer {
 public:
    buffer() noexcept = default;

    // `size` bytes of fresh, uninitialised memory, with `headroom` more before and `tailroom` after them. Up
    // to 4 KiB in all come from the shard's frame cache and cost no malloc when it is warm.
    static buffer allocate(size_t size, size_t headroom = 0, size_t tailroom = 0);
    static buffer copy_of(std::string_view bytes);
    // Memory that outlives every buffer, such as a string literal. Never written to.
    static buffer unowned(std::string_view bytes) noexcept {
        return buffer(nullptr, bytes.data(), bytes.size());
    }
    // Memory of the caller's; `release` is called once, when the last buffer of it is gone.
    template <typename Release>
    static buffer with_deleter(char* data, size_t size, Release release);
    // Adds a reference to `storage`.
    static buffer attach(buffer_storage& storage, char* data, size_t size) noexcept {
        ++storage.references;
        return buffer(&storage, data, size);
    }

    buffer(buffer&& other) noexcept
        : storage_(std::exchange(other.storage_, nullptr)),
          data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}
    buffer& operator=(buffer&& other) noexcept {
        buffer(std::move(other)).swap(*this);
        return *this;
    }
    buffer(const buffer&) = delete;
    buffer& operator=(const buffer&) = delete;
    ~buffer() {
        if (storage_ && --storage_->references == 0) storage_->release(storage_);
    }

    void swap(buffer& other) noexcept {
        std::swap(storage_, other.storage_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }

    const char* data() const noexcept { return data_; }
    size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    // Has bytes. An empty buffer is the end of a stream.
    explicit operator bool() const noexcept { return size_ != 0; }
    std::string_view view() const noexcept { return {data_, size_}; }
    std::span<const uint8_t> bytes() const noexcept {
        return {reinterpret_cast<const uint8_t*>(data_), size_};
    }
    std::string to_string() const { return std::string(view()); }

    // For whoever filled the storage and still is its only user, or writes bytes that no other view shows.
    char* mutable_data() noexcept { return const_cast<char*>(data_); }
    uint8_t* mutable_bytes() noexcept { return reinterpret_cast<uint8_t*>(mutable_data()); }

    // Another view of the same bytes.
    buffer share() const noexcept { return share(0, size_); }
    // Another view of `length` bytes from `offset`, which must lie inside.
    buffer share(size_t offset, size_t length) const noexcept {
        CHECK(offset <= size_ && length <= size_ - offset);
        if (storage_) ++storage_->references;
        return buffer(storage_, data_ + offset, length);
    }

    void trim_front(size_t n) noexcept {
        CHECK(n <= size_);
        data_ += n;
        size_ -= n;
    }
    // Keeps the first `size` bytes.
    void trim(size_t size) noexcept {
        CHECK(size <= size_);
        size_ = size;
    }
    void trim_back(size_t n) noexcept { trim(size_ - n); }
    // Cuts the first `n` bytes off and returns them.
    buffer split_front(size_t n) noexcept {
        buffer front = share(0, n);
        trim_front(n);
        return front;
    }

    // Bytes of memory that are not freed while this view is there; 0 for static memory.
    size_t held_bytes() const noexcept { return storage_ ? size_t(storage_->end - storage_->begin) : 0; }

    bool sole_owner() const noexcept { return storage_ && storage_->references == 1; }
    // Writable bytes before and behind the view; 0 unless this is the storage's only buffer.
    size_t headroom() const noexcept { return sole_owner() ? size_t(data_ - storage_->begin) : 0; }
    size_t tailroom() const noexcept { return sole_owner() ? size_t(storage_->end - (data_ + size_)) : 0; }
    // Grows the view to the front by n <= headroom() bytes and returns the new first byte, to be written.
    char* prepend(size_t n) noexcept {
        CHECK(n <= headroom());
        data_ -= n;
        size_ += n;
        return mutable_data();
    }
    // Grows the view to the back by n <= tailroom() bytes and returns the first new byte, to be written.
    char* append(size_t n) noexcept {
        CHECK(n <= tailroom());
        size_ += n;
        return mutable_data() + size_ - n;
    }

    // The storage, for devices that recognise their own; null for static memory.
    buffer_storage* storage() const noexcept { return storage_; }

 private:
    buffer(buffer_storage* storage, const char* data, size_t size) noexcept
        : storage_(storage), data_(data), size_(size) {}

    buffer_storage* storage_ = nullptr;
    const char* data_ = nullptr;
    size_t size_ = 0;
};

template <typename Release>
buffer buffer::with_deleter(char* data, size_t size, Release release) {
    struct foreign final : buffer_storage, frame_cached {
        explicit foreign(Release&& r) : deleter(std::move(r)) {}
        Release deleter;
    };
    auto* s = new foreign(std::move(release));
    s->begin = data;
    s->end = data + size;
    s->release = [](buffer_storage* base) noexcept {
        std::unique_ptr<foreign> f(static_cast<foreign*>(base));
        f->deleter();
    };
    return attach(*s, data, size);
}

}  // namespace millrace
