// The numbers that a connection starts with, such that nobody off the path can guess them and a later
// connection of the same flow begins behind an earlier one. RFC 6528 (sequence numbers), RFC 7323 §5.4
// (timestamps).
#pragma once

#include "core/time.hh"
#include "tcp/listen/four_tuple.hh"
#include "tcp/listen/siphash.hh"
#include "tcp/segment/seq.hh"

#include <cstdint>

namespace millrace::tcp {

class initial_numbers {
 public:
    explicit initial_numbers(const siphash_key& secret) noexcept : secret_(secret) {}

    // ISN = M + F(flow, secret), with M counting 4 us (RFC 6528 §3).
    seq isn(const four_tuple& flow, time_point now) const noexcept;
    // What our TSval is ahead of the shard's clock: of one flow always the same.
    uint32_t timestamp_offset(const four_tuple& flow) const noexcept;

 private:
    siphash_key secret_;
};

}  // namespace millrace::tcp
