// What the peer tells of the marks on what we have sent, made into numbers. RFC 9768 §3.2.2, §3.2.3.
#pragma once

#include "tcp/segment/ecn_setup.hh"
#include "tcp/segment/options.hh"

#include <cstdint>
#include <optional>

namespace millrace::tcp {

class mark_feedback {
 public:
    static constexpr uint32_t ace_cycle = 8;  // marks after which the ACE field is as it was

    // An ACK that no later one has overtaken.
    struct ack {
        uint8_t ace = 0;
        const std::optional<mark_counts>& counts;
        uint32_t bytes = 0;     // that arrived, by it: acknowledged, or reported by SACK
        uint32_t segments = 0;  // that these were, as far as is known; exactly if
        bool counted = false;
        uint32_t smss = 0;  // of our segments
    };
    // What is new in it.
    struct marks {
        uint32_t segments = 0;
        uint32_t bytes = 0;
    };
    marks on_ack(const ack& a) noexcept;

    // The ACE field of the ACK that ends the handshake, without data or SACK blocks: RFC 9768 table 4. Our
    // SYN-ACK went out as not capable of ECN. True: it was marked all the same.
    bool on_handshake(flags ace) noexcept;
    // The option of a SYN-ACK, if there is one.
    void on_first_counts(const std::optional<mark_counts>& counts) noexcept;

    // That nothing on the way spoils marks or what is told of them, as far as is known: else nothing more may
    // say that it can be marked.
    bool is_sound() const noexcept { return sound_; }
    // Where the option gets through an ACK without one brings no news but what its ACE field says.
    bool has_counts() const noexcept { return counts_seen_ && !ignores_counts_; }
    // An ACE field was seen as a counter: the first one is a case of its own.
    bool has_begun() const noexcept { return !first_; }
    // An ACK, maybe of ace_cycle segments or more, that on_ack() is not told of: without an option, and its
    // ACE field as it was last.
    void on_plain_ack() noexcept { certain_ = false; }
    // Would this ACE field tell of marks?
    bool is_news(uint8_t ace) const noexcept { return heard_ && ace != (marked_ & 7); }
    flags ace() const noexcept { return flags::of_ace(marked_); }  // as it was last
    uint32_t marked() const noexcept { return marked_; }           // s.cep

 private:
    uint32_t likely_marks(const ack& a, uint32_t least, std::optional<uint32_t> bytes) const noexcept;
    std::optional<uint32_t> take_counts(const std::optional<mark_counts>& c) noexcept;
    void look_for_spoilt_counters(const ack& a, uint32_t segments, std::optional<uint32_t> bytes) noexcept;

    uint32_t marked_ = first_marked;      // s.cep
    uint32_t ce_ = first_mark_counts.ce;  // s.ceb
    uint32_t estimated_ = 0;              // bytes that were told of as marked since the last option
    uint32_t since_counts_ = 0;           // segments acknowledged since then, and
    uint32_t marks_since_counts_ = 0;     // marks
    uint32_t average_ = 0;                // segments that an ACK acknowledges, in sixteenths
    bool sound_ = true;
    bool heard_ = true;    // false: what is told is not to be believed
    bool first_ = true;    // no ACE field was seen as a counter
    bool tested_ = false;  // the first segment with an option, or without, was seen
    bool counts_seen_ = false;
    bool ignores_counts_ = false;
    bool certain_ = true;  // since_counts_ is exact
};

}  // namespace millrace::tcp
