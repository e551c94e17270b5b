#include "net/sim/sim_device.hh"

#include "net/checksum.hh"
#include "net/pcap.hh"
#include "net/sim/offload.hh"

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::net {

namespace {

constexpr size_t link_header_room = 18;  // Ethernet and one VLAN tag
constexpr size_t ip_at = 14;

// An IPv4 packet whose sender knows ECN (RFC 3168 §5).
bool is_ecn_capable(const buffer& frame) noexcept {
    const auto b = frame.bytes();
    return b.size() >= ip_at + 20 && b[12] == 0x08 && b[13] == 0 && b[ip_at] >> 4 == 4 &&
           (b[ip_at + 1] & 3) != 0;
}

// Sets CE, and in the header's checksum what that changes.
void mark(std::span<uint8_t> frame) noexcept {
    uint8_t* ip = frame.data() + ip_at;
    uint16_t before, after, checksum;
    std::memcpy(&before, ip, 2);
    ip[1] |= 3;
    std::memcpy(&after, ip, 2);
    std::memcpy(&checksum, ip + 10, 2);
    checksum = updated_checksum(checksum, before, after);
    std::memcpy(ip + 10, &checksum, 2);
}

}  // namespace

sim_queue::~sim_queue() {
    for (const arrival& a : arrivals_) frame_pool::discard(a.frame);
}

size_t sim_queue::receive(std::span<packet> out) noexcept {
    const time_point now = owner_.clock_.now();
    size_t n = 0;
    while (n < out.size() && !arrivals_.empty() && arrivals_.front().at <= now) {
        buffer bytes = owner_.pool_.admit(arrivals_.front().frame);
        arrivals_.pop_front();
        if (!bytes.storage()) {
            ++counters_.rx_dropped;
            ++owner_.peer_->outgoing_.counters().no_buffers;
            continue;
        }
        packet& p = out[n++];
        p = packet{};
        p.head = std::move(bytes);
        if (owner_.options_.checks_received) verify_checksums(p);
        counters_.rx_bytes += p.head.size();
        if (owner_.capture_) owner_.capture_->write(now, p);
    }
    if (n) ++counters_.rx_bursts;
    counters_.rx_packets += n;
    return n;
}

size_t sim_queue::transmit(std::span<packet> packets) noexcept {
    for (packet& p : packets) {
        ++counters_.tx_packets;
        counters_.tx_bytes += p.size();
        owner_.send(p);
        p = packet{};
    }
    if (!packets.empty()) ++counters_.tx_bursts;
    return packets.size();
}

bool sim_queue::scarce() const noexcept {
    const size_t all = owner_.options_.buffers;
    return owner_.pool_.in_use() > all - all / 4;
}

buffer sim_queue::allocate() noexcept {
    buffer b = owner_.refuses_allocation() ? buffer() : owner_.pool_.allocate();
    if (!b.storage()) ++counters_.no_buffers;
    return b;
}

void sim_queue::deliver(time_point at, frame_pool::slot* frame) {
    auto place = arrivals_.end();
    while (place != arrivals_.begin() && std::prev(place)->at > at) --place;
    arrivals_.insert(place, arrival{at, frame});
}

time_point sim_queue::next_arrival(time_point now) const noexcept {
    auto next = std::upper_bound(arrivals_.begin(), arrivals_.end(), now,
                                 [](time_point t, const arrival& a) { return t < a.at; });
    return next == arrivals_.end() ? never : next->at;
}

sim_device::sim_device(clock& c, uint64_t seed, const wire_end_options& options, device_info info)
    : clock_(c),
      info_(std::move(info)),
      options_(options),
      pool_(size_t(info_.mtu) + link_header_room, options.buffers),
      random_(seed ^ 0x616c6c6f63617465u),
      outgoing_(seed) {
    for (unsigned i = 0; i < info_.queues; ++i) queues_.push_back(std::make_unique<sim_queue>(*this));
}

device_queue& sim_device::queue(unsigned i) noexcept {
    CHECK(i < queues_.size());
    return *queues_[i];
}

size_t sim_device::waiting() const noexcept {
    size_t n = 0;
    for (const auto& q : queues_) n += q->waiting();
    return n;
}

time_point sim_device::next_arrival() const noexcept {
    time_point first = never;
    for (const auto& q : queues_) first = std::min(first, q->next_arrival(clock_.now()));
    return first;
}

bool sim_device::refuses_allocation() noexcept {
    return options_.failed_allocations > 0 && random_.chance(options_.failed_allocations);
}

void sim_device::send(packet& frame) noexcept {
    if (frame.segment_bytes > 0 && info_.cuts_bytes > 0)
        cut_segments(frame, [this](packet& piece) { send_one(piece); });
    else
        send_one(frame);
}

void sim_device::send_one(packet& frame) noexcept {
    if (info_.fills_tcp_checksum) fill_checksums(frame);
    const time_point now = clock_.now();
    if (capture_) capture_->write(now, frame);
    if (observer_) observer_(frame);
    const impairment::fate fate = outgoing_.decide(now, frame.size(), is_ecn_capable(frame.head));
    for (unsigned i = 0; i < fate.copies; ++i) copy_to_peer(frame, fate.arrival[i], fate);
}

void sim_device::copy_to_peer(const packet& frame, time_point at, const impairment::fate& fate) noexcept {
    const size_t size = frame.size();
    frame_pool::slot* copy = peer_->pool_.reserve(size);
    if (!copy) {
        ++outgoing_.counters().too_long;
        return;
    }
    char* to = frame_pool::bytes(copy);
    auto put = [&to](const buffer& b) {
        if (!b.empty()) std::memcpy(to, b.data(), b.size());
        to += b.size();
    };
    put(frame.head);
    for (const buffer& b : frame.fragments) put(b);
    const std::span<uint8_t> bytes(reinterpret_cast<uint8_t*>(frame_pool::bytes(copy)), size);
    if (fate.marked) mark(bytes);
    if (fate.corrupted) bytes[fate.flipped_bit / 8] ^= uint8_t(1u << fate.flipped_bit % 8);

    // Where the receiving device spreads flows it looks at the bytes that reached it.
    const unsigned queue = peer_->info_.spreads_flows ? queue_of(bytes, peer_->info_.queues) : 0;
    peer_->queues_[queue]->deliver(at, copy);
    ++outgoing_.counters().arrived;
}

}  // namespace millrace::net
