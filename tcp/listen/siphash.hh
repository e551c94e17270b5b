// SipHash-2-4 (Aumasson and Bernstein, 2012): a short keyed hash that nobody without the key can predict.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace millrace::tcp {

using siphash_key = std::array<uint64_t, 2>;

uint64_t siphash(const siphash_key& key, std::span<const uint8_t> bytes) noexcept;

}  // namespace millrace::tcp
