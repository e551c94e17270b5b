// How much memory the packets and connections of a shard may hold together, and who gives way first when it
// runs out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::net {

// In the order in which they give way: what stands first is refused first. What is worth least comes first,
// and what established connections live on comes last.
enum class memory_use : uint8_t {
    fragments,       // of IP datagrams that are not complete
    unresolved,      // packets that wait for a neighbour's address
    datagrams,       // of UDP, that nobody has received yet
    out_of_order,    // TCP data as it comes before its turn; what is kept of it is held as unread
    time_wait,       // what is left of connections
    half_open,       // connections that peers have begun: cookies need no memory
    connections,     // they themselves, and the coroutine frames of their shard
    unacknowledged,  // TCP data that is to be sent, or was and is not acknowledged
    unread,          // TCP data that nobody has read yet
};
inline constexpr size_t memory_uses = 9;

// As in the labels of metrics: "out_of_order".
std::string_view to_string(memory_use u) noexcept;

// Counts, and says what may be had; the memory itself is its holder's. One for each shard: owning shard only.
class memory_budget {
 public:
    static constexpr uint64_t default_limit = uint64_t(1) << 30;

    // `limit`: of all uses together, in bytes.
    explicit memory_budget(uint64_t limit = default_limit) noexcept;
    memory_budget(const memory_budget&) = delete;
    memory_budget& operator=(const memory_budget&) = delete;

    // May `u` have `bytes` more? While all together hold less than its share of the limit; the last one's
    // share is the whole.
    bool admits(memory_use u, uint64_t bytes = 0) const noexcept {
        return used_ + bytes <= ceilings_[size_t(u)];
    }
    // The same, for one that is refused if not: counted then. Nothing is taken by this.
    bool admit(memory_use u, uint64_t bytes) noexcept {
        if (admits(u, bytes)) [[likely]]
            return true;
        ++refused_[size_t(u)];
        return false;
    }
    // Half of it is in use: nobody should be offered more than is sure to be there.
    bool is_tight() const noexcept { return used_ > tight_; }

    // What `u` holds has changed from `before` to `after` bytes: of one of its holders.
    void change(memory_use u, uint64_t before, uint64_t after) noexcept {
        held_[size_t(u)] += after - before;
        used_ += after - before;
    }
    // All that `u` holds.
    void set(memory_use u, uint64_t bytes) noexcept { change(u, held_[size_t(u)], bytes); }

    // In bytes.
    uint64_t limit() const noexcept { return ceilings_.back(); }
    uint64_t used() const noexcept { return used_; }
    uint64_t used(memory_use u) const noexcept { return held_[size_t(u)]; }
    // How often admit() said no.
    const uint64_t& refused(memory_use u) const noexcept { return refused_[size_t(u)]; }

 private:
    uint64_t used_ = 0;
    uint64_t tight_;
    std::array<uint64_t, memory_uses> ceilings_;
    std::array<uint64_t, memory_uses> held_{};
    std::array<uint64_t, memory_uses> refused_{};
};

}  // namespace millrace::net
