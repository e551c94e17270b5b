// flow: the connection that a script talks about, and how the script's small numbers become those of the
// wire.
#pragma once

#include "tcp/segment/segment.hh"
#include "tests/packet_script/script.hh"

#include <cstdint>
#include <optional>

namespace millrace::packet_script {

// Sequence numbers of a script begin at 0, ours at a secret number: the first SYN that leaves us tells the
// difference. Timestamps likewise, with the first that we send.
class flow {
 public:
    uint16_t local_port = 0;
    uint16_t peer_port = 0;

    // What the script sends, as a segment of the wire.
    tcp::outgoing to_wire(const tcp_packet& p) const;
    // What we sent, in the script's numbers. `expected` is what the script wants there: the first number of a
    // kind is what it says.
    tcp_packet to_script(const tcp::segment& s, uint8_t ecn, const tcp_packet* expected);

    tcp::seq ours(uint32_t script) const noexcept { return tcp::seq(script + our_base_.value_or(0)); }

 private:
    // Of the peer's numbers: far from 0, and soon beyond 2^32.
    static constexpr uint32_t peer_base = 0xffff'0000;

    std::optional<uint32_t> our_base_;
    std::optional<uint32_t> our_time_;
    // A fast open cookie of ours, which is a secret's, and what the script calls it: the first that a SYN-ACK
    // of ours grants.
    struct named_cookie {
        tcp::fast_open_cookie script, wire;
    };
    std::optional<named_cookie> our_cookie_;
};

// Why `sent` is not what `expected` asks for; none if it is. `ticks`: how far our timestamps may be off.
std::optional<std::string> difference(const tcp_packet& expected, const tcp_packet& sent, uint32_t ticks);

}  // namespace millrace::packet_script
