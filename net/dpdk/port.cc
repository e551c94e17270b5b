#include "net/dpdk/port.hh"

#include "core/log.hh"
#include "net/dpdk/eal.hh"
#include "net/rss.hh"

#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <system_error>

namespace millrace::net {

namespace {

logger port_log("dpdk");

constexpr uint32_t link_header = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
constexpr uint64_t reconnect_microseconds = 500'000;
constexpr uint64_t ip_flows = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
                              RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |
                              RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_TCP |
                              RTE_ETH_RSS_NONFRAG_IPV6_UDP | RTE_ETH_RSS_NONFRAG_IPV6_OTHER;

// Virtual devices' names must not repeat in a process, and be short: net_ring makes its rings' names of them.
// Devices are opened one at a time.
std::string next_name(const device_spec& s) {
    static unsigned number = 0;
    return fmt::format("{}_mr{}", s.driver, number++);
}

uint32_t frame_bytes(uint16_t mtu) {
    return uint32_t(mtu) + link_header + RTE_VLAN_HLEN;
}

// The driver of memif says that it carries Ethernet's usual frames; in truth it carries what its buffers
// hold, whose size we choose (see device_spec.cc): 32 KiB at most, as their sizes are powers of two of 16
// bits.
constexpr uint32_t largest_memif_mtu = 32768 - link_header - RTE_VLAN_HLEN;

// By the rule of rte_eth_dev_configure(): a device that gives no limit of its own has that of its frames.
uint32_t largest_mtu(const rte_eth_dev_info& dev) {
    const bool limited = dev.max_mtu != UINT16_MAX && dev.max_rx_pktlen > dev.max_mtu;
    const uint32_t overhead = limited ? dev.max_rx_pktlen - dev.max_mtu : link_header;
    return std::min<uint32_t>(dev.max_mtu, dev.max_rx_pktlen - std::min(overhead, dev.max_rx_pktlen));
}

}  // namespace

port::port(const device_spec& spec, const dpdk_options& options, unsigned queues) : spec_(spec) {
    info_.queues = queues;
    info_.mtu = options.mtu;
    try {
        attach();
        configure(options);
        start();
        choose_address(options);
        watch_link();
    } catch (...) {
        take_down();
        throw;
    }
}

port::~port() {
    take_down();
}

void port::refuse(std::string_view why) const {
    throw device_error(fmt::format("device \"{}\": {}", spec_.text, why));
}

void port::refuse(int error, std::string_view why) const {
    throw std::system_error(error, std::generic_category(),
                            fmt::format("device \"{}\": {}", spec_.text, why));
}

void port::attach() {
    int failed;
    if (spec_.kind == device_kind::bus) {
        name_ = spec_.place.starts_with("pci:") ? spec_.place.substr(4) : spec_.place;
        // A PCI device that EAL was told of is there already.
        failed = rte_eth_dev_get_port_by_name(name_.c_str(), &id_) == 0
                     ? 0
                     : rte_dev_probe(spec_.arguments.c_str());
    } else {
        name_ = next_name(spec_);
        failed = rte_eal_hotplug_add("vdev", name_.c_str(), spec_.arguments.c_str());
    }
    if (failed) {
        refuse(-failed,
               fmt::format("DPDK cannot open it as {} with \"{}\" (\"--log dpdk=debug\" shows its reasons)",
                           name_, spec_.arguments));
    }
    if (rte_eth_dev_get_port_by_name(name_.c_str(), &id_) != 0) {
        refuse(
            "DPDK knows the device, but has no driver for it; is the driver's package (librte-net-...) "
            "installed?");
    }
    attached_ = true;
    info_.name = spec_.text;
}

void port::configure(const dpdk_options& options) {
    rte_eth_dev_info dev{};
    if (const int failed = rte_eth_dev_info_get(id_, &dev)) refuse(-failed, "DPDK does not describe it");
    const unsigned most = std::min<unsigned>({dev.max_rx_queues, dev.max_tx_queues, burst_gate::max_queues});
    if (info_.queues > most) {
        if (!options.fewer_queues) {
            refuse(fmt::format(
                "it has {} queues, and {} are wanted, one for each shard; start at most {} shards", most,
                info_.queues, most));
        }
        info_.queues = most;
    }
    const uint32_t usual = largest_mtu(dev);
    const uint32_t largest = spec_.kind == device_kind::memif ? largest_memif_mtu : usual;
    if (info_.mtu < dev.min_mtu || info_.mtu > largest) {
        refuse(fmt::format("it carries an MTU of {} to {} bytes, not {}", dev.min_mtu, largest, info_.mtu));
    }

    rte_eth_conf conf{};
    conf.rxmode.mtu = std::min<uint32_t>(info_.mtu, usual);
    conf.intr_conf.rxq = spec_.kind == device_kind::tap || spec_.kind == device_kind::bus;
    spread_flows(dev, conf);
    use_offloads(dev, conf, options.checksum_offload);
    if (options.segmentation_offload) cut_segments(dev, conf);
    int failed = rte_eth_dev_configure(id_, uint16_t(info_.queues), uint16_t(info_.queues), &conf);
    if (failed && conf.intr_conf.rxq) {  // not every NIC has interrupts
        conf.intr_conf.rxq = 0;
        failed = rte_eth_dev_configure(id_, uint16_t(info_.queues), uint16_t(info_.queues), &conf);
    }
    if (failed) {
        refuse(-failed,
               fmt::format("DPDK cannot configure it with an MTU of {} bytes and {} of its {} queues",
                           info_.mtu, info_.queues, most));
    }
    has_interrupts_ = conf.intr_conf.rxq;
    configured_ = true;
    set_up_queues(options);
}

// The driver of TAP claims much of this, but does it in software, or with traffic rules of the kernel's that
// a program without privileges cannot make.
void port::spread_flows(const rte_eth_dev_info& dev, rte_eth_conf& conf) {
    const bool able = info_.queues > 1 && spec_.kind != device_kind::tap &&
                      dev.hash_key_size >= rss_key_bytes && dev.reta_size != 0 && dev.reta_size % 128 == 0 &&
                      (dev.flow_type_rss_offloads & ip_flows) != 0;
    if (!able) return;
    static rss_key key = rss_microsoft_key;  // the driver's interface wants it writable
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_key = key.data();
    conf.rx_adv_conf.rss_conf.rss_key_len = uint8_t(key.size());
    conf.rx_adv_conf.rss_conf.rss_hf = dev.flow_type_rss_offloads & ip_flows;
    if (dev.rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH)
        conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH;
    spreads_ = true;
}

void port::use_offloads(const rte_eth_dev_info& dev, rte_eth_conf& conf, bool wanted) {
    sends_chains_ = dev.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    if (sends_chains_) conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    // A ring hands the very mbufs to its other end, perhaps on another thread: nothing of ours may hang on
    // them.
    if (sends_chains_ && spec_.kind != device_kind::ring)
        shows_ = spec_.is_virtual() ? views::any : views::of_mbufs;
    if (!wanted || spec_.kind == device_kind::tap) return;

    const uint64_t rx =
        RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
    conf.rxmode.offloads |= dev.rx_offload_capa & rx;
    info_.checks_received = (dev.rx_offload_capa & rx) == rx;
    const uint64_t tx =
        RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
    conf.txmode.offloads |= dev.tx_offload_capa & tx;
    info_.fills_ip_checksum = dev.tx_offload_capa & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
    info_.fills_tcp_checksum = dev.tx_offload_capa & RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
    info_.fills_udp_checksum = dev.tx_offload_capa & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
}

// Who reads our memory as we do takes a run in two pieces, header and payload. To others it is copied into
// mbufs, each of which is a descriptor. The driver of TAP holds a segment with its Ethernet header against
// the MTU, and what it refuses it refuses for ever.
void port::cut_segments(const rte_eth_dev_info& dev, rte_eth_conf& conf) {
    const bool able = (dev.tx_offload_capa & RTE_ETH_TX_OFFLOAD_TCP_TSO) && sends_chains_ &&
                      info_.fills_ip_checksum && info_.fills_tcp_checksum && shows_ != views::none;
    if (!able) return;
    constexpr uint32_t most_mbufs = 16;
    const uint32_t mbufs = std::min<uint32_t>(most_mbufs, dev.tx_desc_lim.nb_seg_max);
    info_.cuts_bytes = shows_ == views::any ? UINT16_MAX : mbufs > 1 ? (mbufs - 1) * info_.mtu : 0;
    if (info_.cuts_bytes > 0) conf.txmode.offloads |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
    info_.piece_bytes = info_.mtu - (std::strcmp(dev.driver_name, "net_tap") == 0 ? RTE_ETHER_HDR_LEN : 0);
}

void port::set_up_queues(const dpdk_options& options) {
    uint16_t receive = uint16_t(std::min(options.descriptors, 32768u));
    uint16_t transmit = receive;
    if (const int failed = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &receive, &transmit)) {
        refuse(-failed, fmt::format("it cannot have rings of {} descriptors", options.descriptors));
    }
    const int socket = rte_eth_dev_socket_id(id_);
    for (unsigned q = 0; q < info_.queues; ++q) {
        pools_.push_back(std::make_unique<mbuf_pool>(mbuf_pool_settings{.device = spec_.text,
                                                                        .frames = options.buffers,
                                                                        .views = 2u * transmit + 512,
                                                                        .frame_bytes = frame_bytes(info_.mtu),
                                                                        .socket = socket}));
        int failed =
            rte_eth_rx_queue_setup(id_, uint16_t(q), receive, unsigned(socket), nullptr, pools_[q]->frames());
        if (!failed) failed = rte_eth_tx_queue_setup(id_, uint16_t(q), transmit, unsigned(socket), nullptr);
        if (failed) refuse(-failed, fmt::format("queue {} cannot be set up with {} descriptors", q, receive));
    }
}

