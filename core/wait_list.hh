// Those who wait for the same thing, in order of arrival: what semaphores, conditions and queues are made of.
#pragma once

#include "core/future.hh"
#include "core/linked_list.hh"
#include "core/timer.hh"

#include <cstddef>
#include <exception>

namespace millrace {

class wait_list {
 public:
    wait_list() noexcept = default;
    wait_list(const wait_list&) = delete;
    wait_list& operator=(const wait_list&) = delete;

    // Resolves when it is this one's turn; fails with errc::timed_out at `deadline`, if that comes first. Who
    // drops the future no longer waits.
    future<> wait(size_t weight = 1, time_point deadline = never);

    bool empty() noexcept {
        forget_abandoned();
        return waiting_.empty();
    }
    // Of the first, when not empty.
    size_t front_weight() const noexcept { return waiting_.front().weight; }
    void wake_front() noexcept;
    void wake_all() noexcept;
    void fail_all(const std::exception_ptr& reason) noexcept;

 protected:
    // Fails who still waits with errc::broken_promise.
    ~wait_list();
    // One gave up, at its deadline or as its future was dropped; the front may be another one now.
    virtual void on_departure() noexcept {}

 private:
    class entry final : public place_in_line, public timer, public list_link, public frame_cached {
     public:
        entry(wait_list& list, size_t w) noexcept : weight(w), list_(list) {}
        using promise_base::fail;
        using promise_base::resolve;
        const size_t weight;

     private:
        void on_expire() noexcept override;
        void on_left() noexcept override;
        wait_list& list_;
    };
    void forget_abandoned() noexcept;

    linked_list<entry> waiting_;
};

}  // namespace millrace
