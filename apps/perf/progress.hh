// A line each second while a measurement lasts.
#pragma once

#include "apps/perf/measurement.hh"
#include "apps/perf/settings.hh"
#include "core/future.hh"

#include <functional>
#include <vector>

namespace millrace::perf {

// Waits for `measuring` and prints meanwhile what `look` tells of the shards, on standard error: if that is a
// terminal, over and over on one line, otherwise only if the settings ask for it.
future<> with_progress(const settings& s, std::function<future<std::vector<measurement>>()> look,
                       future<> measuring);

}  // namespace millrace::perf
