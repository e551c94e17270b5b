// DPDK's environment (EAL): started once in a process, with its log led into ours.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace millrace::net {

struct eal_settings {
    unsigned memory_mib = 256;
    bool hugepages = false;
    std::string pci_device;  // devargs of the one device that DPDK may touch; empty: it does not look for any
    std::vector<std::string> more_arguments;
};

// Starts it with the first caller's settings; later calls do nothing. Throws device_error if it does not
// start, or has started without what this caller needs.
void start_eal(const eal_settings& settings);

// MiB of memory that DPDK was started with.
unsigned eal_memory_mib() noexcept;

// Makes the calling thread known to DPDK, so that it has caches of its own in the memory pools. Once per
// thread is enough; undone when the thread ends.
void register_eal_thread() noexcept;

// Has `f` run by DPDK's interrupt thread, and waits for it: what must not happen while that thread is in a
// driver.
void run_on_interrupt_thread(const std::function<void()>& f) noexcept;

}  // namespace millrace::net
