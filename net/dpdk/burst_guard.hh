// Keeps a device's bursts and DPDK's interrupt thread apart.
//
// When a memif peer leaves, DPDK's interrupt thread unmaps the shared memory, and a burst that is under way
// on a data thread reads freed memory. So each queue says when it is in a burst, and the interrupt thread
// waits until none is before it obeys a control message (it announces each in its log, see eal.cc).
// Afterwards the driver itself turns bursts away, as its link is down. The data thread pays two plain stores
// and a load: membarrier(2) on the rare side stands in for its fence. This is one of two places outside
// core/smp/ with atomics; the other thread is DPDK's.
#pragma once

#include <atomic>
#include <cstdint>

namespace millrace::net {

// Of one device; its queues look at it before each burst.
class burst_gate {
 public:
    burst_gate();
    burst_gate(const burst_gate&) = delete;
    burst_gate& operator=(const burst_gate&) = delete;
    ~burst_gate();

    static constexpr unsigned max_queues = 64;

    bool enter(unsigned queue) noexcept {
        busy_[queue].flag.store(true, std::memory_order_relaxed);
        if (fences_) std::atomic_thread_fence(std::memory_order_seq_cst);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        if (held_.load(std::memory_order_acquire) == 0) [[likely]]
            return true;
        leave(queue);
        return false;
    }
    void leave(unsigned queue) noexcept { busy_[queue].flag.store(false, std::memory_order_release); }

    // Counted: as many release()s open it again. hold() returns when no queue is in a burst.
    void hold() noexcept;
    void release() noexcept { held_.fetch_sub(1); }

 private:
    struct alignas(64) busy {
        std::atomic<bool> flag{false};
    };

    std::atomic<int> held_{0};
    bool fences_;  // the kernel has no membarrier
    busy busy_[max_queues];
};

// On DPDK's interrupt thread: holds all gates until it has done with the message at hand.
void hold_bursts() noexcept;

}  // namespace millrace::net
