// Quantities as people write them: "200ms", "64KiB", "10Gbit". Units are part of the value, so that nobody
// guesses.
#pragma once

#include "core/time.hh"

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

// The parsers throw std::invalid_argument with one sentence that says what is wrong and what would be right.

// A whole number from 0, with nothing around it.
uint64_t parse_count(std::string_view text);

// A time: ns, us, ms, s, m or h, as in "200ms" or "1.5s". Only 0 goes without a unit.
duration parse_duration(std::string_view text);

// A size in bytes: B, KB, MB, GB, TB (by 1000), KiB, MiB, GiB, TiB (by 1024), as in "64KiB". No unit: bytes.
uint64_t parse_bytes(std::string_view text);

// A rate in bits per second: bit, Kbit, Mbit, Gbit (by 1000), as in "10Gbit". Only 0 goes without a unit.
uint64_t parse_rate(std::string_view text);

// In the largest unit that keeps the value exact: "1500ms", "64KiB", "2500Mbit". The parsers read it back.
std::string format_duration(duration d);
std::string format_bytes(uint64_t bytes);
std::string format_rate(uint64_t bits_per_second);

}  // namespace millrace
