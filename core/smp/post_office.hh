// post_office: the rings between the shards of a group, who of them sleeps, and when all have come to rest.
// With ring.hh, and slab_heap.hh for memory itself, the only place where shards touch the same memory.
//
// Sleeping without losing a wake-up. The sleeper first says that it sleeps, then looks into its rings once
// more; the sender first publishes, then looks whether the receiver sleeps:
//
//     sleeper                                sender
//     sleeping = true    (seq_cst store)     tail = n         (seq_cst store)
//     look at tail       (seq_cst load)      look at sleeping (seq_cst load)
//
// All four being sequentially consistent, they have one order that both shards agree on, and in any such
// order at least one of the two looks comes after the other's store: either the sleeper sees the parcel and
// stays awake, or the sender sees the sleeper and writes to its eventfd. Weaker orders would let both look
// too early.
#pragma once

#include "core/os/descriptor.hh"
#include "core/reactor.hh"
#include "core/smp/ring.hh"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace millrace {

class post_office {
 public:
    // `threads`: each shard has a thread of its own, may sleep, and is woken through a descriptor. Throws
    // std::system_error if there are too few of those.
    post_office(unsigned shards, size_t ring_capacity, bool threads);

    unsigned shards() const noexcept { return unsigned(offices_.size()); }
    ring& way(shard_id from, shard_id to) noexcept { return *rings_[from * shards() + to]; }

    // ---- sleeping

    int wakeup_fd(shard_id s) const noexcept { return offices_[s]->wakeup.get(); }
    // What follows must look into the rings.
    void fall_asleep(shard_id s) noexcept { offices_[s]->sleeping.store(true, std::memory_order_seq_cst); }
    void wake_up(shard_id s) noexcept;
    // What precedes must have published. True if it had to be woken.
    bool wake_if_asleep(shard_id s) noexcept;

    // ---- coming to rest

    enum class phase : uint8_t { open, draining, closed };
    // Sequentially consistent: who falls asleep looks at it as at the rings.
    phase now() const noexcept { return phase_.load(std::memory_order_seq_cst); }
    // Nobody sleeps in the phases after `open`.
    void enter(phase p) noexcept;

    // What a shard has done so far. While draining, each reports it at the beginning of every turn.
    struct activity {
        uint64_t tasks = 0;
        uint64_t sent = 0;
        uint64_t received = 0;
        bool operator==(const activity&) const = default;
    };
    void report(shard_id s, const activity& done) noexcept;
    // While draining: true if there was a moment when no shard had a task and no parcel was on its way.
    // Calls `turn` while it waits for the others; for shard 0.
    template <typename Turn>
    bool at_rest(Turn turn);

 private:
    struct alignas(64) office {
        std::atomic<bool> sleeping{false};
        descriptor wakeup;
        std::atomic<uint64_t> turns{0};
        std::atomic<uint64_t> tasks{0};
        std::atomic<uint64_t> sent{0};
        std::atomic<uint64_t> received{0};
    };

    std::vector<activity> reports() const;
    std::vector<uint64_t> turns() const;

    std::vector<std::unique_ptr<office>> offices_;
    std::vector<std::unique_ptr<ring>> rings_;
    std::atomic<phase> phase_{phase::open};
};

// Each shard's counts only grow. If they are the same before and after an instant T, the shard did nothing at
// T; if that holds for all, and as much was received as sent, nothing was on its way at T either. The two
// turns after T make sure that the second reading is news.
template <typename Turn>
bool post_office::at_rest(Turn turn) {
    const std::vector<activity> before = reports();
    const std::vector<uint64_t> turns_at_t = turns();
    for (shard_id s = 0; s < shards(); ++s)
        while (offices_[s]->turns.load(std::memory_order_seq_cst) < turns_at_t[s] + 2) turn();
    if (reports() != before) return false;
    uint64_t on_the_way = 0;
    for (const activity& a : before) on_the_way += a.sent - a.received;
    return on_the_way == 0;
}

}  // namespace millrace
