#include "net/dpdk/dpdk_queue.hh"

#include "core/log.hh"
#include "net/dpdk/eal.hh"
#include "net/dpdk/mbuf.hh"

#include <rte_ethdev.h>
#include <rte_ip.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::net {

namespace {

logger queue_log("dpdk");

}  // namespace

dpdk_queue::dpdk_queue(port& p, unsigned rx, unsigned tx)
    : info_(p.info()),
      port_id_(p.id()),
      rx_(uint16_t(rx)),
      tx_(uint16_t(tx)),
      gate_(p.gate()),
      frames_(p.pool(rx).frames()),
      views_(p.pool(tx).views()),
      sends_chains_(p.sends_chains()),
      shows_(p.shows()),
      hashes_(p.info().spreads_flows),
      checks_(p.info().checks_received),
      cuts_(p.info().cuts_bytes > 0),
      describes_(hashes_ || checks_) {
    if (p.has_interrupts()) wakeup_ = rte_eth_dev_rx_intr_ctl_q_get_fd(port_id_, rx_);
}

dpdk_queue::~dpdk_queue() {
    rte_pktmbuf_free_bulk(stock_.data(), unsigned(stock_left_));
}

void dpdk_queue::start_thread() noexcept {
    register_eal_thread();
    known_thread_ = true;
}

size_t dpdk_queue::receive(std::span<packet> out) noexcept {
    if (!known_thread_) [[unlikely]]
        start_thread();
    if (gate_ && !gate_->enter(rx_)) return 0;
    const size_t n = receive_burst(out);
    if (gate_) gate_->leave(rx_);
    return n;
}

size_t dpdk_queue::receive_burst(std::span<packet> out) noexcept {
    std::array<rte_mbuf*, burst> frames;
    const size_t n = rte_eth_rx_burst(port_id_, rx_, frames.data(), uint16_t(std::min(out.size(), burst)));
    if (n == 0) return 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; ++i) rte_prefetch0(rte_pktmbuf_mtod(frames[i], void*));
    for (size_t i = 0; i < n; ++i) {
        rte_mbuf* m = frames[i];
        packet& p = out[i];
        bytes += m->pkt_len;
        to_buffer(m, p.head);
        p.fragments.clear();
        p.has_flow_hash = false;
        p.ip_checksum = p.l4_checksum = checksum_verdict::unknown;
        if (m->next) [[unlikely]]
            take_chain(m->next, p);
        if (describes_) describe(*m, p);
    }
    ++counters_.rx_bursts;
    counters_.rx_packets += n;
    counters_.rx_bytes += bytes;
    look_at_pool(n);
    return n;
}

// The mbufs behind a frame's first.
void dpdk_queue::take_chain(rte_mbuf* next, packet& p) noexcept {
    while (next) {
        rte_mbuf* m = std::exchange(next, next->next);
        p.fragments.push_back(to_buffer(m));
    }
}

// Counting a pool adds up the caches of all threads, so it is done once in every sixteenth of the pool
// received.
void dpdk_queue::look_at_pool(size_t received) noexcept {
    if (frames_until_look_ > received) {
        frames_until_look_ -= received;
        return;
    }
    frames_until_look_ = frames_->size / 16;
    scarce_ = rte_mempool_avail_count(frames_) < frames_->size / 4;
}

void dpdk_queue::describe(const rte_mbuf& m, packet& p) const noexcept {
    p.has_flow_hash = hashes_ && (m.ol_flags & RTE_MBUF_F_RX_RSS_HASH);
    if (p.has_flow_hash) p.flow_hash = m.hash.rss;
    if (!checks_) return;
    const auto verdict = [flags = m.ol_flags](uint64_t mask, uint64_t good, uint64_t bad) {
        const uint64_t said = flags & mask;
        return said == good  ? checksum_verdict::good
               : said == bad ? checksum_verdict::bad
                             : checksum_verdict::unknown;
    };
    p.ip_checksum =
        verdict(RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_BAD);
    p.l4_checksum =
        verdict(RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD);
}

size_t dpdk_queue::transmit(std::span<packet> packets) noexcept {
    if (!known_thread_) [[unlikely]]
        start_thread();
    if (gate_ && !gate_->enter(tx_)) {
        counters_.tx_rejected += packets.size();
        return 0;
    }
    size_t taken = 0;
    while (taken < packets.size()) {
        // To a device that was full one frame is offered first: what it refuses is made ready in vain.
        const size_t most = blocked_ ? 1 : burst;
        const auto part = packets.subspan(taken, std::min(most, packets.size() - taken));
        taken += transmit_burst(part, blocked_);
        if (blocked_) break;
    }
    if (gate_) gate_->leave(tx_);
    return taken;
}

