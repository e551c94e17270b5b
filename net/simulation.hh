// Simulated networks: wires that delay, lose, reorder, duplicate and corrupt, and a world of reactors in
// virtual time. All of it runs in one thread and repeats exactly from one seed.
#pragma once

#include "core/time.hh"
#include "net/device.hh"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace millrace {
class random;
class reactor;
struct reactor_options;
}  // namespace millrace

namespace millrace::net {

class pcap_writer;

// What one direction of a wire does to the frames it carries. The default is a perfect wire of no delay.
struct wire_options {
    duration delay{0};              // from the last bit sent to arrival
    duration jitter{0};             // 0 to this much more, uniform; keeps the order
    uint64_t rate_bps = 0;          // bits per second; 0: no limit
    uint32_t queue_packets = 1000;  // frames waiting for the rate; more are dropped at the tail
    uint32_t mark_packets = 0;      // ECN-capable IP packets that find so many waiting are marked CE; 0: none
    uint64_t police_bps = 0;        // bits per second; what exceeds it is dropped, not queued; 0: no limit
    uint32_t police_burst = 65536;  // bytes that may exceed it, after as much silence
    uint16_t mtu = 65535;           // bytes of IP packet; longer ones are dropped
    // Chances per frame, 0 to 1.
    double loss = 0;
    double reorder = 0;    // held back by up to reorder_hold, so that later ones overtake
    double duplicate = 0;  // arrives a second time, up to reorder_hold later
    double corrupt = 0;    // one bit flipped somewhere in the frame
    double mark = 0;       // marked CE, if it is an ECN-capable IP packet
    // Losses in bursts (Gilbert and Elliott): a burst begins with this chance at each frame, ends with that
    // one after each of its frames, and loses so many of them. `lost` counts these, too.
    double burst = 0;
    double burst_end = 0.1;
    double burst_loss = 1;
    duration reorder_hold = std::chrono::milliseconds(1);
};

// The device at one end of a wire.
struct wire_end_options {
    std::string name;     // empty: "sim0a", "sim0b", ...
    mac_address mac;      // all zero: 02:00:00:00:NN:EE, by wire and end
    uint16_t mtu = 1500;  // what the device says of itself
    unsigned queues = 1;
    bool spreads_flows = true;     // frames go to queues by the hash of net/rss.hh; else all to queue 0
    bool fills_checksums = false;  // as a NIC with checksum offload does
    bool cuts_segments = false;    // TSO, as a NIC does it; goes with fills_checksums
    bool checks_received = false;
    uint32_t buffers = 4096;        // pool of all queues; what arrives when it is empty is dropped
    double failed_allocations = 0;  // chance that allocate() finds no buffer all the same
};

struct wire_setup {
    wire_options a_to_b{};
    wire_options b_to_a{};
    wire_end_options a{};
    wire_end_options b{};
};

enum class wire_end : uint8_t { a, b };

// What became of the frames sent in one direction.
struct wire_counters {
    uint64_t sent = 0;        // offered by the sending end
    uint64_t arrived = 0;     // ready to be received at the other end, duplicates included
    uint64_t lost = 0;        // by chance
    uint64_t cut = 0;         // sent while the wire was cut
    uint64_t overflowed = 0;  // the queue was full
    uint64_t policed = 0;     // more than police_bps
    uint64_t too_long = 0;    // for the mtu
    uint64_t no_buffers = 0;  // the receiver's pool was empty
    uint64_t reordered = 0;
    uint64_t duplicated = 0;
    uint64_t corrupted = 0;
    uint64_t marked = 0;
};

// Two devices joined by a wire. Frames are copied, as on a real wire: what a sender does to its buffers
// afterwards does not show at the other end.
class wire {
 public:
    // `c` must outlive the wire.
    wire(clock& c, uint64_t seed, const wire_setup& setup = {});
    ~wire();
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;

    device& end(wire_end e) noexcept;
    device& a() noexcept { return end(wire_end::a); }
    device& b() noexcept { return end(wire_end::b); }

