// What few connections have, and those only after something has happened to them.
#pragma once

#include "core/frame_cache.hh"
#include "core/time.hh"
#include "net/keepalive.hh"
#include "tcp/connection/accurate_ecn.hh"
#include "tcp/receive/mark_changes.hh"
#include "tcp/segment/seq.hh"
#include "tcp/send/mtu_probing.hh"
#include "tcp/send/pacer.hh"

#include <cstdint>
#include <memory>

namespace millrace::tcp {

// Beside the connection, which has it once it is needed: most live and die without.
struct rarities : frame_cached {
    duration user_timeout{0};                // RFC 5482; 0: none
    time_point paced_until{};                // behind a silence: RFC 7661 §4.4.2
    std::unique_ptr<accurate_ecn> accurate;  // if agreed on
    std::unique_ptr<mark_changes> changes;   // a DCTCP receiver's of classic feedback, once there were any
    std::unique_ptr<tcp::pacer> pacer;       // once something was paced
    std::unique_ptr<net::keepalive_settings> keepalive;  // if not those of all connections
    std::unique_ptr<mtu_probing> sizing;  // while segments are smaller than the ends can do, by RFC 4821
    seq stray_reset;  // SEG.SEQ of a RST for a segment that is not of this connection, if owed
    uint32_t retransmissions = 0;
    uint32_t fast_recoveries = 0;
    uint32_t timeouts = 0;
    uint32_t window_probes = 0;
    uint32_t keepalive_probes = 0;
    uint32_t tail_probes = 0;
    uint32_t spurious_losses = 0;
    uint32_t marks_received = 0;   // segments with CE
    uint32_t mark_reductions = 0;  // of the window, because the peer told of marks
    uint32_t black_holes = 0;
    uint32_t size_probes = 0;
    uint32_t size_probes_lost = 0;
};

}  // namespace millrace::tcp