void port::start() {
    if (spec_.kind == device_kind::memif) {
        gate_ = std::make_unique<burst_gate>();
        // Each control message must be announced: see burst_guard.hh.
        rte_log_set_level_pattern("pmd.net.memif", RTE_LOG_DEBUG);
    }
    if (const int failed = rte_eth_dev_start(id_)) {
        if (spec_.kind == device_kind::memif && !spec_.memif_server) {
            refuse(ECONNREFUSED,
                   fmt::format("no server at {}; start the end with memif:server first", spec_.place));
        }
        refuse(-failed, "DPDK cannot start it (\"--log dpdk=debug\" shows its reasons)");
    }
    rte_eth_dev_info dev{};
    rte_eth_dev_info_get(id_, &dev);
    fill_table(dev);
    if (spec_.kind != device_kind::memif && rte_eth_dev_set_mtu(id_, info_.mtu) == -EINVAL)
        refuse(fmt::format("it refuses an MTU of {} bytes", info_.mtu));
    // The stack answers to addresses of its own, and on some devices to a MAC of its own.
    if (spec_.kind != device_kind::bus) rte_eth_promiscuous_enable(id_);
}

// Hash to queue as rss_owner() has it. A device that cannot be told so spreads as it likes, and is steered
// after it.
void port::fill_table(const rte_eth_dev_info& dev) {
    if (!spreads_) return;
    std::vector<rte_eth_rss_reta_entry64> table(dev.reta_size / RTE_ETH_RETA_GROUP_SIZE);
    for (unsigned i = 0; i < dev.reta_size; ++i) {
        auto& group = table[i / RTE_ETH_RETA_GROUP_SIZE];
        group.mask = UINT64_MAX;
        group.reta[i % RTE_ETH_RETA_GROUP_SIZE] = uint16_t(rss_owner(i, info_.queues));
    }
    info_.spreads_flows = rte_eth_dev_rss_reta_update(id_, table.data(), dev.reta_size) == 0;
    if (!info_.spreads_flows)
        port_log.warn("{}: cannot set how it spreads flows; they are steered in software", info_.name);
}

