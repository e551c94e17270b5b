// A number of units that are taken and given back; whoever finds too few waits, in order of arrival.
#pragma once

#include "core/error.hh"
#include "core/wait_list.hh"

#include <cstddef>
#include <exception>
#include <utility>

namespace millrace {

class semaphore final : private wait_list {
 public:
    explicit semaphore(size_t units) noexcept : units_(units) {}

    // Takes `units`; at once if nobody waits and there are enough. Fails with errc::timed_out at `deadline`,
    // or with the reason given to broken(). The order is strict: who wants many is not overtaken.
    future<> wait(size_t units = 1, time_point deadline = never) {
        if (try_wait(units)) [[likely]]
            return make_ready_future<>();
        return wait_in_line(units, deadline);
    }
    // From the time of the current turn.
    future<> wait(size_t units, duration timeout);
    bool try_wait(size_t units = 1) noexcept {
        if (units > units_ || broken_ || !wait_list::empty()) return false;
        units_ -= units;
        return true;
    }
    void signal(size_t units = 1) noexcept {
        units_ += units;
        serve();
    }

    // Who waits, and who comes later, fails with `reason`.
    void broken(std::exception_ptr reason = to_exception_ptr(errc::semaphore_broken)) noexcept;

    size_t available_units() const noexcept { return units_; }
    bool has_waiters() noexcept { return !wait_list::empty(); }

 private:
    future<> wait_in_line(size_t units, time_point deadline);
    void on_departure() noexcept override { serve(); }
    void serve() noexcept {
        while (!wait_list::empty() && front_weight() <= units_) {
            units_ -= front_weight();
            wake_front();
        }
    }

    size_t units_;
    std::exception_ptr broken_;
};

// Units that return to their semaphore, which must outlive them, when this is destroyed.
class semaphore_units {
 public:
    semaphore_units() noexcept = default;
    // Takes over units that were waited for.
    semaphore_units(semaphore& s, size_t units) noexcept : semaphore_(&s), units_(units) {}
    semaphore_units(semaphore_units&& other) noexcept
        : semaphore_(other.semaphore_), units_(std::exchange(other.units_, 0)) {}
    semaphore_units& operator=(semaphore_units&& other) noexcept {
        std::swap(semaphore_, other.semaphore_);
        std::swap(units_, other.units_);
        other.give_back();
        return *this;
    }
    ~semaphore_units() { give_back(); }

    size_t count() const noexcept { return units_; }
    void give_back() noexcept {
        if (size_t n = std::exchange(units_, 0)) semaphore_->signal(n);
    }

 private:
    semaphore* semaphore_ = nullptr;
    size_t units_ = 0;
};

inline future<semaphore_units> get_units(semaphore& s, size_t units = 1, time_point deadline = never) {
    return s.wait(units, deadline).then([&s, units] { return semaphore_units(s, units); });
}

// Runs f, which may return a future, with `units` of s.
template <typename F>
auto with_semaphore(semaphore& s, size_t units, F f) {
    return get_units(s, units).then([f = std::move(f)](semaphore_units held) mutable {
        return futurize_invoke(f).finally([held = std::move(held)] {});
    });
}

}  // namespace millrace
