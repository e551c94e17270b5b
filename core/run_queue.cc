#include "core/run_queue.hh"

#include "core/check.hh"

namespace millrace {

namespace {
thread_local run_queue* current_queue = nullptr;
}

// Whoever owns the tasks ends them first; one left here would run after its shard is gone.
run_queue::~run_queue() { CHECK(empty()); }

size_t run_queue::run(size_t limit) noexcept {
    size_t ran = 0;
    while (head_ && ran < limit) {
        task* t = head_;
        head_ = t->next_;
        if (!head_) tail_ = &head_;
        --length_;
        inline_steps_ = 0;
        t->run();
        ++ran;
    }
    return ran;
}

run_queue& run_queue::current() noexcept {
    CHECK(current_queue != nullptr);
    return *current_queue;
}

bool run_queue::has_current() noexcept { return current_queue != nullptr; }

run_queue::scope::scope(run_queue& q) noexcept : previous_(current_queue) { current_queue = &q; }

run_queue::scope::~scope() { current_queue = previous_; }

void schedule(task& t) noexcept { run_queue::current().push(t); }

bool need_preempt() noexcept { return run_queue::current().spent_quota(); }

}  // namespace millrace
