// stall_watch: finds what holds a shard's thread for too long, and where in the program that is.
#pragma once

#include "core/time.hh"

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <time.h>
#include <vector>

namespace millrace {

class run_queue;

// A timer of the kernel interrupts the thread once a quota, and looks whether it still does what it did the
// last time. That costs the shard nothing per task. What runs for twice the quota is found as long as others
// leave the thread the CPU; what runs for less than the quota never is. Asleep, the timer stops itself.
//
// The interruptions are signals, SIGRTMIN + 7: system calls that cannot be restarted, such as nanosleep, end
// early when a task makes them.
class stall_watch {
 public:
    static constexpr size_t max_frames = 32;

    // Watches the calling thread, on which it must be destroyed too. The quota is 1 ms at least. `turns` is
    // the shard's count of them. Without a timer, if the system has none to give: then nothing is ever found.
    stall_watch(duration quota, const uint64_t& turns, const run_queue& tasks) noexcept;
    stall_watch(const stall_watch&) = delete;
    stall_watch& operator=(const stall_watch&) = delete;
    ~stall_watch();

    // There is work again.
    void resume() noexcept {
        if (!ticking_) [[unlikely]]
            start();
    }
    void fall_asleep() noexcept { asleep_ = true; }
    void wake_up() noexcept { asleep_ = false; }

    // Found and not taken yet, or taken.
    uint64_t found() const noexcept { return found_; }
    // Nanoseconds of the longest.
    const uint64_t& longest() const noexcept { return longest_; }

    struct stall {
        duration lasted;  // at least
        std::array<void*, max_frames> frames;
        size_t depth;
    };
    bool waiting() const noexcept { return unread_; }
    // What was found, when it has ended.
    stall take() noexcept;

 private:
    static void on_signal(int, siginfo_t* info, void*) noexcept;
    void on_tick() noexcept;
    bool was_kept_waiting() noexcept;
    void start() noexcept;
    void set_timer(duration period) noexcept;

    const duration quota_;
    const uint64_t& turns_;
    const run_queue& tasks_;
    timer_t timer_{};
    bool has_timer_ = false;

    // Shared with the signal handler, which runs on the same thread.
    volatile bool ticking_ = false;
    volatile bool asleep_ = false;
    volatile bool unread_ = false;
    volatile bool found_this_ = false;  // what runs now is the stall in last_
    volatile uint64_t found_ = 0;
    uint64_t seen_ = 0;   // progress at the last tick
    time_point since_{};  // when that was seen first
    duration on_cpu_{};   // of the thread, at the last tick
    long blocked_ = 0;    // times that it had waited in the kernel by then
    stall last_{};

    uint64_t longest_ = 0;
};

// A line for each frame, innermost first: file and address as addr2line -e wants them, and the function's
// name where the file tells it.
std::vector<std::string> describe(const stall_watch::stall& s);

}  // namespace millrace
