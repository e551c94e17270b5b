// A flat table from a flow's hash to something small: linear probing, deletion by shifting back, no
// tombstones. A look-up costs one cache line as a rule, and no hashing: the device or the IP layer hashed the
// packet already.
#pragma once

#include "core/check.hh"
#include "core/prefetch.hh"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace millrace::tcp {

// `Value` is cheap to copy, and Value{} means "none": a pointer, an index that starts at 1.
//
// Invariant: from an entry's home slot to the slot that it lies in, no slot is empty. An entry that would
// come to lie max_probes or more from home is refused, so that look-ups stay short whatever hashes an
// attacker picks.
template <typename Value>
class flow_table {
 public:
    static constexpr size_t max_probes = 64;

    // At most `limit` entries. `salt` makes the order of slots unknown to those who choose the hashes.
    explicit flow_table(size_t limit, uint32_t salt = 0)
        : multiplier_(0x9e3779b1u ^ (salt << 1)), limit_(limit) {}

    size_t size() const noexcept { return size_; }
    size_t limit() const noexcept { return limit_; }

    // The value with this hash for which `match(value)` holds; Value{} if there is none.
    template <typename Match>
    Value find(uint32_t hash, Match&& match) const noexcept {
        if (size_ == 0) return Value{};
        for (size_t i = home(hash);; i = next(i)) {
            const slot& s = slots_[i];
            if (s.value == Value{}) return Value{};
            if (s.hash == hash && match(s.value)) return s.value;
        }
    }

    // A value with this hash, likely the one that is looked for; Value{} if there is none. For who wants to
    // fetch its memory ahead.
    Value guess(uint32_t hash) const noexcept {
        return find(hash, [](const Value&) { return true; });
    }
    // Fetches ahead what find() will look at.
    void prefetch(uint32_t hash) const noexcept {
        if (size_ > 0) millrace::prefetch(&slots_[home(hash)]);
    }

    // Adds a value that is not there yet. False if the table is at its limit, or if too many flows with
    // nearly the same hash came together.
    [[nodiscard]] bool insert(uint32_t hash, Value value) {
        CHECK(!(value == Value{}));
        if (size_ >= limit_) return false;
        if (size_ * 2 >= slots_.size()) grow();
        while (!place(hash, value, max_probes)) {
            if (size_ * 4 < slots_.size()) return false;
            grow();
        }
        ++size_;
        return true;
    }

    // Removes the value with this hash for which `match(value)` holds, and returns it; Value{} if there was
    // none.
    template <typename Match>
    Value erase(uint32_t hash, Match&& match) noexcept {
        if (size_ == 0) return Value{};
        for (size_t i = home(hash);; i = next(i)) {
            slot& s = slots_[i];
            if (s.value == Value{}) return Value{};
            if (s.hash != hash || !match(s.value)) continue;
            Value found = s.value;
            close_gap(i);
            --size_;
            return found;
        }
    }

    // Calls f(value) for each. `f` must not change the table.
    template <typename F>
    void for_each(F&& f) const {
        for (const slot& s : slots_)
            if (!(s.value == Value{})) f(s.value);
    }

 private:
    struct slot {
        uint32_t hash = 0;
        Value value{};
    };
    static constexpr size_t first_slots = 64;

    // The low bits of the hash chose this shard, so that all flows here share them: the high bits of a
    // product depend on all bits of the hash.
    size_t home(uint32_t hash) const noexcept { return size_t(hash * multiplier_) >> shift_; }
    size_t next(size_t i) const noexcept { return (i + 1) & (slots_.size() - 1); }

    bool place(uint32_t hash, Value value, size_t probes) noexcept {
        for (size_t i = home(hash); probes > 0; --probes, i = next(i)) {
            if (!(slots_[i].value == Value{})) continue;
            slots_[i] = {hash, value};
            return true;
        }
        return false;
    }

    void grow() {
        std::vector<slot> old = std::move(slots_);
        slots_.assign(old.empty() ? first_slots : old.size() * 2, slot{});
        shift_ = 32 - unsigned(std::countr_zero(slots_.size()));
        for (const slot& s : old)
            if (!(s.value == Value{})) CHECK(place(s.hash, s.value, slots_.size()));
    }

    void close_gap(size_t gap) noexcept {
        for (size_t i = next(gap); !(slots_[i].value == Value{}); i = next(i)) {
            // Entry i may move into the gap if its home does not lie behind the gap.
            const size_t from_home = (i - home(slots_[i].hash)) & (slots_.size() - 1);
            const size_t from_gap = (i - gap) & (slots_.size() - 1);
            if (from_home < from_gap) continue;
            slots_[gap] = slots_[i];
            gap = i;
        }
        slots_[gap] = slot{};
    }

    std::vector<slot> slots_;
    uint32_t multiplier_;
    unsigned shift_ = 32;
    size_t size_ = 0;
    size_t limit_;
};

}  // namespace millrace::tcp
