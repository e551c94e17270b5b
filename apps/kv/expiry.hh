// Times to live as clients give them.
#pragma once

#include "core/time.hh"

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

}  // namespace millrace::kv
