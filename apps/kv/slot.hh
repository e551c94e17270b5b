// One key with its value and expiry in a cache line; what does not fit in it lies in one buffer outside.
#pragma once

#include "apps/kv/bytes.hh"
#include "core/buffer.hh"
#include "core/time.hh"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>

namespace millrace::kv {

// Plain memory by itself: all bytes zero are an empty slot, so that a table begins as zeroed memory. Whoever
// ends a table clears its slots.
class slot {
 public:
    static constexpr size_t inline_bytes = 48;  // of key and value together
    // Behind every slot, as readable: short values are copied as whole words.
    static constexpr size_t bytes_behind = 16;

    bool empty() const noexcept { return state_ == state::empty; }
    bool used() const noexcept { return state_ == state::inlined || state_ == state::outside; }
    // Only in a table that is being left: its entry has moved or gone, and the probing goes on behind it.
    bool vacated() const noexcept { return state_ == state::vacated; }

    uint32_t hash() const noexcept { return hash_; }
    // What a look-up compares first: hash, place and size of a key that lies inline, as the first bytes of
    // its slot hold them.
    static uint64_t inline_tag(uint32_t hash, size_t key_bytes) noexcept {
        return hash | uint64_t(state::inlined) << 32 | std::min(key_bytes, inline_bytes + 1) << 40;
    }
    // `tag`: of the key.
    bool holds_inline(uint64_t tag, std::string_view key) const noexcept {
        return (load<uint64_t>(reinterpret_cast<const char*>(this)) & 0xffff'ffff'ffff) == tag &&
               same_bytes(bytes_, key.data(), key.size());
    }
    bool holds_outside(uint32_t hash, std::string_view key) const noexcept {
        return state_ == state::outside && hash_ == hash && this->key() == key;
    }
    std::string_view key() const noexcept {
        if (state_ == state::inlined) return {bytes_, inline_key_};
        return {outside().bytes.data(), outside().key_size};
    }
    std::string_view value() const noexcept {
        if (is_inline()) return inline_value();
        return outside().bytes.view().substr(outside().key_size);
    }
    bool is_inline() const noexcept { return state_ == state::inlined; }
    // The value of one that is inline.
    std::string_view inline_value() const noexcept { return {bytes_ + inline_key_, inline_value_}; }
    // Key and value in one; null if they lie inline.
    const buffer* storage() const noexcept { return state_ == state::outside ? &outside().bytes : nullptr; }

    bool expires() const noexcept { return expires_ != never; }
    time_point expiry() const noexcept { return expires_; }
    bool expired(time_point now) const noexcept { return expires_ <= now; }
    void set_expiry(time_point at) noexcept { expires_ = at; }

    // Bytes outside of the slot, with what the allocator adds to them.
    size_t outside_bytes() const noexcept;

    // Fills an empty slot; the entry does not expire. Throws std::bad_alloc and stays empty.
    void create(uint32_t hash, std::string_view key, std::string_view value);
    // Replaces the value and keeps key and expiry. Neither view may be of this slot. Throws std::bad_alloc
    // and changes nothing.
    void assign(std::string_view value);
    // The same, if both values are short: false, and nothing has changed, if not.
    bool assign_inline(std::string_view value) noexcept {
        if (state_ != state::inlined || value.size() > size_t(inline_bytes - inline_key_)) return false;
        copy_bytes(bytes_ + inline_key_, value.data(), value.size());
        inline_value_ = uint8_t(value.size());
        return true;
    }
    // The same of an inline one by at most 16 bytes, which takes no call.
    bool assign_short(std::string_view value) noexcept {
        if (value.size() > 16 || value.size() > size_t(inline_bytes - inline_key_)) return false;
        copy_short_bytes(bytes_ + inline_key_, value.data(), value.size());
        inline_value_ = uint8_t(value.size());
        return true;
    }
    // Adds to the value, with room for more of the same. Throws std::bad_alloc and changes nothing.
    void append(std::string_view more);
    // Frees what is outside.
    void clear() noexcept { leave(state::empty); }
    void vacate() noexcept { leave(state::vacated); }
    // Takes everything of another slot, which is left as it says. This one must be empty.
    void take(slot& other) noexcept;

 private:
    enum class state : uint8_t { empty, inlined, outside, vacated };
    struct outside_entry {
        buffer bytes;  // the key, then the value
        size_t key_size;
    };
    static_assert(sizeof(outside_entry) <= inline_bytes);

    outside_entry& outside() noexcept { return *std::launder(reinterpret_cast<outside_entry*>(bytes_)); }
    const outside_entry& outside() const noexcept {
        return *std::launder(reinterpret_cast<const outside_entry*>(bytes_));
    }
    void fill(std::string_view key, std::string_view value);
    void become_outside(buffer bytes, size_t key_size) noexcept;
    void leave(state next) noexcept;

    uint32_t hash_;  // these three: inline_tag()
    state state_;
    uint8_t inline_key_;
    uint8_t inline_value_;
    time_point expires_;
    alignas(outside_entry) char bytes_[inline_bytes];
};

static_assert(sizeof(slot) == 64 && std::is_trivially_destructible_v<slot>);

}  // namespace millrace::kv
