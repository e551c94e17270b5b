// A limit to how long one waits.
#pragma once

#include "core/error.hh"
#include "core/future.hh"
#include "core/time.hh"
#include "core/timer.hh"

namespace millrace {

// `delay` from the time of the current turn; `never` if that lies beyond all time.
time_point after(duration delay) noexcept;

namespace detail {

template <typename T>
class timeout_wait final : public producer, public task, public timer, public frame_cached {
 public:
    explicit timeout_wait(future<T>&& f) noexcept : future_(std::move(f)) {}

    future<T> start(time_point deadline) {
        enlist();
        arm(deadline);
        future_.notify(*this);
        return future<T>(*this);
    }
    void run() noexcept override {
        if (resolved())
            future_.ignore_ready_future();
        else
            future_.forward_to(*this);
        delete this;
    }
    void drop() noexcept override { delete this; }

 private:
    // Stays, to receive what nobody waits for any more.
    void on_expire() noexcept override {
        if (future_.available()) return;
        if (!abandoned()) fail({to_exception_ptr(errc::timed_out), std::source_location::current()});
        if (future_.leave_line()) delete this;
    }

    future<T> future_;
};

}  // namespace detail

// The outcome of f, or errc::timed_out at `deadline` if that comes first. The work behind f is not stopped,
// only no longer waited for: its outcome is dropped then, a failure too. Who waits in line, as for a
// semaphore, leaves it and takes nothing.
template <typename T>
future<T> with_timeout(time_point deadline, future<T> f) {
    if (f.available()) return f;
    auto* wait = new detail::timeout_wait<T>(std::move(f));
    return wait->start(deadline);
}
template <typename T>
future<T> with_timeout(duration delay, future<T> f) {
    return with_timeout(after(delay), std::move(f));
}

}  // namespace millrace
