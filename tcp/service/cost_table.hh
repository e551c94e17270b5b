// A table for people: what the shards spent their cycles on, per packet and per segment.
#pragma once

#include "core/metrics.hh"

#include <span>
#include <string>
#include <string_view>

namespace millrace::tcp {

// From the metrics of all shards, whose sum it shows: since the program began. Each line is preceded by
// `prefix`, such as the "# " of a comment.
std::string cost_table(std::span<const metric_sample> metrics, std::string_view prefix = "");

}  // namespace millrace::tcp
