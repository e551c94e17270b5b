#include "core/time/timer_wheel.hh"

#include "core/check.hh"

#include <algorithm>
#include <bit>
#include <utility>

namespace millrace {

timer_wheel::~timer_wheel() {
    for (auto& level : heads_)
        for (timer*& head : level)
            while (head) unlink(*head);
}

void timer_wheel::arm(timer& t, time_point deadline) noexcept {
    if (t.link_ && deadline >= t.deadline_) {
        t.deadline_ = deadline;
        return;
    }
    if (t.link_)
        detach(t);
    else
        ++size_;
    t.wheel_ = this;
    t.deadline_ = deadline;
    insert(t);
}

void timer_wheel::unlink(timer& t) noexcept {
    detach(t);
    --size_;
}

size_t timer_wheel::expire(time_point now) noexcept {
    const uint64_t target = tick_of(now);
    if (target < first_tick_) [[likely]] {
        tick_ = std::max(tick_, target);
        return 0;
    }
    timer** due_tail = &due_;
    place p;
    first_tick_ = no_tick;
    while (find_first(p)) {
        first_tick_ = p.tick;
        if (p.tick > target) break;
        due_tail = sort_out(p, now, due_tail);
        if (p.level == 0 && p.tick == target) break;  // the rest of this tick is not due yet
        first_tick_ = no_tick;
    }
    tick_ = std::max(tick_, target);
    return run_due(now);
}

time_point timer_wheel::next_deadline() noexcept {
    place p;
    if (!find_first(p)) return never;
    if (p.level > 0) return time_point(duration(p.tick << tick_bits));
    time_point first(duration((p.tick + 1) << tick_bits));
    for (const timer* t = heads_[0][p.slot]; t; t = t->next_) first = std::min(first, t->deadline_);
    return first;
}

void timer_wheel::push(timer*& head, timer& t) noexcept {
    t.next_ = head;
    t.link_ = &head;
    if (head) head->link_ = &t.next_;
    head = &t;
}

void timer_wheel::detach(timer& t) noexcept {
    *t.link_ = t.next_;
    if (t.next_) t.next_->link_ = t.link_;
    t.link_ = nullptr;
}

// The newest first: sort_out() turns the list round.
void timer_wheel::insert(timer& t) noexcept {
    const uint64_t tick = std::max(tick_of(t.deadline_), tick_);
    const uint64_t differing = tick ^ tick_;
    const unsigned level = differing ? unsigned(std::bit_width(differing) - 1) / digit_bits : 0;
    const unsigned slot = unsigned(tick >> (level * digit_bits)) % slots;
    push(heads_[level][slot], t);
    first_tick_ = std::min(first_tick_, tick >> (level * digit_bits) << (level * digit_bits));
    occupied_[level] |= uint64_t(1) << slot;
}

// The place of the timers that come next; forgets stale bits on the way. False if the wheel is empty.
bool timer_wheel::find_first(place& p) noexcept {
    for (unsigned level = 0; level < levels; ++level) {
        while (occupied_[level]) {
            const auto slot = unsigned(std::countr_zero(occupied_[level]));
            if (heads_[level][slot]) {
                const unsigned low_bits = level * digit_bits;
                const uint64_t above = tick_ >> (low_bits + digit_bits) << (low_bits + digit_bits);
                p = {level, slot, above | uint64_t(slot) << low_bits};
                return true;
            }
            occupied_[level] &= occupied_[level] - 1;
        }
    }
    return false;
}

// Empties a slot and makes it the present: its timers that are due go to the end of the due list, the others
// to where they belong as seen from here. Returns the due list's new end.
timer** timer_wheel::sort_out(const place& p, time_point now, timer** due_tail) noexcept {
    tick_ = std::max(tick_, p.tick);
    timer* newest_first = std::exchange(heads_[p.level][p.slot], nullptr);
    occupied_[p.level] &= ~(uint64_t(1) << p.slot);
    timer* oldest_first = nullptr;
    while (newest_first) {
        timer* t = std::exchange(newest_first, newest_first->next_);
        t->next_ = std::exchange(oldest_first, t);
    }
    while (oldest_first) {
        timer* t = std::exchange(oldest_first, oldest_first->next_);
        const bool due = p.level == 0 && t->deadline_ <= now && tick_of(t->deadline_) <= p.tick;
        if (!due) {
            insert(*t);
            continue;
        }
        t->next_ = nullptr;
        t->link_ = due_tail;
        *due_tail = t;
        due_tail = &t->next_;
    }
    return due_tail;
}

size_t timer_wheel::run_due(time_point now) noexcept {
    size_t expired = 0;
    while (due_) {
        timer& t = *due_;
        detach(t);
        if (t.deadline_ > now) {  // re-armed by one that expired just before
            insert(t);
            continue;
        }
        --size_;
        ++expired;
        t.on_expire();
    }
    return expired;
}

}  // namespace millrace