namespace {

// A frame in one buffer, which is an mbuf of ours and nobody else's, with nothing asked of the device.
inline bool is_plain(const packet& p) noexcept {
    return is_mbuf(p.head) && p.head.sole_owner() && p.fragments.empty() &&
           !(p.offload_ip_checksum || p.offload_l4_checksum);
}

}  // namespace

// `full`: what it did not take finds no room now. Less is taken without that if a frame was refused: what is
// behind it is yet to be offered.
size_t dpdk_queue::transmit_burst(std::span<packet> packets, bool& full) noexcept {
    std::array<rte_mbuf*, burst> frames;
    uint64_t bytes = 0;
    uint16_t ready = 0;
    for (packet& p : packets) {
        rte_mbuf* m = is_plain(p) ? take_mbuf(p.head) : to_mbuf(p);
        if (!m) [[unlikely]]
            break;
        bytes += m->pkt_len;
        frames[ready++] = m;
    }
    const uint16_t good = cuts_ ? rte_eth_tx_prepare(port_id_, tx_, frames.data(), ready) : ready;
    const uint16_t sent = rte_eth_tx_burst(port_id_, tx_, frames.data(), good);
    for (uint16_t i = sent; i < ready; ++i) {
        bytes -= frames[i]->pkt_len;
        give_back(frames[i], packets[i]);
    }
    if (sent) ++counters_.tx_bursts;
    counters_.tx_packets += sent;
    counters_.tx_bytes += bytes;
    const bool refused = sent == good && good < ready;
    full = !refused && sent < packets.size();
    if (refused) [[unlikely]] {
        drop_refused(packets[sent]);
        return sent + 1u;
    }
    counters_.tx_rejected += packets.size() - sent;
    return sent;
}

// The driver would refuse it again and again, and all that is behind it had to wait; and the next run as it
// refused this one.
void dpdk_queue::drop_refused(packet& p) noexcept {
    ++counters_.tx_refused;
    if (p.segment_bytes > 0 && !std::exchange(refuses_runs_, true)) {
        queue_log.warn("{}: queue {} refuses to cut a run of {} bytes into segments of {}; it gets no more",
                       info_.name, tx_, p.size(), p.segment_bytes);
    }
    p = packet();
}

// The packet's bytes as a chain of mbufs, the packet left empty; or null and the packet as it was, more or
// less: its bytes may be split differently.
rte_mbuf* dpdk_queue::to_mbuf(packet& p) noexcept {
    rte_mbuf* m = head_mbuf(p.head);
    if (!m) return nullptr;
    if (!p.fragments.empty()) {
        rte_mbuf* last = m;
        for (buffer& fragment : p.fragments) {
            if (append(m, last, fragment)) continue;
            give_back(m, p);
            m = flatten(p);
            if (!m) return nullptr;
            p.head = buffer();
            break;
        }
        p.fragments.clear();
    }
    if (p.offload_ip_checksum || p.offload_l4_checksum) ask_for_checksums(*m, p);
    return m;
}

rte_mbuf* dpdk_queue::head_mbuf(buffer& head) noexcept {
    if (is_mbuf(head) && head.sole_owner()) [[likely]]
        return take_mbuf(head);
    rte_mbuf* m = fresh();
    if (!m) return nullptr;
    if (head.size() > rte_pktmbuf_tailroom(m)) {
        rte_pktmbuf_free(m);
        return nullptr;
    }
    if (!head.empty()) std::memcpy(rte_pktmbuf_append(m, uint16_t(head.size())), head.data(), head.size());
    head = buffer();
    return m;
}

bool dpdk_queue::append(rte_mbuf* head, rte_mbuf*& last, buffer& fragment) noexcept {
    const size_t size = fragment.size();
    if (size == 0) return true;
    const bool room = last == head && size <= rte_pktmbuf_tailroom(head);
    if (room && (size <= copied_bytes || !sends_chains_)) {
        std::memcpy(rte_pktmbuf_append(head, uint16_t(size)), fragment.data(), size);
        fragment = buffer();
        return true;
    }
    rte_mbuf* m = sends_chains_ ? fragment_mbuf(fragment) : nullptr;
    if (!m) return false;
    last->next = m;
    last = m;
    ++head->nb_segs;
    head->pkt_len += m->data_len;
    return true;
}

rte_mbuf* dpdk_queue::fragment_mbuf(buffer& fragment) noexcept {
    const bool ours = is_mbuf(fragment);
    if (ours && fragment.sole_owner()) return take_mbuf(fragment);
    if (shows_ == views::none || (shows_ == views::of_mbufs && !ours)) return nullptr;
    rte_mbuf* m = rte_pktmbuf_alloc(views_);
    if (m) make_view(m, std::move(fragment));
    return m;
}

