// The tasks of one shard that are ready to run, in order; and what waits on the shard, so that it can end.
#pragma once

#include "core/check.hh"
#include "core/task.hh"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace {

class background_work;
class producer_link;

class run_queue {
 public:
    run_queue() noexcept;
    run_queue(const run_queue&) = delete;
    run_queue& operator=(const run_queue&) = delete;
    // Ends the shard's work if end() was not called.
    ~run_queue();

    void push(task& t) noexcept {
        if (ending_) return;
        t.next_ = nullptr;
        *tail_ = &t;
        tail_ = &t.next_;
        ++length_;
    }

    bool empty() const noexcept { return head_ == nullptr; }
    size_t size() const noexcept { return length_; }
    // Tasks, ever. May be asked from a signal handler of the thread.
    uint64_t started() const noexcept { return static_cast<const volatile uint64_t&>(started_); }

    // Runs tasks, those that they schedule too, until none is left or `limit` of them ran. Returns how many
    // ran.
    size_t run(size_t limit) noexcept;

    // Ends the shard's work: forgets the tasks and destroys every coroutine and continuation that still
    // waits, without running it, callees before their callers. From here on schedule() does nothing. Timers,
    // pollers and whatever else those may have as locals must still be there, so a reactor calls this first
    // of all.
    void end() noexcept;
    bool ending() const noexcept { return ending_; }

    // After this many continuations run in place, need_preempt() says yes until the next task starts.
    // A count, not a time, so that a run in virtual time repeats exactly.
    static constexpr uint32_t inline_quota = 256;

    // The queue that schedule() fills: the one of the shard that runs on this thread now.
    static run_queue& current() noexcept {
        CHECK(current_ != nullptr);
        return *current_;
    }
    static bool has_current() noexcept { return current_ != nullptr; }

    // Makes a queue the current one for a scope. Reactors do this around a turn.
    class scope {
     public:
        explicit scope(run_queue& q) noexcept : previous_(current_) { current_ = &q; }
        scope(const scope&) = delete;
        scope& operator=(const scope&) = delete;
        ~scope() { current_ = previous_; }

     private:
        run_queue* previous_;
    };

 private:
    friend class producer_link;
    friend class background_work;
    friend bool need_preempt() noexcept;
    friend void charge_steps(uint32_t) noexcept;

    // Both are touched by every continuation: plain variables of the thread, found without a call.
    [[gnu::tls_model("initial-exec")]] static inline constinit thread_local run_queue* current_ = nullptr;
    [[gnu::tls_model("initial-exec")]] static inline constinit thread_local uint32_t inline_steps_ = 0;

    task* head_ = nullptr;
    task** tail_ = &head_;
    size_t length_ = 0;
    uint64_t started_ = 0;
    bool ending_ = false;
    producer_link* producers_ = nullptr;  // everything that waits: see core/future_state.hh
    std::unique_ptr<background_work> background_;
};

// Puts the task at the end of the current shard's run queue. It must stay alive, and not be scheduled
// again, until it runs.
inline void schedule(task& t) noexcept {
    run_queue::current().push(t);
}

// True when the current task has used up its share of the turn: loops over ready futures yield then. Each
// call counts as one step. Never true outside of a shard, where nothing could go on later.
inline bool need_preempt() noexcept {
    return ++run_queue::inline_steps_ > run_queue::inline_quota && run_queue::has_current();
}

// Says that what the current task just did was worth that many steps of its share: a step is a few
// nanoseconds, and an operation that takes microseconds whenever it is ready, such as a system call, would
// else be made 256 times by a task, and thousands of times before the pollers are asked again. Any shard.
inline void charge_steps(uint32_t steps) noexcept {
    run_queue::inline_steps_ += steps;
}

}  // namespace millrace