// A TAP interface's own address is the kernel's, which is the other end here: ours must differ from it.
void port::choose_address(const dpdk_options& options) {
    rte_ether_addr address{};
    rte_eth_macaddr_get(id_, &address);
    if (spec_.kind == device_kind::tap) address.addr_bytes[5] ^= 1;
    info_.mac = mac_address::read(address.addr_bytes);
    if (!options.mac) return;
    info_.mac = *options.mac;
    if (spec_.is_virtual()) return;  // promiscuous
    options.mac->write(address.addr_bytes);
    if (const int failed = rte_eth_dev_default_mac_addr_set(id_, &address)) {
        refuse(-failed, fmt::format("it cannot take the address {}", *options.mac));
    }
}

// The end that connects does so once only; when its server left, it is we who try again.
void port::watch_link() {
    if (gate_ && !spec_.memif_server) rte_eal_alarm_set(reconnect_microseconds, reconnect, this);
}

// On DPDK's interrupt thread.
void port::reconnect(void* self) {
    auto& p = *static_cast<port*>(self);
    rte_eth_link link{};
    if (rte_eth_link_get_nowait(p.id_, &link) == 0 && link.link_status == RTE_ETH_LINK_DOWN) p.try_again();
    rte_eal_alarm_set(reconnect_microseconds, reconnect, self);
}

// A stopped device must not be asked for a burst: the gate stays shut until it has started.
void port::try_again() noexcept {
    if (!shut_) gate_->hold();
    rte_eth_dev_stop(id_);
    shut_ = rte_eth_dev_start(id_) != 0;
    if (!shut_) gate_->release();
}

void port::take_down() noexcept {
    if (attached_) {
        rte_eth_dev_info dev{};
        const bool known = rte_eth_dev_info_get(id_, &dev) == 0;
        // A memif peer may leave in this very moment: two threads would then free the same memory.
        if (spec_.kind == device_kind::memif) {
            run_on_interrupt_thread([this] { close(); });
        } else {
            close();
        }
        if (known && dev.device) rte_dev_remove(dev.device);
    }
    gate_.reset();
    pools_.clear();
}

void port::close() noexcept {
    if (gate_ && !spec_.memif_server) rte_eal_alarm_cancel(reconnect, this);
    if (configured_) rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
}

}  // namespace millrace::net
