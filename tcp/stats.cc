#include "tcp/stats.hh"

#include "core/metrics.hh"

#include <string_view>

namespace millrace::tcp {
namespace {

struct counter {
    uint64_t stats::*value;
    std::string_view name;
    std::string_view help;
};

constexpr counter counters[] = {
    {&stats::segments_in, "segments_in", "segments received"},
    {&stats::gro_merged, "gro_merged", "segments received that were taken as one with the one before them"},
    {&stats::segments_out, "segments_out", "segments sent"},
    {&stats::resets_in, "resets_in", "connections ended by a peer's RST"},
    {&stats::resets_out, "resets_out", "RST segments sent"},
    {&stats::active_opens, "active_opens", "connections begun from here"},
    {&stats::passive_opens, "passive_opens", "handshakes completed that peers began"},
    {&stats::failed_opens, "failed_opens", "connections begun from here that were never established"},
    {&stats::failed, "failed", "established connections that ended by RST, timeout or ICMP error"},
    {&stats::closed, "closed", "connections closed in order"},
    {&stats::retransmissions, "retransmissions", "segments sent again by connections that have ended"},
    {&stats::black_holes, "black_holes",
     "times that segments became smaller, as larger ones timed out, of connections that have ended"},
    {&stats::size_probes, "size_probes", "larger segments sent to find out, of connections that have ended"},
    {&stats::size_probes_lost, "size_probes_lost", "of those, lost"},
    {&stats::accepted, "accepted", "connections handed to the application by a listener"},
    {&stats::time_wait_answered, "time_wait_answered", "segments answered in TIME-WAIT"},
    {&stats::time_wait_reused, "time_wait_reused", "connections that took the place of one in TIME-WAIT"},
    {&stats::time_wait_evicted, "time_wait_evicted",
     "TIME-WAIT records that went early, as the table was full"},
    {&stats::bad_segment, "bad_segment", "segments dropped: truncated, impossible offset or options, port 0"},
    {&stats::unknown_flow, "unknown_flow", "segments for no connection and no listener"},
    {&stats::reset_limited, "reset_limited", "RST segments not sent, as too many were within a second"},
    {&stats::half_open_refused, "half_open_refused", "segments that did not fit their half-open connection"},
    {&stats::half_open_evicted, "half_open_evicted", "half-open connections that went for newer ones"},
    {&stats::half_open_expired, "half_open_expired", "half-open connections whose SYN-ACK stayed unanswered"},
    {&stats::accept_queue_full, "accept_queue_full", "SYNs and last ACKs dropped for a full accept queue"},
    {&stats::backlog_resets, "backlog_resets", "last ACKs answered by RST for a full accept queue"},
    {&stats::connection_limit, "connection_limit", "connections refused, as the table has no room"},
    {&stats::memory_limit, "memory_limit", "connections refused as the shard is short of memory"},
    {&stats::icmp_ignored, "icmp_ignored", "ICMP errors that quote nothing in flight here"},
    {&stats::not_sent, "not_sent", "segments lost on the way out: no buffer, route or room in a queue"},
    {&stats::syn_cookies_sent, "syn_cookies_sent", "SYNs answered by a cookie, for want of room for records"},
    {&stats::syn_cookies_accepted, "syn_cookies_accepted", "connections that began with a cookie"},
    {&stats::syn_cookies_failed, "syn_cookies_failed", "ACKs that were no cookie, while cookies were sent"},
    {&stats::syn_cookies_limited, "syn_cookies_limited",
     "good cookies dropped, as too many came in a second"},
    {&stats::fast_open_accepted, "fast_open_accepted", "connections in use from the peer's SYN on"},
    {&stats::fast_open_refused, "fast_open_refused", "SYNs of peers with a bad fast open cookie"},
    {&stats::fast_open_limited, "fast_open_limited", "SYNs with a good one, while too many were pending"},
    {&stats::fast_open_granted, "fast_open_granted", "fast open cookies sent to peers"},
    {&stats::fast_open_taken, "fast_open_taken", "SYNs sent from here whose data the peer took"},
    {&stats::fast_open_blocked, "fast_open_blocked",
     "times that fast open was given up on a path for a while"},
};
static_assert(std::size(counters) * sizeof(uint64_t) == sizeof(stats), "every counter has a line here");

}  // namespace

void declare(metric_group& group, const stats& s) {
    for (const counter& c : counters) group.counter(c.name, c.help, s.*c.value);
}

}  // namespace millrace::tcp
