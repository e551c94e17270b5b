// A wish to stop, told to whoever waits in places that know nothing of each other.
#pragma once

#include "core/error.hh"
#include "core/failure.hh"
#include "core/linked_list.hh"

#include <exception>
#include <utility>

namespace millrace {

// Hears of the wish once.
class abort_subscription : public list_link {
 public:
    // No longer subscribed by now: may destroy itself and others.
    virtual void on_abort() noexcept = 0;

 protected:
    abort_subscription() noexcept = default;
    ~abort_subscription() = default;
};

class abort_source {
 public:
    abort_source() noexcept = default;
    abort_source(const abort_source&) = delete;
    abort_source& operator=(const abort_source&) = delete;

    bool abort_requested() const noexcept { return reason_ != nullptr; }
    // Calls all subscribers, in order of their subscription. Later calls do nothing.
    void request_abort(std::exception_ptr reason = to_exception_ptr(errc::aborted)) noexcept {
        if (abort_requested()) return;
        reason_ = std::move(reason);
        while (!subscribers_.empty()) subscribers_.pop_front().on_abort();
    }
    // What to fail with; null while nobody asked.
    const std::exception_ptr& reason() const noexcept { return reason_; }
    // Throws the reason if abort was requested.
    void check() const {
        if (reason_) std::rethrow_exception(reason_);
    }

    // Ends with the subscription. False, and not subscribed, if abort was requested already.
    bool subscribe(abort_subscription& s) noexcept {
        if (abort_requested()) return false;
        subscribers_.push_back(s);
        return true;
    }

 private:
    std::exception_ptr reason_;
    linked_list<abort_subscription> subscribers_;
};

// Calls f once abort is requested, at once if it was before; never after the callback is destroyed.
template <typename F>
class [[nodiscard]] abort_callback final : public abort_subscription {
 public:
    abort_callback(abort_source& source, F f) : f_(std::move(f)) {
        if (!source.subscribe(*this)) f_();
    }

    void on_abort() noexcept override { f_(); }

 private:
    F f_;
};

}  // namespace millrace
