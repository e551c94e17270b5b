// A port of DPDK's (ethdev): found or made from its spec, configured, started, and taken down again.
#pragma once

#include "net/device.hh"
#include "net/dpdk/burst_guard.hh"
#include "net/dpdk/device_spec.hh"
#include "net/dpdk/mbuf_pool.hh"
#include "net/dpdk_device.hh"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct rte_eth_dev_info;
struct rte_eth_conf;

namespace millrace::net {

// Which bytes outside of an mbuf's own room a device may be shown.
enum class views : uint8_t {
    none,      // it may keep the mbuf longer than we know
    of_mbufs,  // those in another mbuf of ours: their addresses on the bus are known
    any,
};

class port {
 public:
    // Throws device_error or std::system_error; nothing is left behind then.
    port(const device_spec& spec, const dpdk_options& options, unsigned queues);
    port(const port&) = delete;
    port& operator=(const port&) = delete;
    // No queue may be in use any more.
    ~port();

    uint16_t id() const noexcept { return id_; }
    const device_info& info() const noexcept { return info_; }
    mbuf_pool& pool(unsigned queue) noexcept { return *pools_[queue]; }
    // Of devices whose shared memory can go while they run; else null.
    burst_gate* gate() noexcept { return gate_.get(); }

    bool sends_chains() const noexcept { return sends_chains_; }
    views shows() const noexcept { return shows_; }
    bool has_interrupts() const noexcept { return has_interrupts_; }

 private:
    void attach();
    void configure(const dpdk_options& options);
    void set_up_queues(const dpdk_options& options);
    void start();
    void spread_flows(const rte_eth_dev_info& dev, rte_eth_conf& conf);
    void use_offloads(const rte_eth_dev_info& dev, rte_eth_conf& conf, bool wanted);
    void cut_segments(const rte_eth_dev_info& dev, rte_eth_conf& conf);
    void fill_table(const rte_eth_dev_info& dev);
    void choose_address(const dpdk_options& options);
    void watch_link();
    void try_again() noexcept;
    void take_down() noexcept;
    void close() noexcept;
    [[noreturn]] void refuse(std::string_view why) const;
    [[noreturn]] void refuse(int error, std::string_view why) const;

    static void reconnect(void* self);

    device_spec spec_;
    std::string name_;  // in DPDK
    uint16_t id_ = UINT16_MAX;
    bool attached_ = false;
    bool configured_ = false;
    bool spreads_ = false;
    bool sends_chains_ = false;
    views shows_ = views::none;
    bool has_interrupts_ = false;
    bool shut_ = false;  // the gate, by try_again()
    device_info info_;
    std::vector<std::unique_ptr<mbuf_pool>> pools_;
    std::unique_ptr<burst_gate> gate_;
};

}  // namespace millrace::net
