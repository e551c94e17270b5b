// Time as the framework counts it: nanoseconds on a clock that is always passed in.
#pragma once

#include <chrono>
#include <cstdint>

namespace millrace {

using duration = std::chrono::nanoseconds;

// Tag of the shard's monotonic time line. It has no now() on purpose: time comes from a `clock` object,
// so that everything also runs in virtual time.
struct monotonic {
    using duration = millrace::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<monotonic, duration>;
    static constexpr bool is_steady = true;
};

using time_point = monotonic::time_point;

// "Never": the deadline of what has none.
inline constexpr time_point never = time_point::max();

// Where time comes from. One per reactor; several reactors of a simulation share one.
class clock {
 public:
    virtual ~clock() = default;
    virtual time_point now() noexcept = 0;
};

// The machine's monotonic clock.
class system_clock final : public clock {
 public:
    time_point now() noexcept override;
};

// A clock that moves only when told to: virtual time. Never goes backwards.
class manual_clock final : public clock {
 public:
    // Starts at one second, so that "zero" stays distinguishable from "not set".
    explicit manual_clock(time_point start = time_point(std::chrono::seconds(1))) noexcept : now_(start) {}
    time_point now() noexcept override { return now_; }
    void advance(duration by) noexcept { now_ += by; }
    void advance_to(time_point t) noexcept {
        if (t > now_) now_ = t;
    }

 private:
    time_point now_;
};

}  // namespace millrace
