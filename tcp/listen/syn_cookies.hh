// SYN cookies: a half-open connection kept in the numbers of our SYN-ACK instead of in memory. RFC 4987 §3.6.
#pragma once

#include "core/time.hh"
#include "tcp/listen/half_open.hh"
#include "tcp/listen/siphash.hh"

#include <cstdint>
#include <optional>

namespace millrace::tcp {

// A cookie is good for the flow and the number of one SYN, until the end of the minute after the one that it
// was sent in. It is believed only while cookies are being sent: at all other times nobody can guess one.
//
// As a sequence number, modulo 2^32:
//
//     F(flow) + IRS + minute * 2^24 + (F(flow, IRS, minute) + class of the MSS * 2^21) mod 2^24
//
// with a hash F of two keys. F(flow) + IRS hides the minute from those who do not see our SYN-ACK, so that
// they have to guess 32 bits, of which 16 patterns are good, and no two neighbours.
class syn_cookies {
 public:
    explicit syn_cookies(const siphash_key& secret) noexcept;

    // Makes `h` what an ACK of the cookie will tell of it: its number is the cookie, its MSS that of its
    // class; without timestamps there is no scaling, no SACK, and ECN only if it is counted, which the ACK
    // says itself (RFC 9768 §5.1).
    void bake(half_open& h, time_point now) noexcept;

    // The record that `s` acknowledges; none if that is no cookie of ours, or too old. `clock`: our timestamp
    // clock less the offset of the flow, which is `offset`. Its SYN-ACK counts as never sent: nobody knows
    // when it went out, or how often.
    std::optional<half_open> read(const four_tuple& flow, const segment& s, const passive_offer& offer,
                                  uint32_t clock, uint32_t offset, time_point now) const noexcept;

    // Whether one was sent so lately that it could come back.
    bool sent_lately(time_point now) const noexcept { return now < good_until_; }

 private:
    uint32_t mask(const packed_tuple& flow) const noexcept;
    uint32_t seal(const packed_tuple& flow, seq irs, uint64_t minute) const noexcept;
    std::optional<uint16_t> peer_mss(const packed_tuple& flow, seq irs, seq cookie,
                                     time_point now) const noexcept;

    siphash_key secret_;
    time_point good_until_{};
};

// Options that a cookie has no room for stand in the lowest bits of our TSval, as in Linux: the window scale
// in four, 15 for none; SACK and classic ECN in one each. `clock` with these bits, at most 64 ms behind: the
// later values of the clock are newer, as RFC 7323 §5.3 wants.
uint32_t timestamp_with_options(const half_open& h, uint32_t clock) noexcept;

}  // namespace millrace::tcp
