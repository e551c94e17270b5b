#include "core/os/cpu.hh"

#include <cerrno>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <system_error>

namespace millrace {

namespace {

bool allow_this_thread(const std::vector<unsigned>& cpus) noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned cpu : cpus)
        if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
    return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace

std::vector<unsigned> usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) < 0)
        throw std::system_error(errno, std::system_category(), "sched_getaffinity");
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    return cpus;
}

pinned_to_cpu::pinned_to_cpu(unsigned cpu) : before_(usable_cpus()) {
    if (!allow_this_thread({cpu}))
        throw std::system_error(errno, std::system_category(),
                                "pinning a thread to CPU " + std::to_string(cpu));
}

pinned_to_cpu::~pinned_to_cpu() {
    allow_this_thread(before_);
}

void sharpen_sleep() noexcept {
    ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

}  // namespace millrace
