// The keys of one shard: values, expiry and what they cost.
#pragma once

#include "apps/kv/key_hash.hh"
#include "apps/kv/table.hh"
#include "core/time.hh"

#include <cstdint>
#include <string_view>

namespace millrace::kv {

// A key with its hash, computed once.
struct key_ref {
    std::string_view text;
    uint64_t hash;
};

struct store_counters {
    uint64_t hits = 0;     // look-ups that found their key
    uint64_t misses = 0;   // look-ups that did not
    uint64_t expired = 0;  // keys removed because their time had come
    uint64_t swept = 0;    // of these, by the sweep rather than by a look-up
    uint64_t refused = 0;  // commands refused for lack of memory
};

// Entries are slots; a reference to one is good until the next call that may add or remove one.
class store {
 public:
    // `max_bytes`: commands that add data are refused above it; 0: no limit.
    explicit store(uint64_t max_bytes = 0) noexcept : max_bytes_(max_bytes) {}

    // The entry of a key; null if there is none, or it has expired, and is gone then.
    slot* find(const key_ref& k, time_point now) noexcept {
        slot* s = table_.find(uint32_t(k.hash), k.text);
        return s && s->expired(now) ? drop_expired(*s) : s;
    }
    // The same, only where it takes one look: inline, at home, not expired. Null says nothing. No call is
    // made, so that a command that begins with this needs no frame of its own.
    slot* glance(const key_ref& k, time_point now) noexcept {
        slot* s = table_.find_at_home(uint32_t(k.hash), k.text);
        return s && !s->expired(now) ? s : nullptr;
    }
    // There are so many keys that few of those which are asked for lie in the processor's cache: a look-up
    // may wait as long as a whole request takes otherwise. prefetch() first, and much else before the
    // look-up, spares that.
    bool far() const noexcept { return table_.capacity() >= 8192; }
    void prefetch(uint64_t hash) noexcept { table_.prefetch(uint32_t(hash)); }
    void count_hit() noexcept { ++counters_.hits; }
    // As find(), counted as a hit or a miss of a reading command.
    slot* look_up(const key_ref& k, time_point now) noexcept {
        slot* s = find(k, now);
        ++(s ? counters_.hits : counters_.misses);
        return s;
    }

    // These throw std::bad_alloc and change nothing then. A key to be added must not be there; it does not
    // expire.
    slot& add(const key_ref& k, std::string_view value);
    void assign(slot& s, std::string_view value) {
        if (!s.assign_inline(value)) assign_outside(s, value);
    }
    void append(slot& s, std::string_view more);
    // Adds, or replaces value and expiry.
    void set(const key_ref& k, std::string_view value, time_point expiry, time_point now);

    void set_expiry(slot& s, time_point at) noexcept {
        expiring_ += size_t(at != never) - size_t(s.expires());
        s.set_expiry(at);
    }
    void erase(slot& s) noexcept;
    void clear() noexcept;

    // A step of a resize that is under way: with every read, or look-ups alone would go through two tables
    // for ever. Entries may move.
    void move_on() noexcept { table_.move_on(slots_moved_per_read); }
    bool resizing() const noexcept { return table_.resizing(); }
    // Looks at the next `slots` slots and removes what has expired, and takes a resize of the table further
    // by as many. Returns how many entries it removed.
    size_t sweep(time_point now, size_t slots) noexcept;

    size_t size() const noexcept { return table_.size(); }
    // Entries that have an expiry: with none, no sweep is needed.
    size_t expiring() const noexcept { return expiring_; }
    uint64_t bytes() const noexcept { return table_.memory_bytes() + outside_bytes_; }
    uint64_t max_bytes() const noexcept { return max_bytes_; }
    bool full() const noexcept { return max_bytes_ != 0 && bytes() > max_bytes_; }
    size_t capacity() const noexcept { return table_.capacity(); }
    const store_counters& counters() const noexcept { return counters_; }
    void count_refusal() noexcept { ++counters_.refused; }

 private:
    static constexpr size_t slots_moved_per_read = 16;
    [[gnu::noinline]] void assign_outside(slot& s, std::string_view value);
    [[gnu::noinline]] slot* drop_expired(slot& s) noexcept;

    table table_;
    uint64_t max_bytes_;
    uint64_t outside_bytes_ = 0;
    size_t expiring_ = 0;
    size_t cursor_ = 0;  // of the sweep
    store_counters counters_;
};

}  // namespace millrace::kv
