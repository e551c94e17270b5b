// How a measurement is told: as text, as JSON, and as a line while it lasts.
#pragma once

#include "apps/perf/measurement.hh"
#include "apps/perf/settings.hh"

#include <string>
#include <vector>

namespace millrace::perf {

measurement sum_of(const std::vector<measurement>& of_shards);

// Empty if nothing was measured.
std::string to_text(const std::vector<measurement>& of_shards, const settings& s);
// One line: the sum, the settings, and each shard.
std::string to_json(const std::vector<measurement>& of_shards, const settings& s);
// What happened between two looks, `since` apart.
std::string progress_line(const measurement& now, const measurement& before, duration since,
                          const settings& s);

// Open loop: fewer were answered than asked for.
bool missed_rate(const measurement& all, const settings& s) noexcept;

}  // namespace millrace::perf
