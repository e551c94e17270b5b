#include "core/run_queue.hh"

#include "core/future_state.hh"
#include "core/scheduler/background_work.hh"

namespace millrace {

run_queue::run_queue() noexcept = default;

run_queue::~run_queue() {
    scope s(*this);
    end();
}

size_t run_queue::run(size_t limit) noexcept {
    const uint64_t before = started_;
    const uint64_t last = before + limit;
    while (head_ && started_ < last) {
        task* t = head_;
        head_ = t->next_;
        if (!head_) tail_ = &head_;
        --length_;
        inline_steps_ = 0;
        ++started_;
        t->run();
    }
    return size_t(started_ - before);
}

void run_queue::end() noexcept {
    ending_ = true;
    head_ = nullptr;
    tail_ = &head_;
    length_ = 0;
    // Destructors of what waits may start new work, which ends here too.
    while (producers_) static_cast<producer*>(producers_)->drop();
}

}  // namespace millrace
