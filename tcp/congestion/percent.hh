// Parts of byte counts and rates, exact for all that fit in 64 bits.
#pragma once

#include "core/time.hh"

#include <cstdint>

namespace millrace::tcp {

__extension__ typedef unsigned __int128 wide_count;

// No limit: a part of it is none either.
constexpr uint64_t no_limit = UINT64_MAX;

constexpr uint64_t percent_of(uint64_t of, unsigned percent) noexcept {
    return of == no_limit ? of : uint64_t(wide_count(of) * percent / 100);
}

// More than `percent` of `of`.
constexpr bool exceeds(uint64_t part, unsigned percent, uint64_t of) noexcept {
    return wide_count(part) * 100 > wide_count(of) * percent;
}

// Bytes that come in `time` at `rate` bytes per second.
constexpr uint64_t bytes_in(duration time, uint64_t rate) noexcept {
    return time <= duration::zero() ? 0 : uint64_t(wide_count(rate) * uint64_t(time.count()) / 1'000'000'000);
}

// Bytes per second, if `bytes` take `time`, which is longer than nothing.
constexpr uint64_t rate_of(uint64_t bytes, duration time) noexcept {
    return uint64_t(wide_count(bytes) * 1'000'000'000 / uint64_t(time.count()));
}

}  // namespace millrace::tcp
