// A task: something runnable on a shard, linked into its run queue without an allocation.
// core/run_queue.hh has schedule() and need_preempt().
#pragma once

namespace millrace {

class task;

// The link of a task in its run queue.
class task_link {
    friend class run_queue;
    task* next_ = nullptr;
};

class task : public task_link {
 public:
    // Runs once, on the shard that scheduled it. What it stands in may be gone when it returns.
    virtual void run() noexcept = 0;

 protected:
    ~task() = default;
};

}  // namespace millrace
