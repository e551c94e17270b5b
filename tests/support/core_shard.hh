// A shard inside a test: its tasks run when the test says so, in virtual time; failures that nobody read are
// kept for the test to look at.
#pragma once

#include "core/failure.hh"
#include "core/reactor.hh"
#include "core/time.hh"

#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace millrace::test {

// Collects forgotten failures instead of logging them.
class forgotten_scope {
 public:
    forgotten_scope() : previous_(set_forgotten_failure_handler(&keep)) { list().clear(); }
    ~forgotten_scope() { set_forgotten_failure_handler(previous_); }
    std::vector<failure>& failures() { return list(); }

 private:
    static std::vector<failure>& list() {
        static thread_local std::vector<failure> kept;
        return kept;
    }
    static void keep(const failure& f) noexcept { list().push_back(f); }
    forgotten_failure_handler previous_;
};

class shard {
 public:
    // Turns until nothing is ready.
    void run() {
        while (reactor_->turn()) {
        }
    }
    void advance(duration d) {
        clock_.advance(d);
        run();
    }
    // Ends the shard, what waits on it included.
    void end() {
        scope_.reset();
        reactor_.reset();
    }
    time_point now() { return clock_.now(); }
    reactor& loop() { return *reactor_; }
    std::vector<failure>& forgotten() { return forgotten_.failures(); }

 private:
    forgotten_scope forgotten_;
    manual_clock clock_;
    std::optional<reactor> reactor_{std::in_place, reactor_options{.time = &clock_}};
    std::optional<reactor::scope> scope_{*reactor_};
};

// The error code that a failed future carries; none if it carries another exception or a value.
template <typename Future>
std::error_code code_of(Future&& f) {
    try {
        (void)f.get();
    } catch (const std::system_error& e) {
        return e.code();
    } catch (...) {
    }
    return {};
}

}  // namespace millrace::test
