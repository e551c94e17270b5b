#include "net/sim/frame_pool.hh"
#include "net/sim/offload.hh"
#include "net/simulation.hh"

#include <bit>
#include <cstring>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

namespace millrace::net {

namespace {

// Packets that wait at one end. Shared by both ends, so that either may go first.
class inbox {
 public:
    explicit inbox(uint32_t capacity) : slots_(std::bit_ceil(capacity)), mask_(uint32_t(slots_.size() - 1)) {}

    bool full() const noexcept { return tail_ - head_ > mask_; }
    bool empty() const noexcept { return tail_ == head_; }
    packet& back() noexcept { return slots_[tail_ & mask_]; }
    void push() noexcept { ++tail_; }
    packet& front() noexcept { return slots_[head_ & mask_]; }
    void pop() noexcept { ++head_; }
    // What waits here, and what was taken from here and is kept, are the sender's buffers.
    void set_sender_short(bool yes) noexcept { sender_short_ = yes; }
    bool sender_short() const noexcept { return sender_short_; }

 private:
    std::vector<packet> slots_;
    uint32_t mask_;
    uint32_t head_ = 0;
    uint32_t tail_ = 0;
    bool sender_short_ = false;
};

class link_queue final : public device_queue {
 public:
    link_queue(const link_options& options, std::shared_ptr<inbox> in, std::shared_ptr<inbox> out)
        : verdict_(options.fills_checksums ? checksum_verdict::good : checksum_verdict::unknown),
          gathers_(options.gathers),
          cuts_(options.cuts_segments),
          pool_(size_t(options.mtu) + 18, options.buffers),
          many_(options.buffers - options.buffers / 4),
          in_(std::move(in)),
          out_(std::move(out)) {}

    size_t receive(std::span<packet> out) noexcept override {
        if (cuts_) [[unlikely]]
            return receive_cut(out);
        size_t n = 0;
        uint64_t bytes = 0;
        for (; n < out.size() && !in_->empty(); ++n) {
            packet& p = out[n];
            packet& sent = in_->front();
            bytes += sent.size();
            p.head = std::move(sent.head);
            p.fragments = std::move(sent.fragments);
            p.has_flow_hash = false;
            p.ip_checksum = p.l4_checksum = verdict_;
            in_->pop();
        }
        if (n == 0) return 0;
        ++counters_.rx_bursts;
        counters_.rx_packets += n;
        counters_.rx_bytes += bytes;
        return n;
    }

    size_t transmit(std::span<packet> packets) noexcept override {
        size_t n = 0;
        for (; n < packets.size() && !out_->full(); ++n) {
            packet& p = packets[n];
            packet& place = out_->back();
            counters_.tx_bytes += p.size();
            if (gathers_ && !p.fragments.empty()) gather(p);
            place.head = std::move(p.head);
            place.fragments = std::move(p.fragments);
            if (cuts_) [[unlikely]]
                ask_the_same(place, p);
            p.ask_nothing();
            out_->push();
        }
        counters_.tx_packets += n;
        counters_.tx_rejected += packets.size() - n;
        if (n) ++counters_.tx_bursts;
        out_->set_sender_short(pool_.in_use() > many_);
        return n;
    }

    buffer allocate() noexcept override {
        buffer b = pool_.allocate();
        if (!b.storage()) ++counters_.no_buffers;
        return b;
    }

    size_t prepare(std::span<packet> packets) noexcept override {
        size_t n = 0;
        while (n < packets.size() && pool_.allocate(packets[n].head)) ++n;
        if (n == 0) ++counters_.no_buffers;
        return n;
    }

    // The other end's pool: if nobody gave it its buffers back, that end could not even acknowledge what
    // they are kept for.
    bool scarce() const noexcept override { return in_->sender_short(); }

 private:
    // Segments of runs are cut here, where the sender has no part in it.
    [[gnu::noinline]] size_t receive_cut(std::span<packet> out) noexcept {
        size_t n = 0;
        for (; n < out.size(); ++n) {
            if (cut_.empty() && !in_->empty()) take_and_cut(in_->front());
            if (cut_.empty()) break;
            counters_.rx_bytes += cut_.front().size();
            out[n] = std::move(cut_.front());
            cut_.pop_front();
        }
        if (n > 0) ++counters_.rx_bursts;
        counters_.rx_packets += n;
        return n;
    }
    void take_and_cut(packet& sent) {
        if (sent.segment_bytes > 0)
            cut_segments(sent, [this](packet& piece) { cut_.push_back(std::move(piece)); });
        else
            cut_.push_back(std::move(sent));
        sent = packet();
        in_->pop();
        for (packet& p : cut_) p.ip_checksum = p.l4_checksum = verdict_;
    }
    static void ask_the_same(packet& place, const packet& p) noexcept {
        place.segment_bytes = p.segment_bytes;
        place.l2_bytes = p.l2_bytes;
        place.l3_bytes = p.l3_bytes;
        place.l4_bytes = p.l4_bytes;
    }

    static void gather(packet& p) noexcept {
        for (const buffer& b : p.fragments) std::memcpy(p.head.append(b.size()), b.data(), b.size());
        p.fragments.clear();
    }

    checksum_verdict verdict_;
    bool gathers_;
    bool cuts_;
    frame_pool pool_;
    size_t many_;  // buffers in use, of the pool
    std::shared_ptr<inbox> in_;
    std::shared_ptr<inbox> out_;
    std::deque<packet> cut_;  // still to be received
};

class link_device final : public device {
 public:
    link_device(device_info info, const link_options& options, std::shared_ptr<inbox> in,
                std::shared_ptr<inbox> out)
        : info_(std::move(info)), queue_(options, std::move(in), std::move(out)) {}

    const device_info& info() const noexcept override { return info_; }
    device_queue& queue(unsigned i) noexcept override {
        CHECK(i == 0);
        return queue_;
    }

 private:
    device_info info_;
    link_queue queue_;
};

device_info describe(const link_options& options, char end) {
    device_info info;
    info.name = std::string("link") + end;
    info.mac = mac_address({0x02, 0x00, 0x00, 0x01, 0x00, uint8_t(end)});
    info.mtu = options.mtu;
    info.checks_received = options.fills_checksums;
    info.cuts_bytes = options.fills_checksums && options.cuts_segments ? UINT16_MAX : 0;
    info.piece_bytes = info.mtu;
    info.fills_ip_checksum = info.fills_tcp_checksum = info.fills_udp_checksum = options.fills_checksums;
    return info;
}

}  // namespace

link_pair make_link(const link_options& options) {
    auto to_a = std::make_shared<inbox>(options.queue_packets);
    auto to_b = std::make_shared<inbox>(options.queue_packets);
    return {std::make_unique<link_device>(describe(options, 'a'), options, to_a, to_b),
            std::make_unique<link_device>(describe(options, 'b'), options, to_b, to_a)};
}

}  // namespace millrace::net
