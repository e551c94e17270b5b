#include "core/reactor.hh"

#include "core/frame_cache.hh"
#include "core/log.hh"
#include "core/metrics.hh"
#include "core/os/epoll.hh"
#include "core/os/stall_watch.hh"
#include "core/time/timer_wheel.hh"
#include "core/units.hh"

#include <algorithm>
#include <utility>

namespace millrace {

namespace {

// How long a busy shard leaves descriptors alone that do not ask for every turn.
constexpr duration look_interval = std::chrono::microseconds(20);
// How many times as long as it sleeps, a shard with nothing to wake it has been without work.
constexpr int quiet_per_sleep = 4;
// The cycle counter of virtual time.
constexpr uint64_t stands_still = 0;
constexpr duration between_stall_reports = std::chrono::seconds(1);

logger log("reactor");

}  // namespace

thread_local constinit reactor* reactor::current_ = nullptr;

reactor::reactor(const reactor_options& options)
    : options_(options),
      clock_(options.time ? options.time : &machine_clock_),
      now_(clock_->now()),
      rng_(options.seed),
      wheel_(std::make_unique<timer_wheel>(now_)),
      last_work_(now_),
      last_look_(now_),
      cost_(options.time ? &stands_still : nullptr),
      metrics_(std::make_unique<metric_registry>()),
      own_metrics_(std::make_unique<metric_group>(*metrics_, "reactor")),
      cost_metrics_(std::make_unique<metric_group>(*metrics_, "cost")) {
    declare_metrics();
}

void reactor::declare_metrics() {
    own_metrics_->counter("turns", "turns of the shard's loop", counters_.turns)
        .counter("busy_turns", "turns in which something was done", counters_.busy_turns)
        .counter("tasks", "tasks run", counters_.tasks)
        .counter("timers_expired", "timers that expired", counters_.timers)
        .counter("sleeps", "times the shard slept for want of work", counters_.sleeps)
        .counter("slept_nanoseconds", "time spent asleep", counters_.slept_ns)
        .counter("stalls", "times one task, poll or flush held the shard beyond the quota", counters_.stalls)
        .gauge("longest_stall_nanoseconds", "how long the longest of them did, at least",
               counters_.longest_stall_ns)
        .gauge("timers_armed", "timers that wait", [this] { return double(timers()); });
    for (size_t i = 0; i < works; ++i)
        cost_metrics_->counter("cycles",
                               "cycles spent, by kind of work; estimated from a sample of the turns",
                               cost_.cycles(work_kind(i)), {{"work", std::string(to_string(work_kind(i)))}});
    const bool real = options_.time == nullptr;
    cost_metrics_
        ->gauge("cycles_per_second", "the rate of the cycle counter; 0 in virtual time",
                [real] { return real ? cycles_per_second() : 0.0; })
        .gauge("heap_allocations", "small objects and buffers for which the shard's cache asked the heap",
               [real] { return real ? double(frame_cache::heap_allocations()) : 0.0; });
}

reactor::~reactor() {
    end();
}

void reactor::add(poller& p, work_kind kind) {
    if (p.wakeup_fd() >= 0) epoll().add_wakeup(p.wakeup_fd());
    pollers_.push_back({&p, kind});
}

void reactor::remove(poller& p) noexcept {
    auto found = std::find_if(pollers_.begin(), pollers_.end(), [&p](const auto& a) { return a.who == &p; });
    CHECK(found != pollers_.end());
    if (p.wakeup_fd() >= 0) epoll_->remove_wakeup(p.wakeup_fd());
    found->who = nullptr;
}

bool reactor::turn() noexcept {
    if (current_ == this) return turn_here();
    scope here(*this);
    return turn_here();
}

bool reactor::turn_here() noexcept {
    cost_.begin_turn();
    now_ = clock_->now();
    bool worked = poll();
    if (stalls_ && (worked || !tasks_.empty())) watch_for_stalls();
    cost_.enter(work_kind::tasks);
    const size_t ran = tasks_.run(options_.tasks_per_turn);
    flush();
    cost_.enter(work_kind::timers);
    const size_t expired = wheel_->expire(now_);
    cost_.enter(work_kind::other);
    std::erase_if(pollers_, [](const added_poller& a) { return !a.who; });
    worked |= ran > 0 || expired > 0 || !tasks_.empty();
    ++counters_.turns;
    counters_.tasks += ran;
    counters_.timers += expired;
    if (worked) {
        ++counters_.busy_turns;
        last_work_ = now_;
    }
    cost_.end_turn(worked);
    return worked;
}

bool reactor::poll() noexcept {
    bool worked = false;
    for (size_t i = 0; i < pollers_.size(); ++i) {
        if (!pollers_[i].who) continue;
        cost_.enter(pollers_[i].kind);
        worked |= pollers_[i].who->poll();
    }
    return poll_descriptors(worked) || worked;
}

bool reactor::poll_descriptors(bool busy) noexcept {
    if (!epoll_ || !epoll_->watching()) return false;
    const bool may_wait = busy || !epoll_->watching_every_turn();
    if (may_wait && now_ - last_look_ < look_interval) return false;
    last_look_ = now_;
    cost_scope measured(cost_, work_kind::descriptors);
    epoll_->wait(duration::zero());
    return epoll_->dispatch();
}

void reactor::flush() noexcept {
    for (size_t i = pollers_.size(); i-- > 0;) {
        if (!pollers_[i].who) continue;
        cost_.enter(pollers_[i].kind);
        pollers_[i].who->flush();
    }
}

void reactor::run() {
    scope here(*this);
    if (options_.stall > duration::zero() && !options_.time)
        stalls_ = std::make_unique<stall_watch>(options_.stall, counters_.turns, tasks_);
    while (true) {
        if (turn_here()) continue;
        if (stopping_) break;
        if (options_.idle == idle_policy::adaptive && now_ - last_work_ >= options_.spin) sleep();
    }
    if (stalls_) watch_for_stalls();
    stalls_.reset();
    stopping_ = false;
}

void reactor::watch_for_stalls() {
    stalls_->resume();
    if (stalls_->waiting()) [[unlikely]]
        report_stall();
}

void reactor::report_stall() noexcept {
    const stall_watch::stall s = stalls_->take();
    counters_.stalls = stalls_->found();
    counters_.longest_stall_ns = stalls_->longest();
    if (now_ < next_stall_report_) return;
    next_stall_report_ = now_ + between_stall_reports;
    log.warn("one piece of work held the shard for at least {}; it was found here, innermost first:",
             format_duration(std::chrono::floor<std::chrono::microseconds>(s.lasted)));
    for (const std::string& frame : describe(s)) log.warn("  {}", frame);
}

void reactor::end() noexcept {
    scope here(*this);
    tasks_.end();
}

void reactor::sleep() {
    size_t prepared = 0;
    while (prepared < pollers_.size() && pollers_[prepared].who->prepare_sleep()) ++prepared;
    const bool all_quiet = prepared == pollers_.size() && tasks_.empty();
    if (all_quiet) {
        const uint64_t asleep_since = cost_.now();
        if (stalls_) stalls_->fall_asleep();
        epoll().wait(longest_sleep());
        if (stalls_) stalls_->wake_up();
        cost_.add_sleep(cost_.now() - asleep_since);
        const time_point before = std::exchange(now_, clock_->now());
        ++counters_.sleeps;
        counters_.slept_ns += uint64_t((now_ - before).count());
    }
    for (size_t i = 0; i < prepared; ++i) pollers_[i].who->woke();
    if (all_quiet && epoll_->dispatch()) last_work_ = now_;
}

duration reactor::longest_sleep() const noexcept {
    duration longest = duration::max();
    for (const added_poller& p : pollers_) longest = std::min(longest, p.who->max_sleep());
    // Nothing wakes a shard for what must be looked at: then it sleeps a part of the time that has been
    // quiet, so that an answer waits little longer than it took. Two such shards that talk with each other
    // would else sleep in turns, each while the other looks on.
    if (longest != duration::max()) longest = std::min(longest, (now_ - last_work_) / quiet_per_sleep);
    const time_point deadline = next_deadline();
    if (deadline != never) longest = std::min(longest, std::max(deadline - clock_->now(), duration::zero()));
    return longest == duration::max() ? duration(-1) : longest;
}

time_point reactor::next_deadline() const noexcept {
    return wheel_->next_deadline();
}

size_t reactor::timers() const noexcept {
    return wheel_->size();
}

epoll& reactor::epoll() {
    if (!epoll_) epoll_ = std::make_unique<millrace::epoll>();
    return *epoll_;
}

reactor::scope::scope(reactor& r) noexcept : previous_(std::exchange(current_, &r)), tasks_(r.tasks_) {
    const log_origin before = set_log_origin({int(r.options_.shard), r.options_.time});
    log_shard_ = before.shard;
    log_clock_ = before.virtual_time;
    r.now_ = r.clock_->now();
}

reactor::scope::~scope() {
    set_log_origin({log_shard_, log_clock_});
    current_ = previous_;
}

}  // namespace millrace
