#include "apps/kv/slot.hh"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace millrace::kv {

namespace {

// What malloc and the buffer's own record cost beside the bytes.
constexpr size_t allocation_overhead = sizeof(buffer_storage) + 16;

// memcpy, which must not be given null even for nothing.
void copy(char* to, std::string_view from) noexcept {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

buffer joined(std::string_view key, std::string_view value, std::string_view more, size_t room) {
    buffer b = buffer::allocate(key.size() + value.size() + more.size(), 0, room);
    copy(b.mutable_data(), key);
    copy(b.mutable_data() + key.size(), value);
    copy(b.mutable_data() + key.size() + value.size(), more);
    return b;
}

}  // namespace

size_t slot::outside_bytes() const noexcept {
    if (state_ != state::outside) return 0;
    const buffer_storage* s = outside().bytes.storage();
    return size_t(s->end - s->begin) + allocation_overhead;
}

void slot::become_outside(buffer bytes, size_t key_size) noexcept {
    std::construct_at(&outside(), outside_entry{std::move(bytes), key_size});
    state_ = state::outside;
}

void slot::leave(state next) noexcept {
    if (state_ == state::outside) std::destroy_at(&outside());
    state_ = next;
}

void slot::fill(std::string_view key, std::string_view value) {
    if (key.size() + value.size() <= inline_bytes) {
        copy(bytes_, key);
        copy(bytes_ + key.size(), value);
        inline_key_ = uint8_t(key.size());
        inline_value_ = uint8_t(value.size());
        state_ = state::inlined;
    } else {
        become_outside(joined(key, value, {}, 0), key.size());
    }
}

void slot::create(uint32_t hash, std::string_view key, std::string_view value) {
    fill(key, value);
    hash_ = hash;
    expires_ = never;
}

void slot::assign(std::string_view value) {
    if (assign_inline(value)) return;
    if (state_ == state::inlined) return become_outside(joined(key(), value, {}, 0), inline_key_);
    auto& [bytes, key_size] = outside();
    size_t needed = key_size + value.size();
    size_t capacity = bytes.size() + bytes.tailroom();
    bool roomy = capacity > 256 && needed < capacity / 4;
    if (bytes.sole_owner() && needed <= capacity && !roomy && needed > inline_bytes) {
        bytes.trim(key_size);
        copy(bytes.append(value.size()), value);
    } else if (needed > inline_bytes) {
        bytes = joined(key(), value, {}, 0);
    } else {
        buffer old = std::move(bytes);
        leave(state::empty);
        fill(old.view().substr(0, key_size), value);
    }
}

void slot::append(std::string_view more) {
    size_t size = key().size() + value().size() + more.size();
    if (state_ == state::inlined && size <= inline_bytes) {
        copy(bytes_ + inline_key_ + inline_value_, more);
        inline_value_ = uint8_t(inline_value_ + more.size());
    } else if (state_ == state::outside && outside().bytes.tailroom() >= more.size()) {
        copy(outside().bytes.append(more.size()), more);
    } else {
        buffer grown = joined(key(), value(), more, size / 2);
        size_t key_size = key().size();
        leave(state::empty);
        become_outside(std::move(grown), key_size);
    }
}

void slot::take(slot& other) noexcept {
    hash_ = other.hash_;
    expires_ = other.expires_;
    inline_key_ = other.inline_key_;
    inline_value_ = other.inline_value_;
    if (other.state_ == state::outside) {
        become_outside(std::move(other.outside().bytes), other.outside().key_size);
    } else {
        std::memcpy(bytes_, other.bytes_, size_t(inline_key_) + inline_value_);
        state_ = other.state_;
    }
}

}  // namespace millrace::kv
