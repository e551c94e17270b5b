// Where a shard's cycles go, by kind of work.
#pragma once

#include "core/cycles.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace millrace {

enum class work_kind : uint8_t {
    device_in,    // taking bursts from the device
    device_out,   // giving bursts to it
    ip_in,        // link and IP layers, UDP and ICMP, on the way in
    ip_out,       // the same on the way out; segments that TCP sends are counted there
    tcp_in,       // segments that arrive
    tcp_out,      // segments that leave, down to the frame
    tasks,        // the application's coroutines, and what they call
    timers,       // expired
    mailboxes,    // messages between shards
    descriptors,  // asking the kernel which are ready, and telling who waits
    other,        // the reactor's own turn
    idle,         // turns in which nothing was done, whole
    sleep,        // asleep: time, not work
};
inline constexpr size_t works = size_t(work_kind::sleep) + 1;

std::string_view to_string(work_kind w) noexcept;

// Belongs to a reactor. Reading the cycle counter costs some 25 ns, several times a turn: so one turn of 16
// on average, at random, is measured and stands for those since the one before, and the others pay a branch
// per change of work. The sums are estimates without bias. Sleep is exact.
class cost_meter {
 public:
    // Of the machine's counter, or of a number that stands for it: in virtual time one that stands still.
    explicit cost_meter(const uint64_t* counter = nullptr) noexcept : counter_(counter) {}

    // What follows is work of this kind; returns what it was before, to go back to. Once a burst, never once
    // a packet.
    work_kind enter(work_kind w) noexcept {
        if (!measured_) [[likely]]
            return w;
        return change(w);
    }

    // A turn begins with `other` work.
    void begin_turn() noexcept {
        if (--turns_to_next_ == 0) [[unlikely]]
            begin_measured_turn();
    }
    void end_turn(bool worked) noexcept {
        if (measured_) [[unlikely]]
            end_measured_turn(worked);
    }
    // Between turns.
    uint64_t now() const noexcept { return counter_ ? *counter_ : read_cycles(); }
    void add_sleep(uint64_t cycles) noexcept { cycles_[size_t(work_kind::sleep)] += cycles; }

    // Estimated, of all turns.
    const uint64_t& cycles(work_kind w) const noexcept { return cycles_[size_t(w)]; }

 private:
    static constexpr uint32_t longest_gap = 31;  // turns; the mean is 16

    work_kind change(work_kind w) noexcept;
    void begin_measured_turn() noexcept;
    void end_measured_turn(bool worked) noexcept;

    bool measured_ = false;
    work_kind current_ = work_kind::other;
    uint32_t turns_to_next_ = 1;
    uint32_t stands_for_ = 1;  // turns
    uint64_t since_ = 0;
    const uint64_t* counter_;
    uint64_t dice_ = 1;  // its own, so that measuring changes nothing
    std::array<uint64_t, works> in_turn_{};
    std::array<uint64_t, works> cycles_{};
};

// Work of one kind inside that of another, for as long as it lives.
class cost_scope {
 public:
    cost_scope(cost_meter& meter, work_kind w) noexcept : meter_(meter), before_(meter.enter(w)) {}
    cost_scope(const cost_scope&) = delete;
    cost_scope& operator=(const cost_scope&) = delete;
    ~cost_scope() { meter_.enter(before_); }

 private:
    cost_meter& meter_;
    const work_kind before_;
};

}  // namespace millrace