    // Changes what is done from now on to the frames sent from `from`. Those on their way are not touched.
    void impair(wire_end from, const wire_options& options) noexcept;
    const wire_options& options(wire_end from) const noexcept;
    // A cut wire loses all that is sent; what is on its way still arrives.
    void cut() noexcept;
    void mend() noexcept;

    // Writes every frame sent or received at this end, with the clock's time. Null ends it.
    void capture(wire_end at, pcap_writer* writer) noexcept;
    // Shows `observer` every frame that this end sends, before anything is done to it. Null ends it.
    using observer = std::function<void(const packet& frame)>;
    void observe(wire_end from, observer o);

    const wire_counters& counters(wire_end from) const noexcept;
    // Frames sent from `from` that wait for its rate.
    size_t waiting(wire_end from) const noexcept;
    // Frames on their way or arrived and not yet received, both directions.
    size_t in_flight() const noexcept;
    // Of the end's pool, held by anyone.
    size_t buffers_in_use(wire_end at) const noexcept;
    // When the next frame arrives that has not yet; `never` if there is none.
    time_point next_arrival() const noexcept;

 private:
    struct state;
    std::unique_ptr<state> state_;
};

// An instant link of two devices in one thread, with no clock, copy or impairment: transmitted packets are
// moved to the other end. For counting what the stacks themselves cost.
struct link_options {
    uint16_t mtu = 1500;
    uint32_t queue_packets = 1024;  // that wait at an end; a power of two
    uint32_t buffers = 8192;        // of each end
    bool fills_checksums = false;   // both ends say that they fill and check, and nobody does
    bool cuts_segments = false;     // TSO, done where the frame is received: the sender has no part in it
    bool gathers = false;           // a frame arrives in one buffer, copied, as over most devices
};
struct link_pair {
    std::unique_ptr<device> a;
    std::unique_ptr<device> b;
};
link_pair make_link(const link_options& options = {});

// Reactors, wires and the clock that they share. Whoever makes something here keeps it until the world goes;
// what stands on a reactor (networks, services) must be gone by then.
class world {
 public:
    explicit world(uint64_t seed = 1);
    ~world();
    world(const world&) = delete;
    world& operator=(const world&) = delete;

    uint64_t seed() const noexcept { return seed_; }
    manual_clock& clock() noexcept { return clock_; }
    time_point now() noexcept { return clock_.now(); }
    millrace::random& rng() noexcept { return *random_; }

    // A host's only shard, with the world's clock and a seed drawn from the world's.
    reactor& add_reactor();
    // Turns somebody else's reactor too, such as those of a group of shards; it must run on this world's
    // clock.
    void add(reactor& r);
    void remove(reactor& r) noexcept;
    wire& add_wire(const wire_setup& setup = {});

    // What a round of turns takes when there was work in it: without it, hosts that never rest would stop the
    // clock.
    static constexpr duration turn_time = std::chrono::microseconds(1);

    enum class progress : uint8_t {
        worked,  // a reactor did something
        waited,  // nothing to do: the clock moved on to the next timer or arrival
        idle,    // nothing will ever happen again
    };
    // Turns every reactor once; if none had anything to do, moves the clock, not beyond `limit`.
    progress step(time_point limit = never);

    // Goes on until pred() holds, looking after every step. False if `limit` of virtual time passed or
    // nothing more can happen and it still does not hold.
    template <typename Predicate>
    bool run_until(Predicate pred, duration limit = std::chrono::hours(1)) {
        const time_point end = now() + limit;
        while (!pred()) {
            if (now() >= end || step(end) == progress::idle) return pred();
        }
        return true;
    }
    // Until nothing more can happen: no task, timer, or frame on its way. False if that took longer than
    // `limit`.
    bool run_until_idle(duration limit = std::chrono::hours(1));
    // Lets this much virtual time pass.
    void run_for(duration time);

    uint64_t steps() const noexcept { return steps_; }

 private:
    time_point next_event() const;

    uint64_t seed_;
    manual_clock clock_;
    std::unique_ptr<millrace::random> random_;
    std::vector<std::unique_ptr<wire>> wires_;
    std::vector<std::unique_ptr<reactor>> own_reactors_;
    std::vector<reactor*> reactors_;
    uint64_t steps_ = 0;
};

}  // namespace millrace::net
