// Shards: threads that share nothing, one per core, each with its reactor; and running something on another
// one.
#pragma once

#include "core/error.hh"
#include "core/future.hh"
#include "core/mailbox.hh"
#include "core/promise.hh"
#include "core/reactor.hh"
#include "core/run_queue.hh"

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace millrace {

class post_office;

inline shard_id this_shard() noexcept {
    return reactor::current().shard();
}
// Of the current shard's group.
inline unsigned shard_count() noexcept {
    return reactor::current().shards();
}

struct shards_options {
    unsigned count = 1;
    // Where shard i runs: cpus[i]. Empty: wherever the kernel puts it.
    std::vector<unsigned> cpus = {};
    // Given: all shards take turns in the caller's thread by this clock, driven from outside, as in a
    // simulation.
    millrace::clock* time = nullptr;
    uint64_t seed = 1;  // of shard 0; each has its own
    idle_policy idle = idle_policy::adaptive;
    duration spin = reactor_options{}.spin;
    duration stall = reactor_options{}.stall;
    size_t ring_capacity = 256;  // parcels from one shard to one other; a power of two
};

// A group of shards and the mailboxes between them.
class shards {
 public:
    // Throws std::system_error if there are too few descriptors, std::invalid_argument with a sentence if the
    // CPUs do not fit.
    explicit shards(const shards_options& options);
    shards(const shards&) = delete;
    shards& operator=(const shards&) = delete;
    // Runs what is ready to its end.
    ~shards();

    unsigned count() const noexcept { return unsigned(members_.size()); }
    reactor& at(shard_id s) noexcept;

    // Starts the threads, with the caller's as shard 0, and runs `main` there. When its future has resolved,
    // all shards run what is still ready or on its way between them to its end, and the threads end. Work
    // that never comes to an end keeps this from returning; timers still armed do not. Throws what `main`
    // failed with.
    void run(const std::function<future<>()>& main);

 private:
    struct member;

    std::exception_ptr run_first(const std::function<future<>()>& main);
    void come_to_rest();
    void work(shard_id s) noexcept;

    shards_options options_;
    std::unique_ptr<post_office> office_;
    std::vector<std::unique_ptr<member>> members_;
};

// The CPUs that this process may run on, ascending.
std::vector<unsigned> available_cpus();
// "0-3,6": a list of CPUs. Throws std::invalid_argument with a sentence.
std::vector<unsigned> parse_cpus(std::string_view text);

// ---- submit_to

// A function on its way to another shard and its result on the way back. Lives on the shard that submitted
// it; the other one only borrows it.
template <typename F>
class submission final : public task {
 public:
    using result = decltype(futurize_invoke(std::declval<F&>()));
    using value = typename result::value_type;

    template <typename G>
    submission(shard_id origin, G&& f) : origin_(origin), f_(std::forward<G>(f)) {}
    result get_future() { return answer_.get_future(); }

    // On the other shard, which runs nothing any more if it has ended.
    void arrive() noexcept {
        if (run_queue::current().ending()) return return_home();
        schedule(*this);
    }
    void run() noexcept override {
        // What becomes of the rest is told by the answer.
        (void)futurize_invoke(f_).then_wrapped(
            [loan = borrowed(this)](result r) mutable noexcept { loan.give_back(std::move(r)); });
    }

 private:
    struct nothing {};
    using stored = std::conditional_t<std::is_void_v<value>, nothing, value>;

    // Takes the submission home, without a result if the other shard ended before there was one.
    class borrowed {
     public:
        explicit borrowed(submission* s) noexcept : submission_(s) {}
        borrowed(borrowed&& other) noexcept : submission_(std::exchange(other.submission_, nullptr)) {}
        ~borrowed() {
            if (submission_) submission_->return_home();
        }
        void give_back(result r) noexcept {
            submission_->keep(std::move(r));
            std::exchange(submission_, nullptr)->return_home();
        }

     private:
        submission* submission_;
    };

    void keep(result r) noexcept {
        if (r.failed()) {
            error_ = r.get_exception();
        } else if constexpr (std::is_void_v<value>) {
            r.get();
            value_.emplace();
        } else {
            value_.emplace(r.get());
        }
    }
    void return_home() noexcept {
        post(origin_, [self = std::unique_ptr<submission>(this)]() noexcept { self->finish(); });
    }

    // At home again.
    void finish() noexcept {
        if (error_)
            answer_.set_exception(std::move(error_));
        else if (!value_)
            answer_.set_exception(make_error_code(errc::shard_stopped));
        else if constexpr (std::is_void_v<value>)
            answer_.set_value();
        else
            answer_.set_value(std::move(*value_));
    }

    shard_id origin_;
    F f_;
    promise<value> answer_;
    std::optional<stored> value_;
    std::exception_ptr error_;
};

// Runs f() as a task on another shard; on this one, at once. f may return a value, nothing or a future, and
// may be a coroutine. Resolves here with the result, which must be fit to change shards: a failure travels
// too. f stays where it is until then and is destroyed here. Fails with errc::shard_stopped if the other
// shard ends first.
//
// g++ 12 destroys a lambda's captures twice if the lambda is written inside a co_await expression (harmless
// only for trivial ones). Name it first: `auto f = [key] {...}; co_await submit_to(1, std::move(f));`.
template <typename F>
auto submit_to(shard_id to, F&& f) -> typename submission<std::remove_cvref_t<F>>::result {
    using function = std::remove_cvref_t<F>;
    if (to != this_shard()) {
        auto s = std::make_unique<submission<function>>(this_shard(), std::forward<F>(f));
        auto answer = s->get_future();
        post(to, [s = std::move(s)]() mutable noexcept { s.release()->arrive(); });
        return answer;
    }
    if constexpr (std::is_empty_v<function>) {
        return futurize_invoke(f);
    } else {
        auto kept = std::make_unique<function>(std::forward<F>(f));
        auto result = futurize_invoke(*kept);
        if (result.available()) return result;
        return result.finally([kept = std::move(kept)] {});
    }
}

}  // namespace millrace
