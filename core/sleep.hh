// Waiting for time to pass, and letting others run.
#pragma once

#include "core/abort.hh"
#include "core/future.hh"
#include "core/time.hh"

namespace millrace {

// Resolves in the first turn at or after `deadline`; sleep() counts from the time of the current turn.
future<> sleep_until(time_point deadline);
future<> sleep(duration delay);
// The same, but fails with the reason of `source` if abort is requested before.
future<> sleep_abortable(duration delay, abort_source& source);

// Resolves when the tasks that are ready now have run.
future<> yield();

}  // namespace millrace
