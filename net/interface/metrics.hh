// What an interface counts, as metrics.
#pragma once

#include "core/metrics.hh"
#include "net/device.hh"
#include "net/drop_reason.hh"
#include "net/interface_config.hh"

#include <memory>

namespace millrace::net {

// What is counted must outlive the group.
std::unique_ptr<metric_group> make_metrics(metric_registry& registry, const interface_counters& counters,
                                           const drop_counters& drops, const device_counters& device,
                                           const memory_budget& memory);

}  // namespace millrace::net
