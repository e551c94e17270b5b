#include "net/dpdk/burst_guard.hh"

#include <rte_alarm.h>

#include <algorithm>
#include <chrono>
#include <linux/membarrier.h>
#include <mutex>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace millrace::net {

namespace {

long membarrier(int command) noexcept {
    return ::syscall(SYS_membarrier, command, 0, 0);
}

// Gates of open devices. Those held are opened again by an alarm: DPDK's interrupt thread runs it when it has
// done with the message for which it held them.
class gate_registry {
 public:
    void add(burst_gate& g) {
        const std::lock_guard lock(mutex_);
        gates_.push_back(&g);
    }

    void remove(burst_gate& g) noexcept {
        const std::lock_guard lock(mutex_);
        std::erase(gates_, &g);
        std::erase(held_, &g);
    }

    void hold() noexcept {
        const std::lock_guard lock(mutex_);
        for (burst_gate* g : gates_) {
            if (std::find(held_.begin(), held_.end(), g) != held_.end()) continue;
            g->hold();
            held_.push_back(g);
        }
        const auto open = [](void* self) { static_cast<gate_registry*>(self)->release(); };
        if (rte_eal_alarm_set(1, open, this) != 0) release_held();
    }

 private:
    void release() noexcept {
        const std::lock_guard lock(mutex_);
        release_held();
    }

    void release_held() noexcept {
        for (burst_gate* g : held_) g->release();
        held_.clear();
    }

    std::mutex mutex_;
    std::vector<burst_gate*> gates_;
    std::vector<burst_gate*> held_;
};

// Never destroyed: DPDK's interrupt thread outlives main().
gate_registry& registry() noexcept {
    static auto* r = new gate_registry;
    return *r;
}

// A burst takes microseconds. A thread that was stopped inside one (by a debugger, say) is not waited for
// longer.
constexpr auto patience = std::chrono::milliseconds(200);

}  // namespace

burst_gate::burst_gate() : fences_(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0) {
    registry().add(*this);
}

burst_gate::~burst_gate() {
    registry().remove(*this);
}

void burst_gate::hold() noexcept {
    held_.fetch_add(1);
    if (!fences_) membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (const busy& b : busy_) {
        while (b.flag.load(std::memory_order_acquire)) {
            if (std::chrono::steady_clock::now() > deadline) return;
            ::sched_yield();
        }
    }
}

void hold_bursts() noexcept {
    registry().hold();
}

}  // namespace millrace::net
