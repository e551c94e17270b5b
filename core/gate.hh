// Counts work in progress, so that its surroundings can wait for its end before they go.
#pragma once

#include "core/error.hh"
#include "core/future.hh"
#include "core/promise.hh"

#include <cstddef>
#include <optional>
#include <utility>

namespace millrace {

class gate {
 public:
    class holder;

    gate() noexcept = default;
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;
    // Nobody may be inside, except when the whole shard ends.
    ~gate() { CHECK(count_ == 0 || (run_queue::has_current() && run_queue::current().ending())); }

    bool try_enter() noexcept {
        if (closing_) return false;
        ++count_;
        return true;
    }
    // Throws errc::gate_closed.
    void enter() {
        check();
        ++count_;
    }
    void leave() noexcept {
        CHECK(count_ > 0);
        if (--count_ == 0 && closing_) closing_->set_value();
    }
    // Enters until the holder is gone. Throws errc::gate_closed.
    holder hold();

    // Nobody enters any more; resolves when the last one left. Once.
    future<> close() {
        CHECK(!closing_);
        closing_.emplace();
        if (count_ == 0) closing_->set_value();
        return closing_->get_future();
    }

    bool is_closed() const noexcept { return closing_.has_value(); }
    size_t count() const noexcept { return count_; }
    // Throws errc::gate_closed if the gate is closed.
    void check() const {
        if (closing_) throw std::system_error(errc::gate_closed);
    }

 private:
    size_t count_ = 0;
    std::optional<promise<>> closing_;
};

// One that is inside.
class [[nodiscard]] gate::holder {
 public:
    holder(holder&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    holder& operator=(holder&& other) noexcept {
        std::swap(gate_, other.gate_);
        return *this;
    }
    ~holder() {
        if (gate_) gate_->leave();
    }

 private:
    friend class gate;
    explicit holder(gate& g) noexcept : gate_(&g) {}
    gate* gate_;
};

inline gate::holder gate::hold() {
    enter();
    return holder(*this);
}

// Runs f, which may return a future, inside the gate; fails with errc::gate_closed if that is closed.
template <typename F>
auto with_gate(gate& g, F&& f) {
    using result = decltype(futurize_invoke(f));
    if (g.is_closed()) return result(failure{to_exception_ptr(errc::gate_closed), {}});
    auto inside = g.hold();
    return futurize_invoke(std::forward<F>(f)).finally([inside = std::move(inside)] {});
}

}  // namespace millrace
