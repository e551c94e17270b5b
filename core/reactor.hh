// reactor: the loop of one shard. Owns its time, timers, tasks and randomness, and knows the pollers that
// bring it work. An object like any other: several may take turns in one thread, in virtual time.
#pragma once

#include "core/check.hh"
#include "core/cost.hh"
#include "core/poller.hh"
#include "core/random.hh"
#include "core/run_queue.hh"
#include "core/time.hh"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace millrace {

class epoll;
class mailbox;
class metric_group;
class metric_registry;
class stall_watch;
class timer_wheel;

using shard_id = unsigned;

// What a shard does when it has nothing to do.
enum class idle_policy : uint8_t {
    adaptive,  // looks on for a while, then sleeps until a descriptor, another shard or a timer wakes it
    spin,      // looks on for ever: the shortest latency, and a whole core
};

struct reactor_options {
    shard_id shard = 0;
    unsigned shards = 1;              // of its group
    millrace::clock* time = nullptr;  // must outlive the reactor; null: the machine's monotonic clock
    uint64_t seed = 1;                // of rng()
    idle_policy idle = idle_policy::adaptive;
    duration spin = std::chrono::microseconds(50);  // adaptive: time without work before sleeping
    size_t tasks_per_turn = 1024;                   // then the pollers are asked again
    // In run(): what holds the shard for longer, up to twice as long, is reported with its backtrace. 0: off,
    // as in virtual time.
    duration stall = duration::zero();
};

struct reactor_counters {
    uint64_t turns = 0;
    uint64_t busy_turns = 0;  // in which something was done
    uint64_t tasks = 0;
    uint64_t timers = 0;  // expired
    uint64_t sleeps = 0;
    uint64_t slept_ns = 0;
    uint64_t stalls = 0;
    uint64_t longest_stall_ns = 0;
};

class reactor {
 public:
    explicit reactor(const reactor_options& options = {});
    reactor(const reactor&) = delete;
    reactor& operator=(const reactor&) = delete;
    // Ends what still waits, if end() has not. Timers still armed are cancelled without expiring.
    ~reactor();

    // The reactor whose turn it is on this thread, or whose scope this is.
    static reactor& current() noexcept {
        CHECK(current_ != nullptr);
        return *current_;
    }
    static bool has_current() noexcept { return current_ != nullptr; }
    class scope;

    shard_id shard() const noexcept { return options_.shard; }
    unsigned shards() const noexcept { return options_.shards; }
    // Read from the clock once a turn, and when a scope begins.
    time_point now() const noexcept { return now_; }
    // `delay` from now(); `never` if that lies beyond all time.
    time_point after(duration delay) const noexcept { return delay < never - now_ ? now_ + delay : never; }
    millrace::clock& clock() noexcept { return *clock_; }
    random& rng() noexcept { return rng_; }
    metric_registry& metrics() noexcept { return *metrics_; }
    const reactor_counters& counters() const noexcept { return counters_; }
    // Pollers tell it what they do. Stands still in virtual time.
    cost_meter& cost() noexcept { return cost_; }

    // Pollers are asked in the order in which they were added and flushed in the opposite order: who stands
    // on another is added after it and flushes before it. Removed by whoever added them. What they do counts
    // as `kind` of work, unless they tell cost() more.
    void add(poller& p, work_kind kind = work_kind::other);
    void remove(poller& p) noexcept;

    // One turn: poll, run tasks, flush, timers. True if anything was done.
    bool turn() noexcept;
    // Turns, sleeping as the policy says, until stop() was called and nothing is left ready to run.
    void run();
    void stop() noexcept { stopping_ = true; }
    // Destroys every coroutine and continuation that still waits, without running it. Nothing runs here any
    // more. On the thread that ran it.
    void end() noexcept;

    // No task is ready to run.
    bool idle() const noexcept { return tasks_.empty(); }
    // Nothing will expire before this; `never` if no timer is armed. May be earlier than the first deadline,
    // but is later than now() once a turn has taken place.
    time_point next_deadline() const noexcept;
    // Timers armed.
    size_t timers() const noexcept;

    // For the parts of core/.
    timer_wheel& wheel() noexcept { return *wheel_; }
    millrace::epoll& epoll();
    void set_mailbox(millrace::mailbox* m) noexcept { mailbox_ = m; }
    // The way to the other shards; null on a reactor that stands alone.
    millrace::mailbox* mailbox() noexcept { return mailbox_; }

 private:
    struct added_poller {
        poller* who;  // null: removed in this turn
        work_kind kind;
    };

    void declare_metrics();
    bool turn_here() noexcept;
    bool poll() noexcept;
    bool poll_descriptors(bool busy) noexcept;
    void flush() noexcept;
    void watch_for_stalls();
    void report_stall() noexcept;
    void sleep();
    duration longest_sleep() const noexcept;

    static thread_local constinit reactor* current_;

    reactor_options options_;
    system_clock machine_clock_;
    millrace::clock* clock_;
    time_point now_;
    random rng_;
    run_queue tasks_;
    std::unique_ptr<timer_wheel> wheel_;
    std::unique_ptr<millrace::epoll> epoll_;  // made when first needed: a simulated host has none
    std::vector<added_poller> pollers_;
    std::unique_ptr<stall_watch> stalls_;  // while run() runs
    time_point next_stall_report_{};
    millrace::mailbox* mailbox_ = nullptr;
    time_point last_work_;
    time_point last_look_;  // at descriptors
    bool stopping_ = false;
    reactor_counters counters_;
    cost_meter cost_;
    std::unique_ptr<metric_registry> metrics_;
    std::unique_ptr<metric_group> own_metrics_;
    std::unique_ptr<metric_group> cost_metrics_;
};

// Makes a reactor the current one while code outside its turns uses its timers, tasks or time.
class reactor::scope {
 public:
    explicit scope(reactor& r) noexcept;
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;
    ~scope();

 private:
    reactor* previous_;
    run_queue::scope tasks_;
    int log_shard_;
    millrace::clock* log_clock_;
};

}  // namespace millrace
