// The kernel's own TCP and UDP behind the faces of net: no privilege, no NIC, nothing to configure.
#pragma once

#include "core/time.hh"
#include "net/network.hh"

#include <memory>

namespace millrace::net {

struct kernel_network_options {
    // Out of descriptors or memory, accept() waits this long before it tries again.
    duration accept_pause = std::chrono::milliseconds(100);
    // A connection whose stream is gone is reset when its peer has taken nothing of what was still to be sent
    // for so long, up to twice as long.
    duration orphan_timeout = std::chrono::seconds(60);
    // Chunks of 64 KiB kept for reading when nobody uses them.
    unsigned spare_chunks = 64;
};

// The kernel's sockets on the current shard, which must have the machine's clock. Shards of one process that
// listen on the same port share its connections (SO_REUSEPORT); against other processes the port is
// exclusive. Destroyed with sockets still open: those are aborted.
std::unique_ptr<network> make_kernel_network(const kernel_network_options& options = {});

}  // namespace millrace::net
