// A flat hash table of slots: open addressing with linear probing, resized a few slots at a time, so that no
// command waits for a whole table to move.
#pragma once

#include "apps/kv/slot.hh"
#include "core/prefetch.hh"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace millrace::kv {

// 2^n slots, aligned to cache lines. Empty ones cost memory only when touched.
class slot_array {
 public:
    slot_array() = default;
    explicit slot_array(size_t capacity);
    slot_array(slot_array&& other) noexcept { *this = std::move(other); }
    slot_array& operator=(slot_array&& other) noexcept;
    ~slot_array() { clear(); }

    // Has slots.
    explicit operator bool() const noexcept { return slots_ != nullptr; }
    size_t capacity() const noexcept { return slots_ ? mask_ + 1 : 0; }
    size_t mask() const noexcept { return mask_; }
    slot& operator[](size_t i) noexcept { return slots_[i]; }

    // The slot where this key's look-up begins.
    slot& home(uint32_t hash) noexcept { return slots_[hash & mask_]; }
    // The slot of this key; null if it is not there.
    slot* find(uint32_t hash, std::string_view key) noexcept {
        const uint64_t tag = slot::inline_tag(hash, key.size());
        slot& first = home(hash);
        return first.holds_inline(tag, key) ? &first : find_around(tag, hash, key);
    }
    // Where a key that is not there belongs. There must be room.
    slot& free_slot(uint32_t hash) noexcept;
    // Ends an array whose slots have all been left: none of them is looked at again.
    void drop() noexcept {
        slots_ = nullptr;
        mask_ = 0;
        memory_.reset();
    }
    // Empties slot `i` and closes the gap that this leaves in the probing of others.
    void erase(size_t i) noexcept;

 private:
    [[gnu::noinline]] slot* find_around(uint64_t tag, uint32_t hash, std::string_view key) noexcept;
    void clear() noexcept;
    struct release {
        void operator()(void* p) const noexcept { std::free(p); }
    };
    std::unique_ptr<void, release> memory_;
    slot* slots_ = nullptr;
    size_t mask_ = 0;
};

class table {
 public:
    table() = default;

    slot* find(uint32_t hash, std::string_view key) noexcept {
        if (!current_) return nullptr;
        if (slot* s = current_.find(hash, key)) return s;
        return leaving_ ? find_leaving(hash, key) : nullptr;
    }
    // The slot of this key if that is its home and the key lies inline, as most do; null says nothing.
    slot* find_at_home(uint32_t hash, std::string_view key) noexcept {
        if (!current_) return nullptr;
        slot& s = current_.home(hash);
        return s.holds_inline(slot::inline_tag(hash, key.size()), key) ? &s : nullptr;
    }
    // Fetches ahead where the look-up of such a key begins, and what is next to it.
    void prefetch(uint32_t hash) noexcept {
        if (current_) millrace::prefetch(&current_.home(hash), 2 * sizeof(slot));
    }
    // An empty slot for a key that is not there; the caller fills it, then says so with added(). Throws
    // std::bad_alloc. Slots found before may move.
    slot& make_room(uint32_t hash);
    void added() noexcept { ++size_; }
    // Slots found before may move.
    void erase(slot& s) noexcept;
    void clear() noexcept;

    size_t size() const noexcept { return size_; }
    // Of the slots, without what lies outside of them.
    size_t memory_bytes() const noexcept {
        return (current_.capacity() + leaving_.capacity()) * sizeof(slot);
    }
    bool resizing() const noexcept { return leaving_.capacity() != 0; }

    // Takes a resize that is under way further by so many. Slots found before may move.
    void move_on(size_t slots) noexcept {
        if (resizing()) move_some(slots);
    }
    // For a sweep: slots by number. Those of a table being left are not among them.
    size_t capacity() const noexcept { return current_.capacity(); }
    slot& at(size_t i) noexcept { return current_[i]; }

 private:
    [[gnu::noinline]] slot* find_leaving(uint32_t hash, std::string_view key) noexcept {
        return leaving_.find(hash, key);
    }
    void resize(size_t capacity);
    void move_some(size_t slots) noexcept;

    slot_array current_;
    slot_array leaving_;    // entries still to be moved to current_; usually none
    size_t next_move_ = 0;  // its first slot not yet looked at
    size_t size_ = 0;
};

}  // namespace millrace::kv
