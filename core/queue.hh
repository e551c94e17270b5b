// A bounded queue between coroutines of one shard: who pushes waits for room, who pops waits for elements.
#pragma once

#include "core/check.hh"
#include "core/condition.hh"
#include "core/coroutine.hh"
#include "core/error.hh"

#include <cstddef>
#include <deque>
#include <exception>
#include <utility>

namespace millrace {

template <typename T>
class queue {
 public:
    // Holds at most `capacity` elements, at least 1.
    explicit queue(size_t capacity) : capacity_(capacity) { CHECK(capacity > 0); }

    size_t size() const noexcept { return elements_.size(); }
    size_t capacity() const noexcept { return capacity_; }
    bool empty() const noexcept { return elements_.empty(); }
    bool full() const noexcept { return size() >= capacity_; }
    bool aborted() const noexcept { return reason_ != nullptr; }

    // False, and the element stays with the caller, if the queue is full or aborted.
    bool push(T&& element) {
        if (full() || reason_) return false;
        elements_.push_back(std::move(element));
        not_empty_.signal();
        return true;
    }
    // The queue must not be empty.
    T pop() {
        CHECK(!empty());
        T first = std::move(elements_.front());
        elements_.pop_front();
        not_full_.signal();
        return first;
    }

    // Resolves when the element is in the queue. Fails with the reason given to abort().
    future<> push_eventually(T element) {
        if (push(std::move(element))) return make_ready_future<>();
        return push_when_room(std::move(element));
    }
    // The next element when there is one. Fails with the reason given to abort().
    future<T> pop_eventually() {
        if (!empty()) return make_ready_future<T>(pop());
        return pop_when_filled();
    }
    // There was an element, or room, at the time when it resolved; another consumer may have been quicker.
    future<> not_empty() { return empty() ? wait(not_empty_) : make_ready_future<>(); }
    future<> not_full() { return full() || reason_ ? wait(not_full_) : make_ready_future<>(); }

    // Drops all elements. Who waits, and who comes later, fails with `reason`.
    void abort(std::exception_ptr reason = to_exception_ptr(errc::queue_closed)) noexcept {
        reason_ = std::move(reason);
        elements_.clear();
        not_empty_.broken(reason_);
        not_full_.broken(reason_);
    }

 private:
    future<> wait(condition& c) { return c.wait(); }
    future<> push_when_room(T element) {
        while (!push(std::move(element))) co_await not_full_.wait();
    }
    future<T> pop_when_filled() {
        while (empty()) co_await not_empty_.wait();
        co_return pop();
    }

    const size_t capacity_;
    std::deque<T> elements_;
    condition not_empty_;
    condition not_full_;
    std::exception_ptr reason_;
};

}  // namespace millrace
