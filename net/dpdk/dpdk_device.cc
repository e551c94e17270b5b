#include "net/dpdk_device.hh"

#include "net/dpdk/device_spec.hh"
#include "net/dpdk/dpdk_queue.hh"
#include "net/dpdk/eal.hh"
#include "net/dpdk/port.hh"
#include "net/dpdk/preflight.hh"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace millrace::net {

namespace {

std::mutex opening;

class dpdk_device final : public device {
 public:
    explicit dpdk_device(std::shared_ptr<port> p) : port_(std::move(p)), info_(port_->info()) {
        for (unsigned q = 0; q < info_.queues; ++q)
            queues_.push_back(std::make_unique<dpdk_queue>(*port_, q, q));
    }
    // One end of a port of rings: each even queue leads to the odd one behind it.
    dpdk_device(std::shared_ptr<port> p, unsigned end) : port_(std::move(p)), info_(port_->info()) {
        info_.queues /= 2;
        info_.name += end == 0 ? ".a" : ".b";
        info_.mac = mac_address({0x02, 0, 0, 0x02, 0, uint8_t(end)});
        for (unsigned q = 0; q < info_.queues; ++q) {
            queues_.push_back(std::make_unique<dpdk_queue>(*port_, 2 * q + end, 2 * q + 1 - end));
        }
    }

    const device_info& info() const noexcept override { return info_; }
    device_queue& queue(unsigned i) noexcept override {
        CHECK(i < queues_.size());
        return *queues_[i];
    }

 private:
    std::shared_ptr<port> port_;
    device_info info_;
    std::vector<std::unique_ptr<dpdk_queue>> queues_;
};

void check(const dpdk_options& o) {
    if (o.queues == 0) throw device_error("a device needs one queue at least");
    if (o.mtu < 576) throw device_error("an MTU of less than 576 bytes cannot carry IP (RFC 791)");
}

std::shared_ptr<port> open_port(const dpdk_options& options, unsigned queues) {
    const std::lock_guard lock(opening);
    check(options);
    const device_spec spec =
        parse_device_spec(options.device, {.queues = queues, .frame_bytes = uint32_t(options.mtu) + 22});
    const descriptor until_attached = check_device_present(spec, queues);
    start_eal({.memory_mib = options.memory_mib,
               .hugepages = options.hugepages,
               .pci_device = spec.is_pci() ? spec.arguments : std::string(),
               .more_arguments = options.eal_arguments});
    return std::make_shared<port>(spec, options, queues);
}

}  // namespace

std::unique_ptr<device> open_dpdk_device(const dpdk_options& options) {
    return std::make_unique<dpdk_device>(open_port(options, options.queues));
}

dpdk_pair open_dpdk_ring_pair(const dpdk_options& options) {
    dpdk_options of_rings = options;
    of_rings.device = "ring";
    auto p = open_port(of_rings, options.queues * 2);
    return {std::make_unique<dpdk_device>(p, 0), std::make_unique<dpdk_device>(p, 1)};
}

}  // namespace millrace::net
