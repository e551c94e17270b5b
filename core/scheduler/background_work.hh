// What runs in the background of one shard: a count, and who waits for it to become zero.
#pragma once

#include "core/promise.hh"

#include <cstddef>
#include <utility>
#include <vector>

namespace millrace {

class background_work {
 public:
    static background_work& current();

    // One piece of work, for as long as it lives.
    class member {
     public:
        explicit member(background_work& all) noexcept : all_(all) { ++all_.count_; }
        member(const member&) = delete;
        member& operator=(const member&) = delete;
        ~member() { all_.leave(); }

     private:
        background_work& all_;
    };

    size_t count() const noexcept { return count_; }

    future<> done() {
        if (count_ == 0) return make_ready_future<>();
        return waiting_.emplace_back().get_future();
    }

 private:
    void leave() noexcept {
        if (--count_ > 0) return;
        for (auto& p : std::exchange(waiting_, {})) p.set_value();
    }

    size_t count_ = 0;
    std::vector<promise<>> waiting_;
};

}  // namespace millrace
