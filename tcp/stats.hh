// What one shard's TCP counts: traffic, connections, and everything refused, by reason.
#pragma once

#include <cstdint>

namespace millrace {
class metric_group;
}

namespace millrace::tcp {

struct stats {
    // Traffic.
    uint64_t segments_in = 0;
    uint64_t gro_merged = 0;  // of those in: taken as one with the segment before them
    uint64_t segments_out = 0;
    uint64_t resets_in = 0;  // that ended a connection
    uint64_t resets_out = 0;

    // Connections.
    uint64_t active_opens = 0;
    uint64_t passive_opens = 0;    // handshakes completed by a peer's ACK
    uint64_t failed_opens = 0;     // of ours: refused, reset, timed out
    uint64_t failed = 0;           // established ones that ended by reset, timeout or ICMP error
    uint64_t closed = 0;           // ended in order
    uint64_t retransmissions = 0;  // segments, of connections that have ended
    uint64_t black_holes = 0;      // segments became smaller, as larger ones stayed away (RFC 4821); these
    uint64_t size_probes = 0;      // are of connections that have ended, too
    uint64_t size_probes_lost = 0;
    uint64_t accepted = 0;  // handed to the application
    uint64_t time_wait_answered = 0;
    uint64_t time_wait_reused = 0;   // RFC 6191: a new connection took the place of an old one early
    uint64_t time_wait_evicted = 0;  // the table was full: the oldest went before its time

    // Segments refused, by reason. What is wrong already as an IP datagram, the checksum included, the
    // interface counts.
    uint64_t bad_segment = 0;        // truncated, impossible offset or options, port 0
    uint64_t unknown_flow = 0;       // for no connection and no listener
    uint64_t reset_limited = 0;      // would have been answered by RST, but not so many a second
    uint64_t half_open_refused = 0;  // did not fit a half-open connection
    uint64_t half_open_evicted = 0;  // the table was full: the oldest half-open connection went
    uint64_t half_open_expired = 0;  // our SYN-ACK stayed unanswered
    uint64_t accept_queue_full = 0;  // a SYN, or the ACK that would complete a handshake
    uint64_t backlog_resets = 0;     // those ACKs that were answered by RST, as the settings say
    uint64_t connection_limit = 0;   // as many connections as the settings allow, or no place in the table
    uint64_t memory_limit = 0;       // connections that would have been begun, but for the shard's memory
    uint64_t icmp_ignored = 0;       // errors that quote no connection of ours, or no segment in flight
    uint64_t not_sent = 0;           // segments that no buffer, route or queue was there for

    // SYN cookies: RFC 4987 §3.6.
    uint64_t syn_cookies_sent = 0;      // SYN-ACKs that left no record
    uint64_t syn_cookies_accepted = 0;  // became connections
    uint64_t syn_cookies_failed = 0;    // ACKs that were no cookie, while cookies were being sent
    uint64_t syn_cookies_limited = 0;   // good ones, but not so many a second

    // Fast open: RFC 7413.
    uint64_t fast_open_accepted = 0;  // peers' SYNs with a good cookie
    uint64_t fast_open_refused = 0;   // with a bad one
    uint64_t fast_open_limited = 0;   // with a good one, but too many were pending
    uint64_t fast_open_granted = 0;   // cookies sent to peers
    uint64_t fast_open_taken = 0;     // SYNs of ours whose data the peer took
    uint64_t fast_open_blocked = 0;   // paths on which that is not tried for a while
};

// Adds every counter under its name with its meaning; `s` must outlive the group.
void declare(metric_group& group, const stats& s);

}  // namespace millrace::tcp
