// A hierarchical timer wheel: nine levels of 64 slots over ticks of 1024 ns. Arm, cancel and re-arm are O(1);
// a timer moves down at most eight times before it expires.
//
// A timer's level is that of the highest 6-bit digit in which its tick differs from the current tick, its
// slot that digit. So everything on a level comes before everything on the levels above it, the slots of a
// level come in order, and the first occupied slot of the lowest occupied level is always the next to look
// at.
//
// An occupied bit may be stale (its timers were cancelled), and a timer may lie in an earlier slot than its
// deadline's (it was re-armed later): both are put right when the slot is next looked at.
#pragma once

#include "core/time.hh"
#include "core/timer.hh"

#include <array>
#include <cstddef>
#include <cstdint>

namespace millrace {

class timer_wheel {
 public:
    explicit timer_wheel(time_point now) noexcept : tick_(tick_of(now)) {}
    timer_wheel(const timer_wheel&) = delete;
    timer_wheel& operator=(const timer_wheel&) = delete;
    // Cancels what is armed.
    ~timer_wheel();

    void arm(timer& t, time_point deadline) noexcept;
    // Of a timer in this wheel.
    void unlink(timer& t) noexcept;

    // Expires what is due at `now`, which never goes backwards: in order of ticks, and within a tick in the
    // order armed. What is armed meanwhile waits for the next call. Returns how many expired.
    size_t expire(time_point now) noexcept;

    // A time before which nothing is due: a deadline if it is near, else the start of a slot. `never` if
    // nothing is armed.
    time_point next_deadline() noexcept;

    size_t size() const noexcept { return size_; }

 private:
    static constexpr unsigned tick_bits = 10;
    static constexpr unsigned digit_bits = 6;
    static constexpr unsigned slots = 1u << digit_bits;
    static constexpr unsigned levels = 9;  // 10 + 9 * 6 bits hold every time_point

    struct place {
        unsigned level;
        unsigned slot;
        uint64_t tick;  // the first of the slot
    };

    static uint64_t tick_of(time_point t) noexcept {
        const auto ns = t.time_since_epoch().count();
        return ns > 0 ? uint64_t(ns) >> tick_bits : 0;
    }
    static void push(timer*& head, timer& t) noexcept;
    static void detach(timer& t) noexcept;
    void insert(timer& t) noexcept;
    bool find_first(place& p) noexcept;
    timer** sort_out(const place& p, time_point now, timer** due_tail) noexcept;
    size_t run_due(time_point now) noexcept;

    static constexpr uint64_t no_tick = UINT64_MAX;

    uint64_t tick_;  // the current tick: nothing in the wheel lies before it
    // The slots from the current tick to before this one are empty, so that a turn in which nothing is due
    // need not look at any.
    uint64_t first_tick_ = no_tick;
    size_t size_ = 0;
    std::array<uint64_t, levels> occupied_{};
    std::array<std::array<timer*, slots>, levels> heads_{};
    timer* due_ = nullptr;  // taken out of their slots, about to expire
};

}  // namespace millrace
