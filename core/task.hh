// A task: something runnable on a shard, linked into its run queue without an allocation.
#pragma once

namespace millrace {

class task {
 public:
    // Runs once, on the shard that scheduled it. What it stands in may be gone when it returns.
    virtual void run() noexcept = 0;

 protected:
    ~task() = default;

 private:
    friend class run_queue;
    task* next_ = nullptr;
};

// Puts the task at the end of the current shard's run queue. It must stay alive, and not be scheduled
// again, until it runs.
void schedule(task& t) noexcept;

// True when the current task has used up its share of the turn: loops over ready futures yield then.
bool need_preempt() noexcept;

}  // namespace millrace
