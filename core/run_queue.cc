#include "core/run_queue.hh"

#include "core/future_state.hh"
#include "core/scheduler/background_work.hh"

namespace millrace {

run_queue::run_queue() noexcept = default;

run_queue::~run_queue() {
    scope s(*this);
    end();
}

// A task that goes through ready futures until its quota is used up counts as many: loops that yield to
// each other would else keep the pollers waiting for a quarter of a million steps.
constexpr uint32_t steps_of_a_task = 8;

size_t run_queue::run(size_t limit) noexcept {
    const uint64_t before = started_;
    auto left = int64_t(limit);
    while (head_ && left > 0) {
        task* t = head_;
        head_ = t->next_;
        if (!head_) tail_ = &head_;
        --length_;
        inline_steps_ = 0;
        ++started_;
        t->run();
        left -= 1 + inline_steps_ / steps_of_a_task;
    }
    return size_t(started_ - before);
}

void run_queue::end() noexcept {
    ending_ = true;
    head_ = nullptr;
    tail_ = &head_;
    length_ = 0;
    // Destructors of what waits may start new work, which ends here too.
    while (producers_) producers_->drop();
    background_.reset();
}

}  // namespace millrace
