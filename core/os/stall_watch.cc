#include "core/os/stall_watch.hh"

#include "core/run_queue.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <memory>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace millrace {

namespace {

// Of the handler itself and what the kernel puts under it.
constexpr size_t frames_of_the_watch = 3;
// Interrupting more often would be the work that it looks for.
constexpr duration shortest_quota = std::chrono::milliseconds(1);

int tick_signal() noexcept {
    return SIGRTMIN + 7;
}

duration read(clockid_t which) noexcept {
    timespec t;
    ::clock_gettime(which, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

std::string describe_frame(void* frame) {
    Dl_info where{};
    const auto address = uintptr_t(frame);
    if (!::dladdr(frame, &where) || !where.dli_fname) return fmt::format("{:#x}", address);
    std::string line = fmt::format("{} {:#x}", where.dli_fname, address - uintptr_t(where.dli_fbase));
    if (!where.dli_sname) return line;
    int error = 0;
    const std::unique_ptr<char, void (*)(void*)> plain(
        abi::__cxa_demangle(where.dli_sname, nullptr, nullptr, &error), std::free);
    return line + ' ' + (plain ? plain.get() : where.dli_sname);
}

}  // namespace

stall_watch::stall_watch(duration quota, const uint64_t& turns, const run_queue& tasks) noexcept
    : quota_(std::max(quota, shortest_quota)), turns_(turns), tasks_(tasks) {
    // The first call loads a library, which a handler must not.
    (void)::backtrace(last_.frames.data(), int(max_frames));
    struct sigaction action {};
    action.sa_sigaction = &stall_watch::on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigaction(tick_signal(), &action, nullptr);
    sigevent how{};
    how.sigev_notify = SIGEV_THREAD_ID;
    how.sigev_signo = tick_signal();
    how.sigev_value.sival_ptr = this;
    how._sigev_un._tid = pid_t(::syscall(SYS_gettid));
    has_timer_ = ::timer_create(CLOCK_MONOTONIC, &how, &timer_) == 0;
    start();
}

// A tick that is on its way would find nobody: it is let in while it still finds the watch.
stall_watch::~stall_watch() {
    if (!has_timer_) return;
    set_timer(duration::zero());
    sigset_t ticks;
    sigemptyset(&ticks);
    sigaddset(&ticks, tick_signal());
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &ticks, &before);
    ::timer_delete(timer_);
    const timespec at_once{};
    while (::sigtimedwait(&ticks, nullptr, &at_once) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void stall_watch::start() noexcept {
    ticking_ = true;
    seen_ = ~uint64_t(0);
    set_timer(quota_);
}

void stall_watch::set_timer(duration period) noexcept {
    if (!has_timer_) return;
    itimerspec when{};
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(period);
    when.it_interval = {whole.count(), (period - whole).count()};
    when.it_value = when.it_interval;
    ::timer_settime(timer_, 0, &when, nullptr);
}

void stall_watch::on_signal(int, siginfo_t* info, void*) noexcept {
    const int saved = errno;
    static_cast<stall_watch*>(info->si_value.sival_ptr)->on_tick();
    errno = saved;
}

// In a signal handler: system calls and arithmetic only.
void stall_watch::on_tick() noexcept {
    if (asleep_) {
        ticking_ = false;
        set_timer(duration::zero());
        return;
    }
    const uint64_t progress = static_cast<const volatile uint64_t&>(turns_) + tasks_.started();
    const bool kept_waiting = was_kept_waiting();
    const time_point now(read(CLOCK_MONOTONIC));
    if (progress != seen_) {
        seen_ = progress;
        since_ = now;
        found_this_ = false;
        return;
    }
    if (found_this_) last_.lasted = now - since_;  // it goes on
    if (kept_waiting || unread_) return;
    found_this_ = true;
    last_.lasted = now - since_;
    last_.depth = size_t(::backtrace(last_.frames.data(), int(max_frames)));
    found_ = found_ + 1;
    unread_ = true;
}

// Since the last tick the thread neither ran nor waited for anything: others had the CPU.
bool stall_watch::was_kept_waiting() noexcept {
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    const duration on_cpu = read(CLOCK_THREAD_CPUTIME_ID);
    const bool ran = on_cpu - on_cpu_ > quota_ / 2;
    const bool blocked = used.ru_nvcsw != blocked_;
    on_cpu_ = on_cpu;
    blocked_ = used.ru_nvcsw;
    return !ran && !blocked;
}

stall_watch::stall stall_watch::take() noexcept {
    longest_ = std::max(longest_, uint64_t(last_.lasted.count()));
    stall taken = last_;
    unread_ = false;
    return taken;
}

std::vector<std::string> describe(const stall_watch::stall& s) {
    std::vector<std::string> lines;
    for (size_t i = std::min(frames_of_the_watch, s.depth); i < s.depth; ++i)
        lines.push_back(describe_frame(s.frames[i]));
    return lines;
}

}  // namespace millrace
