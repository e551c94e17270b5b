// Which segment size the path carries, found by sending: packetization layer path MTU discovery, for paths
// that lose what is too large and tell nobody. RFC 4821, in the words of RFC 8899 §5.
#pragma once

#include "core/frame_cache.hh"
#include "core/time.hh"
#include "tcp/segment/seq.hh"

#include <cstdint>

namespace millrace::tcp {

// Beside a connection while its segments are smaller than what its ends can do. All sizes are MSS (RFC 6691):
// an IP packet less the fixed headers, with TCP's options.
class mtu_probing : public frame_cached {
 public:
    struct limits {
        uint16_t base = 1024;  // BASE_PLPMTU: what nearly all paths carry; RFC 4821 §7.2
        uint16_t floor = 512;  // MIN_PLPMTU
        duration raise_after = std::chrono::minutes(10);  // PMTU_RAISE_TIMER
    };
    // RFC 8899 §5.1.2, MAX_PROBES: of one size that are lost until it is held to be too large.
    static constexpr uint8_t max_probes = 3;
    // RFC 4821 §7.3: between what is carried and what is not the search ends.
    static constexpr uint16_t close_enough = 8;

    // `ceiling`: the largest that both ends can do. All of it is believed to be carried.
    mtu_probing(const limits& l, uint16_t ceiling) noexcept;

    // PLPMTU: for all segments but probes.
    uint16_t size() const noexcept { return size_; }
    uint16_t ceiling() const noexcept { return ceiling_; }
    // Of the next probe; 0 if there is none to be sent: one is in flight, or the search is over.
    uint16_t next() const noexcept { return in_flight() ? 0 : candidate_; }
    bool is_searching() const noexcept { return in_flight() || candidate_ > 0; }

    // Begins with the base, and searches.
    void start_at_base() noexcept;
    // A segment of size `stuck` times out again and again: RFC 4821 §7.7. True if size() is smaller now.
    bool on_black_hole(uint16_t stuck) noexcept;
    // The ends, or a router by ICMP, allow no more than this from now on.
    void set_ceiling(uint16_t mss) noexcept;

    // A probe of size next() went out.
    void on_sent(seq_range text) noexcept;
    bool in_flight() const noexcept { return probed_ > 0; }
    seq_range text() const noexcept { return text_; }
    // SND.UNA is `una`. True if the probe has arrived, so that size() is what it had: RFC 4821 §7.6.1.
    bool on_ack(seq una, time_point now) noexcept;
    // Of all that was in flight the probe alone was lost (RFC 4821 §7.6.2), or a timeout struck (§7.6.3).
    void on_lost(time_point now) noexcept;
    // It cannot be told what became of it: RFC 4821 §7.6.4.
    void on_inconclusive() noexcept { probed_ = 0; }

    // When to search anew, as paths change: RFC 8899 §5.1.1; `never` while searching, or with all found.
    time_point raise_at() const noexcept { return raise_at_; }
    void on_raise() noexcept;

 private:
    uint16_t choose() const noexcept;
    void search_on(time_point now) noexcept;

    limits limits_;
    uint16_t ceiling_;
    uint16_t size_;       // search_low and eff_pmtu of RFC 4821 §7.1
    uint16_t too_large_;  // the smallest that is held to be so: search_high + 1; above the ceiling: none
    uint16_t candidate_ = 0;
    uint16_t probed_ = 0;  // size of the probe in flight
    uint8_t lost_ = 0;     // probes of the candidate, in a row
    seq_range text_{};
    time_point raise_at_ = never;
};

}  // namespace millrace::tcp
