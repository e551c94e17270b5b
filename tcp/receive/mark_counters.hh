// What has come with which mark, counted for the sender of it, and when to tell. RFC 9768 §3.2.
#pragma once

#include "net/ecn.hh"
#include "tcp/segment/flags.hh"
#include "tcp/segment/options.hh"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace millrace::tcp {

class mark_counters {
 public:
    // Data of so many full segments is reported at the latest, so that who hears of it need not suspect that
    // the ACE field has gone round: RFC 9768 §3.2.3.3, "every n ACKs".
    static constexpr uint32_t segments_untold = 8;

    // An acceptable segment with `bytes` of data, but no SYN; `waits`: other data waits to be acknowledged.
    // True: an ACK shall go out at once (RFC 9768 §3.2.2.5.1).
    bool on_segment(net::ecn mark, uint32_t bytes, bool waits) noexcept;

    // r.cep as the ACE field says it.
    flags ace() const noexcept { return flags::of_ace(marked_); }
    // An ACK goes out, with that.
    void on_ack_sent() noexcept { told_ = marked_; }
    // The ACK to be sent next says something that the last one did not, or brings the option.
    bool has_news() const noexcept { return marked_ != told_ || reports_due_ > 0; }

    // The option, if it is due, for an ACK that goes out now and has `room` bytes for it. It is left out if
    // what has changed since the last one does not fit (RFC 9768 §3.2.3.3).
    std::optional<mark_counts> report(size_t room) noexcept;
    // It whole, whether due or not: what tests the path (RFC 9768 §3.2.3.2.1).
    mark_counts report_all() noexcept;

    uint32_t marked() const noexcept { return marked_; }  // r.cep

 private:
    // The counters, as bits of a set.
    enum counter : uint8_t { ect0 = 1, ce = 2, ect1 = 4 };

    void count(net::ecn mark, uint32_t bytes) noexcept;
    mark_counts counts(uint8_t fields, bool ect1_first) const noexcept;
    void on_report() noexcept;
    static uint8_t fields_for(uint8_t wanted, bool ect1_first) noexcept;

    uint32_t marked_ = first_marked;      // r.cep: segments
    uint32_t ce_ = first_mark_counts.ce;  // r.ceb, r.e0b, r.e1b: bytes
    uint32_t ect0_ = first_mark_counts.ect0;
    uint32_t ect1_ = first_mark_counts.ect1;
    uint32_t told_ = first_marked;  // r.cep in the last ACK
    uint32_t untold_ = 0;           // bytes counted since the last option
    uint32_t full_size_ = 1;        // the largest data of a segment
    uint8_t ever_ = 0;              // counters that have moved, and
    uint8_t changed_ = 0;           // those of them that have since the last option
    uint8_t last_ = 0;              // the one that moved last
    uint8_t reports_due_ = 0;
    net::ecn last_mark_ = net::ecn::not_capable;  // of the last segment
};

}  // namespace millrace::tcp
