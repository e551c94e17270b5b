// mailbox: what one shard sends to the others and gets from them.
#pragma once

#include "core/parcel.hh"
#include "core/poller.hh"
#include "core/reactor.hh"

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace millrace {

class post_office;
class ring;

struct mailbox_counters {
    uint64_t sent = 0;
    uint64_t received = 0;
    uint64_t batches = 0;     // in which parcels were handed over
    uint64_t overflowed = 0;  // sent while the ring was full: they waited here
    uint64_t refused = 0;     // by try_post(), for the same reason
    uint64_t wakeups = 0;     // of other shards that slept
};

// A parcel is opened on the other shard in the poll of one of its turns, in the order sent; parcels of one
// turn travel together at its end. Between two shards lies a ring of fixed size. What does not fit waits with
// the sender, so that nobody ever blocks and two full rings cannot hold each other up.
class mailbox final : public poller {
 public:
    mailbox(post_office& office, shard_id shard);
    mailbox(const mailbox&) = delete;
    mailbox& operator=(const mailbox&) = delete;
    ~mailbox();

    template <typename F>
    void post(shard_id to, F&& f) {
        place_for(to).fill(std::forward<F>(f));
    }
    // False, with `f` untouched, if the ring is full.
    template <typename F>
    bool try_post(shard_id to, F& f) {
        parcel* place = try_place_for(to);
        if (place) place->fill(std::move(f));
        return place != nullptr;
    }

    const mailbox_counters& counters() const noexcept { return counters_; }
    // Parcels that wait because rings are full.
    uint64_t waiting() const noexcept { return waiting_; }

    bool poll() noexcept override;
    void flush() noexcept override;
    int wakeup_fd() const noexcept override;
    bool prepare_sleep() noexcept override;
    void woke() noexcept override;

 private:
    struct outgoing {
        ring* way = nullptr;
        std::deque<parcel> overflow;
    };

    parcel& place_for(shard_id to);
    parcel* try_place_for(shard_id to) noexcept;
    void hand_over(shard_id to) noexcept;

    post_office& office_;
    shard_id shard_;
    std::vector<outgoing> out_;
    std::vector<ring*> in_;
    bool unsent_ = false;  // something was posted since the last flush, or waits
    uint64_t waiting_ = 0;
    mailbox_counters counters_;
};

// Runs `f` on another shard, or on this one in its next turn, and tells nothing back; f must not throw and
// should be short, for it runs outside of any task. The cheapest way to another shard.
template <typename F>
void post(shard_id to, F&& f) {
    CHECK(reactor::current().mailbox() != nullptr);
    reactor::current().mailbox()->post(to, std::forward<F>(f));
}

// The same, unless too much is on its way already: then false, and `f` is untouched.
template <typename F>
bool try_post(shard_id to, F& f) {
    CHECK(reactor::current().mailbox() != nullptr);
    return reactor::current().mailbox()->try_post(to, f);
}

}  // namespace millrace
