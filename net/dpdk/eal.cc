#include "net/dpdk/eal.hh"

#include "core/log.hh"
#include "net/dpdk/burst_guard.hh"
#include "net/dpdk_device.hh"

#include <rte_alarm.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_interrupts.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_version.h>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>
#include <sched.h>
#include <string_view>
#include <sys/types.h>
#include <thread>

namespace millrace::net {

namespace {

logger eal_log("dpdk");

std::mutex start_mutex;
std::optional<eal_settings> started;
std::string last_complaint;  // what EAL said last at its level "error", for our own message

// EAL pins the thread that starts it, and what that thread starts afterwards: neither is wanted.
class kept_affinity {
 public:
    kept_affinity() noexcept { valid_ = ::sched_getaffinity(0, sizeof set_, &set_) == 0; }
    ~kept_affinity() {
        if (valid_) ::sched_setaffinity(0, sizeof set_, &set_);
    }
    kept_affinity(const kept_affinity&) = delete;
    kept_affinity& operator=(const kept_affinity&) = delete;

    // One main lcore that may run on any processor that we may.
    std::string lcores() const {
        std::string cpus;
        for (int cpu = 0; valid_ && cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &set_)) cpus += fmt::format("{}{}", cpus.empty() ? "" : ",", cpu);
        }
        return fmt::format("--lcores=0@({})", cpus.empty() ? "0" : cpus);
    }

 private:
    cpu_set_t set_{};
    bool valid_ = false;
};

void log_line(std::string_view line) noexcept {
    while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty()) return;
    if (rte_log_cur_msg_loglevel() <= int(RTE_LOG_ERR)) last_complaint = line;
    eal_log.debug("{}", line);
}

// memif announces in a log line every control message that it is about to obey, on DPDK's interrupt thread:
// the one moment at which the bursts of the data threads can still be held off. See burst_guard.hh.
bool announces_memif_control(std::string_view line) noexcept {
    return line.starts_with("memif_") && rte_thread_is_intr();
}

ssize_t write_log(void*, const char* text, size_t size) noexcept {
    std::string_view lines(text, size);
    if (announces_memif_control(lines)) hold_bursts();
    while (!lines.empty()) {
        const size_t end = std::min(lines.find('\n'), lines.size());
        log_line(lines.substr(0, end));
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
    return ssize_t(size);
}

// Stays open to the end of the process, as DPDK's threads do.
void redirect_log() {
    std::FILE* stream =
        ::fopencookie(nullptr, "w", {.read = nullptr, .write = write_log, .seek = nullptr, .close = nullptr});
    if (!stream) return;
    std::setvbuf(stream, nullptr, _IOLBF, BUFSIZ);
    rte_openlog_stream(stream);
}

std::vector<std::string> arguments(const eal_settings& s, const std::string& lcores) {
    std::vector<std::string> a{"millrace", lcores, "--no-telemetry", "-m", std::to_string(s.memory_mib)};
    if (!s.hugepages) a.insert(a.end(), {"--no-huge", "--no-shconf"});
    if (s.pci_device.empty()) {
        a.push_back("--no-pci");
    } else {
        a.insert(a.end(), {"-a", s.pci_device});
    }
    a.insert(a.end(), s.more_arguments.begin(), s.more_arguments.end());
    return a;
}

void initialise(const eal_settings& s) {
    const kept_affinity affinity;
    std::vector<std::string> words = arguments(s, affinity.lcores());
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    redirect_log();
    if (rte_eal_init(int(argv.size()), argv.data()) < 0) {
        const std::string_view advice =
            s.hugepages ? "are there enough free hugepages (/proc/meminfo)? Without them leave hugepages off"
                        : "is there that much memory, and is DPDK's own argument list right?";
        throw device_error(fmt::format("DPDK does not start with {} MiB of {} ({}: {}); {}", s.memory_mib,
                                       s.hugepages ? "hugepages" : "memory", rte_strerror(rte_errno),
                                       last_complaint, advice));
    }
    eal_log.debug("{} started with {} MiB", rte_version(), s.memory_mib);
}

}  // namespace

void start_eal(const eal_settings& settings) {
    const std::lock_guard lock(start_mutex);
    if (!started) {
        initialise(settings);
        started = settings;
        return;
    }
    if (!settings.pci_device.empty() && started->pci_device != settings.pci_device) {
        throw device_error(
            fmt::format("device \"{}\": DPDK runs already in this process and was not told to look for it; "
                        "open PCI devices first, and only one",
                        settings.pci_device));
    }
}

unsigned eal_memory_mib() noexcept {
    return started ? started->memory_mib : 0;
}

void register_eal_thread() noexcept {
    struct registration {
        registration() noexcept : needed(rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0) {}
        ~registration() {
            if (needed) rte_thread_unregister();
        }
        bool needed;
    };
    thread_local registration of_this_thread;
    (void)of_this_thread;
}

void run_on_interrupt_thread(const std::function<void()>& f) noexcept {
    struct errand {
        const std::function<void()>& f;
        std::atomic<bool> done{false};
    } e{f};
    const auto run = [](void* argument) {
        auto& self = *static_cast<errand*>(argument);
        self.f();
        self.done.store(true, std::memory_order_release);
    };
    if (rte_thread_is_intr() || rte_eal_alarm_set(1, run, &e) != 0) return f();
    // Looked at again and again, as this is rare: then the other thread's last touch of this stack is that
    // store.
    while (!e.done.load(std::memory_order_acquire))
        std::this_thread::sleep_for(std::chrono::microseconds(100));
}

}  // namespace millrace::net
