// One receive and one transmit queue of a DPDK port.
#pragma once

#include "net/device.hh"
#include "net/dpdk/burst_guard.hh"
#include "net/dpdk/port.hh"

#include <array>
#include <cstdint>

struct rte_mbuf;
struct rte_mempool;

namespace millrace::net {

class dpdk_queue final : public device_queue {
 public:
    // Receives from queue `rx` of the port and sends into queue `tx`.
    dpdk_queue(port& p, unsigned rx, unsigned tx);
    ~dpdk_queue() override;

    size_t receive(std::span<packet> out) noexcept override;
    size_t transmit(std::span<packet> packets) noexcept override;
    buffer allocate() noexcept override;
    size_t prepare(std::span<packet> packets) noexcept override;
    bool scarce() const noexcept override { return scarce_; }

    int wakeup_fd() const noexcept override { return wakeup_; }
    bool arm_wakeup() noexcept override;
    void disarm_wakeup() noexcept override;

 private:
    static constexpr size_t burst = 64;
    static constexpr size_t stock_size = 32;
    // Fragments up to this length are copied behind the head: that costs less than an mbuf of their own
    // (measured over memif, where 700 bytes cost a quarter less, 1448 the same, and 8948 twice as much).
    static constexpr size_t copied_bytes = 1024;

    void start_thread() noexcept;
    void look_at_pool(size_t received) noexcept;
    size_t receive_burst(std::span<packet> out) noexcept;
    static void take_chain(rte_mbuf* next, packet& p) noexcept;
    void describe(const rte_mbuf& m, packet& p) const noexcept;

    size_t transmit_burst(std::span<packet> packets, bool& full) noexcept;
    void drop_refused(packet& p) noexcept;
    rte_mbuf* to_mbuf(packet& p) noexcept;
    rte_mbuf* head_mbuf(buffer& head) noexcept;
    rte_mbuf* fragment_mbuf(buffer& fragment) noexcept;
    bool append(rte_mbuf* head, rte_mbuf*& last, buffer& fragment) noexcept;
    rte_mbuf* flatten(const packet& p) noexcept;
    bool copy_behind(rte_mbuf* head, rte_mbuf*& last, const buffer& b) noexcept;
    void ask_for_checksums(rte_mbuf& m, const packet& p) const noexcept;
    static void give_back(rte_mbuf* m, packet& p) noexcept;

    rte_mbuf* fresh() noexcept;
    bool restock() noexcept;

    const device_info& info_;  // the port's
    uint16_t port_id_;
    uint16_t rx_;
    uint16_t tx_;
    burst_gate* gate_;
    rte_mempool* frames_;
    rte_mempool* views_;
    bool sends_chains_;
    views shows_;
    bool hashes_;
    bool checks_;
    bool cuts_;       // segments
    bool describes_;  // either of them
    bool known_thread_ = false;
    int wakeup_ = -1;
    bool scarce_ = false;
    bool blocked_ = false;  // the device took less than it was offered, the last time
    size_t frames_until_look_ = 0;
    size_t stock_left_ = 0;
    std::array<rte_mbuf*, stock_size> stock_;  // fresh ones, taken from the pool in one go
};

}  // namespace millrace::net
