// The half-open connections of a shard: bounded, found by flow, and due for another SYN-ACK in order of time.
// RFC 4987 §3.
#pragma once

#include "core/time.hh"
#include "tcp/listen/half_open.hh"
#include "tcp/listen/siphash.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace::tcp {

struct half_open_settings {
    uint32_t limit = 1024;                               // records of a shard
    duration initial_timeout = std::chrono::seconds(1);  // RFC 6298 §2.1; doubles each time
    uint8_t max_transmissions = 5;  // of a SYN-ACK; after the last one's timeout it is over
};

// Records are chained by a keyed hash of their flow, since that of the device is public and floods can be
// made of flows that share it; and they stand in a queue for each number of transmissions: all in one queue
// wait equally long, so each queue is sorted by deadline and nothing here searches.
class half_open_table {
 public:
    static constexpr uint8_t max_transmissions = 8;

    // `key` is secret.
    half_open_table(const half_open_settings& settings, const siphash_key& key);

    size_t size() const noexcept { return size_; }
    size_t limit() const noexcept { return settings_.limit; }

    // `hash`: the device's, of the flow. Null if there is none. The pointer holds until the record is erased
    // or evicted.
    half_open* find(uint32_t hash, const four_tuple& flow) noexcept;

    // Adds a record whose SYN-ACK goes out now. There must be room: evict_oldest() makes some.
    half_open& insert(const half_open& h, time_point now) noexcept;
    bool full() const noexcept { return size_ == settings_.limit; }
    // The record that has waited longest: under a flood the one least likely to become a connection.
    half_open* oldest() noexcept;

    void erase(half_open& h) noexcept;
    // Those of one listener, which has closed.
    void erase_of_listener(uint32_t listener) noexcept;

    // When to call take_due() next; `never` if empty.
    time_point next_timeout() const noexcept;
    // One record whose time has come; null when there is none more. It shall be erased if it is_spent();
    // otherwise its SYN-ACK shall go out again, and it waits anew.
    half_open* take_due(time_point now) noexcept;
    // Its SYN-ACK went out as often as the settings allow.
    bool is_spent(const half_open& h) const noexcept { return h.transmissions > settings_.max_transmissions; }
    // Records in the fullest bucket: how far a look-up may have to walk.
    size_t longest_chain() const noexcept;

    template <typename F>
    void for_each(F&& f) const {
        for (const auto& e : entries_)
            if (e.queue != no_queue) f(static_cast<const half_open&>(e));
    }

 private:
    static constexpr uint32_t none = UINT32_MAX;
    static constexpr uint8_t no_queue = UINT8_MAX;
    struct entry : half_open {
        time_point deadline{};
        uint32_t bucket = 0;
        uint32_t chain = none;                 // the next of the same bucket, or of the free list
        uint32_t before = none, after = none;  // in its queue
        uint8_t queue = no_queue;              // which; no_queue: free
    };
    struct queue {
        uint32_t first = none, last = none;
    };

    uint32_t bucket_of(const four_tuple& flow) const noexcept;
    uint32_t index_of(const half_open& h) const noexcept;
    void push(uint32_t i, uint8_t q, time_point now) noexcept;
    void unlink(uint32_t i) noexcept;

    half_open_settings settings_;
    siphash_key key_;
    std::vector<entry> entries_;
    std::vector<uint32_t> buckets_;                    // a power of two
    std::array<queue, max_transmissions + 1> queues_;  // by transmissions
    uint32_t free_ = none;
    size_t size_ = 0;
};

}  // namespace millrace::tcp
