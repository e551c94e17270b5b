// TIME-WAIT: what is left of a connection that we closed first, so that late segments of it disturb no later
// one. RFC 9293 §3.6.1 §3.10.7.4, RFC 1337, RFC 6191.
#pragma once

#include "core/time.hh"
#include "tcp/listen/four_tuple.hh"
#include "tcp/listen/siphash.hh"
#include "tcp/segment/segment.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace millrace::tcp {

// The state that a connection leaves behind.
struct time_wait_state {
    seq snd_nxt;
    seq rcv_nxt;
    uint16_t wnd = 0;         // what we last announced, as on the wire
    bool timestamps = false;  // the connection used them
    flags ace{};              // of its last ACK: RFC 9768 §3.2.2
    uint32_t ts_recent = 0;
};

// A flow among those of one table, which numbers the few addresses that this host has.
struct numbered_flow {
    std::array<uint8_t, 24> bytes{};

    numbered_flow() noexcept = default;
    numbered_flow(const four_tuple& t, uint32_t local_address) noexcept;
    friend bool operator==(const numbered_flow&, const numbered_flow&) noexcept = default;
};

// One of them; with its place in the table at most 64 bytes, as there may be a million.
struct time_wait_record {
    numbered_flow flow;
    uint16_t wnd = 0;
    bool timestamps = false;
    bool live : 1 = false;       // false: erased, but still in the queue
    bool restarted : 1 = false;  // waits longer than its place in the queue says
    uint8_t ace : 3 = 0;
    seq snd_nxt;
    seq rcv_nxt;
    uint32_t ts_recent = 0;
    uint32_t deadline = 0;  // in milliseconds of the shard's clock, modulo 2^32
    uint32_t chain = 0;     // the next in its bucket
    uint32_t after = 0;     // the next in the queue, or in the free list
};
static_assert(sizeof(time_wait_record) <= 52);

// What a segment of an old connection asks of us.
enum class time_wait_verdict : uint8_t {
    drop,         // nothing
    acknowledge,  // say where we stand; so many a second
    restart,      // the peer's FIN again, our ACK of it was lost: acknowledge and wait another 2 MSL
    reuse,        // a SYN that may take the place: RFC 6191 §2, RFC 9293 §3.6.1
};
time_wait_verdict judge(const time_wait_record& r, const segment& s) noexcept;

// The ACK that says where we stand; `ts_now` is our TSval.
outgoing acknowledgment(const time_wait_record& r, uint32_t ts_now) noexcept;

// Records stand in a queue in the order of their deadlines, all waiting equally long. A record erased early
// stays in the queue until its time. One restarted, which few are, goes from the head of the queue into a
// heap, for the rest of its new time.
class time_wait_table {
 public:
    // At most `limit` records, each kept for `wait` (2 MSL).
    time_wait_table(size_t limit, duration wait, const siphash_key& key)
        : limit_(limit), wait_(wait), key_(key) {}

    // Of a record with its place in the table.
    static constexpr size_t record_bytes = 64;

    size_t size() const noexcept { return live_; }

    // Adds the record of a flow that has none. False if the table was full and the oldest record had to go:
    // this one itself if the limit is 0.
    bool insert(const four_tuple& flow, const time_wait_state& s, time_point now);
    // The one that has waited longest goes, if there is one.
    void evict_oldest() noexcept;
    // Null if there is none. The pointer holds until the record is erased or expires.
    time_wait_record* find(const four_tuple& flow) noexcept;
    // It waits for 2 MSL from now.
    void restart(time_wait_record& r, time_point now) noexcept;
    void erase(time_wait_record& r) noexcept;
    // Whether a connection opened from here may take its place: the peer tells the segments of the two apart
    // by their timestamps (RFC 6191 §2, RFC 7323 §5), as what was last sent for the old one is older than a
    // second of our clock's ticks.
    bool may_be_reopened(const time_wait_record& r, time_point now) const noexcept;

    // When to call expire() next; `never` if empty.
    time_point next_timeout() const noexcept;
    void expire(time_point now) noexcept;

 private:
    static constexpr uint32_t none = UINT32_MAX;
    struct postponed {
        uint32_t deadline;  // when to look at it: its own may have moved on since
        uint32_t index;
        // For a heap with the earliest on top.
        bool operator<(const postponed& other) const noexcept {
            return int32_t(deadline - other.deadline) > 0;
        }
    };

    uint32_t number_of(const net::ip_address& local) const noexcept;
    uint32_t deadline_after(time_point now) const noexcept;
    uint32_t& bucket_of(const numbered_flow& flow) noexcept;
    uint32_t allocate();
    void enqueue(uint32_t i, time_point now) noexcept;
    uint32_t dequeue() noexcept;
    void postpone(uint32_t i);
    uint32_t take_postponed() noexcept;
    void release(uint32_t i) noexcept;
    void double_buckets();

    size_t limit_;
    duration wait_;
    siphash_key key_;
    std::vector<net::ip_address> locals_;  // by number: as many as this host ever had
    std::deque<time_wait_record> records_;
    std::vector<uint32_t> buckets_;  // a power of two
    std::vector<postponed> late_;    // a heap
    uint32_t first_ = none, last_ = none;
    uint32_t free_ = none;
    size_t live_ = 0;
    time_point next_timeout_ = never;
};

}  // namespace millrace::tcp
