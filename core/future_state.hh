// What futures and promises have whatever their type: the link between the two ends, a failure, the waiter.
//
// A future and its promise point at each other, and keep doing so when either moves; there is no shared
// state. A value goes straight into the future, wherever that stands: in a frame, in a continuation, in a
// member.
#pragma once

#include "core/check.hh"
#include "core/failure.hh"
#include "core/frame_cache.hh"
#include "core/run_queue.hh"

#include <cstdint>
#include <memory>
#include <utility>

namespace millrace {

class promise_base;
class place_in_line;
class producer;
template <typename T>
class future;

class future_base {
 public:
    // A value or a failure is there, so that nothing has to wait.
    bool available() const noexcept { return state_ >= state::ready; }
    bool failed() const noexcept { return state_ == state::failed; }
    // False after the value was taken or the future was moved from.
    bool valid() const noexcept { return state_ != state::none; }

    // Schedules `t` when the future becomes available, at once if it is. One waiter per future; until it has
    // run, the future must stay where it is.
    void notify(task& t) noexcept {
        CHECK(valid());
        if (available()) return schedule(t);
        CHECK(links_.waiter == nullptr);
        links_.waiter = &t;
    }
    // Drops the future if it waits in line for something, which is then left to the others. False: the work
    // behind it goes on.
    bool leave_line() noexcept;
    // Takes the waiter of a pending future back. False: it is scheduled already.
    bool cancel_notify() noexcept {
        return state_ == state::pending && std::exchange(links_.waiter, nullptr);
    }

 protected:
    enum class state : uint8_t { none, pending, ready, failed };
    struct links {
        promise_base* promise;
        task* waiter;
    };

    future_base() noexcept {}
    explicit inline future_base(promise_base& p) noexcept;
    explicit future_base(failure&& f) noexcept : failure_(std::move(f)), state_(state::failed) {}
    explicit future_base(state s) noexcept : state_(s) {}
    future_base(future_base&& other) noexcept : state_(other.state_) {
        if (state_ == state::pending)
            take_links(other);
        else if (state_ == state::failed)
            new (&failure_) failure(other.take_failure());
    }
    ~future_base() {
        if (state_ == state::pending || state_ == state::failed) [[unlikely]]
            drop();
    }

    failure take_failure() noexcept {
        state_ = state::none;
        failure taken = std::move(failure_);
        std::destroy_at(&failure_);
        return taken;
    }
    // Makes the promise of this pending future that of `target`, which is pending too.
    void hand_links_to(future_base& target) noexcept;
    // Blocks the stackful thread that runs until the future is available.
    void wait_in_thread();
    // Forgets what is pending, reports a failure.
    void drop() noexcept;

    union {
        links links_;      // pending
        failure failure_;  // failed
    };
    state state_ = state::none;

 private:
    friend class promise_base;
    friend void background(future<void> work) noexcept;
    // Lets the coroutine behind this pending future<> go on in the background by itself, without the future.
    // False: there is none, and the future is as it was.
    bool detach_to_background() noexcept;
    inline void take_links(future_base& other) noexcept;
    void fail(failure&& f) noexcept {
        task* waiter = links_.waiter;
        new (&failure_) failure(std::move(f));
        state_ = state::failed;
        if (waiter) schedule(*waiter);
    }
};

// The end that resolves.
class promise_base {
 public:
    promise_base(const promise_base&) = delete;
    promise_base& operator=(const promise_base&) = delete;

    bool resolved() const noexcept { return resolved_; }
    // Nobody would see the result: the future was dropped. A failure would be reported as forgotten.
    bool abandoned() const noexcept { return future_ == nullptr; }

 protected:
    // `background`: a coroutine that nobody waits for, core/background.hh.
    enum class role : uint8_t { plain, producer, coroutine, background, place_in_line };
    explicit promise_base(role r = role::plain) noexcept : role_(r) {}
    promise_base(promise_base&& other) noexcept
        : future_(std::exchange(other.future_, nullptr)), resolved_(std::exchange(other.resolved_, true)) {
        if (future_) future_->links_.promise = this;
    }
    // Fails the future with errc::broken_promise if it still waits.
    ~promise_base() {
        if (future_) [[unlikely]]
            break_promise();
    }

    // May throw what T's constructor throws, and is unresolved then.
    template <typename T, typename... A>
    void resolve(A&&... args) {
        CHECK(!resolved_);
        if (future_) [[likely]] {
            static_cast<future<T>*>(future_)->become_ready(std::forward<A>(args)...);
            future_ = nullptr;
        }
        resolved_ = true;
    }
    void fail(failure f) noexcept;
    // Lets the future be resolved by whoever resolves `source`, which is pending.
    void delegate_to(future_base& source) noexcept;
    bool in_background() const noexcept { return role_ == role::background; }
    static void leave_background() noexcept;

    future_base* future_ = nullptr;

 private:
    friend class future_base;
    template <typename T>
    friend class future;
    void break_promise() noexcept;

    bool resolved_ = false;
    role role_ = role::plain;
};

inline future_base::future_base(promise_base& p) noexcept : links_{&p, nullptr}, state_(state::pending) {
    p.future_ = this;
}

inline void future_base::take_links(future_base& other) noexcept {
    CHECK(other.links_.waiter == nullptr);
    links_ = other.links_;
    if (links_.promise) links_.promise->future_ = this;
    other.state_ = state::none;
}

// A promise of what others wait for too, behind it: it is told when its future is dropped.
class place_in_line : public promise_base {
 protected:
    place_in_line() noexcept : promise_base(role::place_in_line) {}
    virtual ~place_in_line() = default;

 private:
    friend class future_base;
    // The future is gone already. May destroy this, and resolve others; runs inside of a destructor.
    virtual void on_left() noexcept = 0;
};

// Work that waits and belongs to nobody meanwhile: the current run queue lists it, and can destroy it when
// the shard ends.
class producer_link {
 public:
    producer_link(const producer_link&) = delete;
    producer_link& operator=(const producer_link&) = delete;

    // Called once the work waits for the first time.
    void enlist() noexcept {
        if (link_) return;
        producer_link*& first = run_queue::current().producers_;
        next_ = first;
        if (next_) next_->link_ = &next_;
        link_ = &first;
        first = this;
    }
    // Destroys the whole object. Only a shard that ends calls it.
    virtual void drop() noexcept = 0;

 protected:
    producer_link() noexcept = default;
    ~producer_link() {
        if (!link_) return;
        *link_ = next_;
        if (next_) next_->link_ = link_;
    }

 private:
    producer_link* next_ = nullptr;
    producer_link** link_ = nullptr;  // what points at this one; null: not listed
};

// A promise inside the work that fulfils it: a coroutine frame, a continuation, a sleep.
class producer : public promise_base, public producer_link {
 protected:
    explicit producer(role r = role::producer) noexcept : promise_base(r) {}
    ~producer() = default;
};

}  // namespace millrace
