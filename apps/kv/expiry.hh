// Times to live as clients give them.
#pragma once

#include "core/time.hh"

#include <chrono>
#include <cstdint>
#include <optional>

namespace millrace::kv {

enum class time_unit : uint8_t { seconds, milliseconds };

// The moment `ttl` from now, which may lie in the past; nullopt if it is more than a century away, so that no
// sum overflows.
inline std::optional<time_point> expiry_after(time_point now, int64_t ttl, time_unit unit) noexcept {
    constexpr int64_t century_ms = 100ll * 366 * 24 * 3600 * 1000;
    int64_t factor = unit == time_unit::seconds ? 1000 : 1;
    if (ttl > century_ms / factor || ttl < -century_ms / factor) return std::nullopt;
    return now + std::chrono::milliseconds(ttl * factor);
}

// Milliseconds since 1970, which EXAT and PXAT count from.
using unix_clock = int64_t (*)() noexcept;
inline int64_t system_unix_clock() noexcept {
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

// The moment that is `at` units after 1970, not before it; nullopt as above.
inline std::optional<time_point> expiry_at(time_point now, int64_t unix_now, int64_t at,
                                           time_unit unit) noexcept {
    int64_t milliseconds;
    if (__builtin_mul_overflow(at, unit == time_unit::seconds ? 1000 : 1, &milliseconds)) return std::nullopt;
    return expiry_after(now, milliseconds - unix_now, time_unit::milliseconds);
}

}  // namespace millrace::kv
