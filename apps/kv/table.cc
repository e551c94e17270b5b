#include "apps/kv/table.hh"

#include "core/check.hh"
#include "core/huge_pages.hh"

#include <new>
#include <utility>

namespace millrace::kv {

namespace {
constexpr size_t first_capacity = 16;
// Three quarters full, the table doubles. While it moves, every new key moves 8 slots: the old table is empty
// after an eighth of its size, long before the new one is full.
constexpr size_t slots_moved_per_change = 8;
// A table being left for a smaller one is nearly empty, and deletions may end at any time.
constexpr size_t slots_moved_per_shrinking = 64;
constexpr size_t smallest_to_shrink = 1024;
}  // namespace

slot_array::slot_array(size_t capacity) : mask_(capacity - 1) {
    CHECK((capacity & mask_) == 0 && capacity != 0);
    size_t bytes = capacity * sizeof(slot), space = bytes + sizeof(slot) + slot::bytes_behind;
    // Not aligned_alloc: large zeroed blocks come from the system page by page as they are touched.
    memory_.reset(std::calloc(1, space));
    if (!memory_) throw std::bad_alloc();
    prefer_huge_pages(memory_.get(), space);
    void* aligned = memory_.get();
    slots_ = static_cast<slot*>(std::align(sizeof(slot), bytes + slot::bytes_behind, aligned, space));
}

slot_array& slot_array::operator=(slot_array&& other) noexcept {
    clear();
    memory_ = std::move(other.memory_);
    slots_ = std::exchange(other.slots_, nullptr);
    mask_ = std::exchange(other.mask_, 0);
    return *this;
}

void slot_array::clear() noexcept {
    for (size_t i = 0; i < capacity(); ++i) slots_[i].clear();
    drop();
}

slot* slot_array::find_around(uint64_t tag, uint32_t hash, std::string_view key) noexcept {
    for (size_t i = hash & mask_;; i = (i + 1) & mask_) {
        slot& s = slots_[i];
        if (s.empty()) return nullptr;
        if (s.holds_inline(tag, key) || s.holds_outside(hash, key)) return &s;
    }
}

slot& slot_array::free_slot(uint32_t hash) noexcept {
    size_t i = hash & mask_;
    while (!slots_[i].empty()) i = (i + 1) & mask_;
    return slots_[i];
}

void slot_array::erase(size_t i) noexcept {
    slots_[i].clear();
    for (size_t next = (i + 1) & mask_; !slots_[next].empty(); next = (next + 1) & mask_) {
        size_t home = slots_[next].hash() & mask_;
        // An entry may not move in front of its home: distances count around the end of the table.
        if (((next - home) & mask_) < ((next - i) & mask_)) continue;
        slots_[i].take(slots_[next]);
        slots_[next].clear();
        i = next;
    }
}

slot& table::make_room(uint32_t hash) {
    if (resizing()) {
        move_some(slots_moved_per_change);
    } else if (size_ + 1 > current_.capacity() / 4 * 3) {
        resize(current_.capacity() == 0 ? first_capacity : current_.capacity() * 2);
    }
    return current_.free_slot(hash);
}

void table::erase(slot& s) noexcept {
    slot* first = current_.capacity() ? &current_[0] : nullptr;
    --size_;
    if (&s >= first && &s < first + current_.capacity())
        current_.erase(size_t(&s - first));
    else
        s.vacate();
    if (resizing()) {
        bool shrinking = leaving_.capacity() > current_.capacity();
        return move_some(shrinking ? slots_moved_per_shrinking : slots_moved_per_change);
    }
    if (current_.capacity() < smallest_to_shrink || size_ > current_.capacity() / 16) return;
    try {
        resize(current_.capacity() / 4);
    } catch (const std::bad_alloc&) {
        // It only stays larger than it need be.
    }
}

void table::clear() noexcept {
    current_ = slot_array();
    leaving_ = slot_array();
    size_ = 0;
}

void table::resize(size_t capacity) {
    slot_array fresh(capacity);
    leaving_ = std::move(current_);
    current_ = std::move(fresh);
    next_move_ = 0;
    move_some(slots_moved_per_change);
}

void table::move_some(size_t slots) noexcept {
    for (; slots != 0 && next_move_ < leaving_.capacity(); --slots, ++next_move_) {
        slot& s = leaving_[next_move_];
        if (!s.used()) continue;
        current_.free_slot(s.hash()).take(s);
        s.vacate();
    }
    if (next_move_ == leaving_.capacity()) leaving_.drop();
}

}  // namespace millrace::kv
