// Timers: something that happens on its shard when a deadline has passed.
#pragma once

#include "core/time.hh"

#include <utility>

namespace millrace {

class timer_wheel;

// Lives in its owner and in the wheel of the reactor on which it is armed; arming, re-arming and cancelling
// are O(1) and allocate nothing. Destroyed: cancelled.
class timer {
 public:
    timer() noexcept = default;
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    // Expires in the first turn whose time is at or after `deadline`; never in the call itself, and never
    // early. Armed already: moved, and moving to a later deadline costs one store, as the wheel finds out
    // when the earlier one comes. `never` cancels.
    void arm(time_point deadline) noexcept;
    // From the time of the current turn.
    void arm_after(duration delay) noexcept;
    void cancel() noexcept {
        if (link_) unlink();
    }

    bool armed() const noexcept { return link_ != nullptr; }
    // When it will expire; `never` if it is not armed.
    time_point deadline() const noexcept { return link_ ? deadline_ : never; }

 protected:
    virtual ~timer() { cancel(); }
    // No longer armed by now: may arm the timer again, or destroy it.
    virtual void on_expire() noexcept = 0;

 private:
    friend class timer_wheel;
    void unlink() noexcept;

    timer* next_ = nullptr;
    timer** link_ = nullptr;  // what points to this timer in the list that it is in; null when not armed
    timer_wheel* wheel_ = nullptr;
    time_point deadline_{};
};

// A timer that calls a function.
template <typename F>
class callback_timer final : public timer {
 public:
    explicit callback_timer(F f) : f_(std::move(f)) {}

 private:
    void on_expire() noexcept override { f_(); }
    F f_;
};

}  // namespace millrace
