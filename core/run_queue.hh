// The tasks of one shard that are ready to run, in order.
#pragma once

#include "core/task.hh"

#include <cstddef>
#include <cstdint>

namespace millrace {

class run_queue {
 public:
    run_queue() = default;
    run_queue(const run_queue&) = delete;
    run_queue& operator=(const run_queue&) = delete;
    ~run_queue();

    void push(task& t) noexcept {
        t.next_ = nullptr;
        *tail_ = &t;
        tail_ = &t.next_;
        ++length_;
    }

    bool empty() const noexcept { return head_ == nullptr; }
    size_t size() const noexcept { return length_; }

    // Runs tasks, those that they schedule too, until none is left or `limit` of them ran. Returns how many
    // ran.
    size_t run(size_t limit) noexcept;

    // After this many continuations run in place, need_preempt() says yes until the next task starts.
    // A count, not a time, so that a run in virtual time repeats exactly.
    static constexpr uint32_t inline_quota = 256;
    bool spent_quota() noexcept { return ++inline_steps_ > inline_quota; }

    // The queue that schedule() fills: the one of the shard that runs on this thread now.
    static run_queue& current() noexcept;
    static bool has_current() noexcept;

    // Makes a queue the current one for a scope. Reactors do this around a turn.
    class scope {
     public:
        explicit scope(run_queue& q) noexcept;
        scope(const scope&) = delete;
        scope& operator=(const scope&) = delete;
        ~scope();

     private:
        run_queue* previous_;
    };

 private:
    task* head_ = nullptr;
    task** tail_ = &head_;
    size_t length_ = 0;
    uint32_t inline_steps_ = 0;
};

}  // namespace millrace