// A copy of all of it, in one mbuf if it fits.
rte_mbuf* dpdk_queue::flatten(const packet& p) noexcept {
    rte_mbuf* const m = fresh();
    if (!m) return nullptr;
    if (p.size() > rte_pktmbuf_tailroom(m) && !sends_chains_) {
        rte_pktmbuf_free(m);
        return nullptr;
    }
    rte_mbuf* last = m;
    bool whole = copy_behind(m, last, p.head);
    for (const buffer& b : p.fragments) whole = whole && copy_behind(m, last, b);
    if (whole) return m;
    rte_pktmbuf_free(m);
    return nullptr;
}

// False if there was no mbuf for the rest.
bool dpdk_queue::copy_behind(rte_mbuf* head, rte_mbuf*& last, const buffer& b) noexcept {
    for (size_t at = 0; at < b.size();) {
        if (rte_pktmbuf_tailroom(last) == 0) {
            rte_mbuf* m = fresh();
            if (!m) return false;
            last = last->next = m;
            ++head->nb_segs;
        }
        const size_t n = std::min<size_t>(b.size() - at, rte_pktmbuf_tailroom(last));
        std::memcpy(rte_pktmbuf_mtod_offset(last, char*, last->data_len), b.data() + at, n);
        last->data_len = uint16_t(last->data_len + n);
        head->pkt_len += uint32_t(n);
        at += n;
    }
    return true;
}

void dpdk_queue::ask_for_checksums(rte_mbuf& m, const packet& p) const noexcept {
    m.l2_len = p.l2_bytes;
    m.l3_len = p.l3_bytes;
    m.l4_len = p.l4_bytes;
    m.ol_flags |= RTE_MBUF_F_TX_IPV4;
    if (p.offload_ip_checksum) m.ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
    if (p.offload_l4_checksum) m.ol_flags |= p.is_udp ? RTE_MBUF_F_TX_UDP_CKSUM : RTE_MBUF_F_TX_TCP_CKSUM;
    if (p.segment_bytes == 0) return;
    m.tso_segsz = p.segment_bytes;
    m.ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
    // Anew, as a driver may have made something else of it before its ring was full.
    const auto* ip = rte_pktmbuf_mtod_offset(&m, const rte_ipv4_hdr*, p.l2_bytes);
    const uint16_t sum = rte_ipv4_phdr_cksum(ip, m.ol_flags);
    std::memcpy(rte_pktmbuf_mtod_offset(&m, char*, p.l2_bytes + p.l3_bytes + 16), &sum, 2);
}

// Undoes to_mbuf(), also one broken off on the way: fragments not yet taken follow those in the chain.
void dpdk_queue::give_back(rte_mbuf* m, packet& p) noexcept {
    auto rest = std::move(p.fragments);
    p.fragments.clear();
    rte_mbuf* next = m->next;
    p.head = to_buffer(m);
    while (next) {
        m = std::exchange(next, next->next);
        p.fragments.push_back(is_view(m) ? end_view(m) : to_buffer(m));
    }
    for (buffer& b : rest) {
        if (!b.empty()) p.fragments.push_back(std::move(b));
    }
}

buffer dpdk_queue::allocate() noexcept {
    rte_mbuf* m = fresh();
    return m ? to_buffer(m) : buffer();
}

size_t dpdk_queue::prepare(std::span<packet> packets) noexcept {
    std::array<rte_mbuf*, burst> frames;
    if (!known_thread_) [[unlikely]]
        start_thread();
    // A pool that is nearly empty still has single ones.
    for (size_t n = std::min(packets.size(), burst); n > 0; n /= 2) {
        if (rte_mempool_get_bulk(frames_, reinterpret_cast<void**>(frames.data()), unsigned(n)) != 0)
            continue;
        for (size_t i = 0; i < n; ++i) packets[i].head = to_empty_buffer(frames[i]);
        return n;
    }
    ++counters_.no_buffers;
    return 0;
}

rte_mbuf* dpdk_queue::fresh() noexcept {
    if (stock_left_ == 0 && !restock()) [[unlikely]] {
        ++counters_.no_buffers;
        return nullptr;
    }
    return stock_[--stock_left_];
}

bool dpdk_queue::restock() noexcept {
    if (!known_thread_) start_thread();
    for (size_t n = stock_size; n > 0; n /= 2) {
        if (rte_pktmbuf_alloc_bulk(frames_, stock_.data(), unsigned(n)) == 0) {
            stock_left_ = n;
            return true;
        }
    }
    return false;
}

bool dpdk_queue::arm_wakeup() noexcept {
    if (wakeup_ < 0) return true;
    rte_eth_dev_rx_intr_enable(port_id_, rx_);
    // A frame that came before the interrupt was armed raises none. Drivers that cannot count say less than
    // 0.
    return rte_eth_rx_queue_count(port_id_, rx_) <= 0;
}

void dpdk_queue::disarm_wakeup() noexcept {
    if (wakeup_ >= 0) rte_eth_dev_rx_intr_disable(port_id_, rx_);
}

}  // namespace millrace::net
