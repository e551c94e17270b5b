// What runs in the background of one shard: a count, and who waits for it to become zero.
#pragma once

#include "core/promise.hh"

#include <cstddef>
#include <utility>
#include <vector>

namespace millrace {

class background_work final : public task {
 public:
    static background_work& current();
    // Logs that a piece of work failed.
    static void report(const failure& f) noexcept;

    // A piece of work begins, or is over. What its last variables add when they go counts, too: so who waits
    // is told a task later.
    void enter() noexcept { ++count_; }
    void leave() noexcept {
        if (--count_ > 0 || waiting_.empty() || scheduled_) return;
        scheduled_ = true;
        schedule(*this);
    }
    void run() noexcept override {
        scheduled_ = false;
        if (count_ > 0) return;
        for (auto& p : std::exchange(waiting_, {})) p.set_value();
    }

    size_t count() const noexcept { return count_; }

    future<> done() {
        if (count_ == 0) return make_ready_future<>();
        return waiting_.emplace_back().get_future();
    }

 private:
    size_t count_ = 0;
    bool scheduled_ = false;
    std::vector<promise<>> waiting_;
};

}  // namespace millrace
