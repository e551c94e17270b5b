// The device at one end of a simulated wire: a pool, queues fed by arrival time, and the direction it sends
// into.
#pragma once

#include "core/time.hh"
#include "net/device.hh"
#include "net/sim/frame_pool.hh"
#include "net/sim/impairment.hh"
#include "net/simulation.hh"

#include <deque>
#include <memory>
#include <vector>

namespace millrace::net {

class pcap_writer;
class sim_device;

class sim_queue final : public device_queue {
 public:
    explicit sim_queue(sim_device& owner) : owner_(owner) {}
    ~sim_queue() override;

    size_t receive(std::span<packet> out) noexcept override;
    size_t transmit(std::span<packet> packets) noexcept override;
    buffer allocate() noexcept override;
    bool scarce() const noexcept override;

    // Takes over a frame that will have arrived at `at`.
    void deliver(time_point at, frame_pool::slot* frame);
    size_t waiting() const noexcept { return arrivals_.size(); }
    // Of those that arrive after `now`.
    time_point next_arrival(time_point now) const noexcept;

 private:
    struct arrival {
        time_point at;
        frame_pool::slot* frame;
    };

    sim_device& owner_;
    std::deque<arrival> arrivals_;  // by time; those of one time in the order sent
};

class sim_device final : public device {
 public:
    sim_device(clock& c, uint64_t seed, const wire_end_options& options, device_info info);

    const device_info& info() const noexcept override { return info_; }
    device_queue& queue(unsigned i) noexcept override;

    void connect(sim_device& peer) noexcept { peer_ = &peer; }
    void capture(pcap_writer* writer) noexcept { capture_ = writer; }
    void observe(wire::observer o) noexcept { observer_ = std::move(o); }
    impairment& outgoing() noexcept { return outgoing_; }
    const impairment& outgoing() const noexcept { return outgoing_; }

    size_t waiting() const noexcept;
    time_point next_arrival() const noexcept;
    size_t buffers_in_use() const noexcept { return pool_.in_use(); }

 private:
    friend class sim_queue;
    void send(packet& frame) noexcept;
    void send_one(packet& frame) noexcept;
    void copy_to_peer(const packet& frame, time_point at, const impairment::fate& fate) noexcept;
    bool refuses_allocation() noexcept;

    clock& clock_;
    device_info info_;
    wire_end_options options_;
    frame_pool pool_;
    random random_;  // of failed allocations
    impairment outgoing_;
    sim_device* peer_ = nullptr;
    pcap_writer* capture_ = nullptr;
    wire::observer observer_;
    std::vector<std::unique_ptr<sim_queue>> queues_;
};

}  // namespace millrace::net
