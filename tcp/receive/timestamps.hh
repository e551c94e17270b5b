// The timestamps option's two uses: our clock echoed back, and protection against wrapped sequence numbers.
// RFC 7323 §4 §5.
#pragma once

#include "core/time.hh"
#include "tcp/segment/options.hh"
#include "tcp/segment/seq.hh"

#include <chrono>
#include <cstdint>
#include <optional>

namespace millrace::tcp {

// The value of our timestamp clock: one tick a millisecond (RFC 7323 §5.4), `offset` differs from peer to
// peer so that it tells nobody our uptime (RFC 7323 §5.4, last paragraph, and §7.1).
inline uint32_t timestamp_clock(time_point now, uint32_t offset) noexcept {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
    return uint32_t(ms.count()) + offset;
}

class timestamps {
 public:
    // Until enable(): not negotiated, nothing is sent and everything passes.
    explicit timestamps(uint32_t offset = 0) noexcept : offset_(offset) {}

    // The handshake has agreed on the option: `recent` is the peer's first TSval.
    void enable(uint32_t offset, uint32_t recent, time_point now) noexcept;
    bool enabled() const noexcept { return enabled_; }

    // Of our TSval from the clock.
    uint32_t offset() const noexcept { return offset_; }
    // TS.Recent: what we echo.
    uint32_t recent() const noexcept { return recent_; }
    // The option of a segment that is sent now.
    timestamp_option stamp(time_point now) const noexcept { return {timestamp_clock(now, offset_), recent_}; }

    // R1 of RFC 7323 §5.3: the segment with `value` is older than what we have seen; drop it and send an ACK,
    // unless it is a RST. A TS.Recent that was not refreshed for 24 days rejects nothing (§5.5).
    bool rejects(uint32_t value, time_point now) const noexcept {
        return static_cast<int32_t>(value - recent_) < 0 && coarse(now) - recent_at_ < max_age;
    }
    // At least as new as all that was seen: rejects() would say no.
    bool is_newest(uint32_t value) const noexcept { return static_cast<int32_t>(value - recent_) >= 0; }
    // RFC 7323 §4.3 (2): an acceptable segment with `value` starts at `at`; our last ACK said
    // `last_ack_sent`. So that with delayed ACKs the earliest segment is echoed, and with gaps the last one
    // in order.
    void on_segment(uint32_t value, seq at, seq last_ack_sent, time_point now) noexcept {
        if (!rejects(value, now)) on_newest(value, at, last_ack_sent, now);
    }
    void on_newest(uint32_t value, seq at, seq last_ack_sent, time_point now) noexcept {
        if (at > last_ack_sent) return;
        recent_ = value;
        recent_at_ = coarse(now);
    }

    // The time since we sent the segment that is echoed by `echo`, to one millisecond; nothing if it cannot
    // be (an echo from the future, or older than a minute).
    std::optional<duration> elapsed(uint32_t echo, time_point now) const noexcept;

 private:
    // In units of 2^30 ns, which is somewhat more than a second.
    static uint32_t coarse(time_point t) noexcept {
        return uint32_t(uint64_t(t.time_since_epoch().count()) >> 30);
    }
    static constexpr uint32_t max_age = uint32_t(duration(std::chrono::hours(24 * 24)).count() >> 30);

    uint32_t offset_ = 0;
    uint32_t recent_ = 0;
    uint32_t recent_at_ = 0;
    bool enabled_ = false;
};

}  // namespace millrace::tcp
