// Asks the operating system, before DPDK does, for what a device needs: its own answers say too little.
#pragma once

#include "net/dpdk/device_spec.hh"

namespace millrace::net {

// Throws device_error or std::system_error with one sentence if the device cannot be had here.
void check_device_present(const device_spec& spec, unsigned queues);

}  // namespace millrace::net
