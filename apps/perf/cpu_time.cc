#include "apps/perf/cpu_time.hh"

#include <charconv>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace millrace::perf {

duration thread_cpu_time() noexcept {
    rusage used{};
    if (::getrusage(RUSAGE_THREAD, &used) != 0) return duration::zero();
    const auto time = [](const timeval& t) {
        return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_usec);
    };
    return time(used.ru_utime) + time(used.ru_stime);
}

// "PID (NAME) STATE ...": the name may hold anything, also blanks and parentheses.
std::optional<uint64_t> ticks_of(std::string_view stat) {
    const size_t name_end = stat.rfind(')');
    if (name_end == stat.npos) return std::nullopt;
    std::string_view rest = stat.substr(name_end + 1);
    uint64_t ticks = 0;
    for (unsigned field = 3; field <= 15; ++field) {
        const size_t blank = rest.find(' ');
        if (blank == rest.npos) return std::nullopt;
        rest.remove_prefix(blank + 1);
        if (field < 14) continue;
        uint64_t n = 0;
        if (std::from_chars(rest.data(), rest.data() + rest.size(), n).ec != std::errc()) return std::nullopt;
        ticks += n;
    }
    return ticks;
}

std::optional<duration> process_cpu_time(unsigned pid) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(in, line)) return std::nullopt;
    const auto ticks = ticks_of(line);
    if (!ticks) return std::nullopt;
    return duration(int64_t(*ticks * (1'000'000'000 / uint64_t(::sysconf(_SC_CLK_TCK)))));
}

}  // namespace millrace::perf
