// From an outgoing segment to a packet that the interface takes: header and small payload in one buffer,
// large payload attached.
#pragma once

#include "net/interface.hh"
#include "tcp/segment/plain.hh"
#include "tcp/segment/segment.hh"

#include <cstdint>

namespace millrace::tcp {

using net::copied_payload_bytes;

// False if there was no buffer or the interface refused it: lost, as on the wire.
bool transmit(net::interface& out, net::path& way, outgoing&& o, uint16_t source_port,
              uint16_t destination_port) noexcept;

// The same for a plain one.
bool transmit(net::interface& out, net::path& way, const plain_outgoing& o, uint16_t source_port,
              uint16_t destination_port) noexcept;

// Of several that were made one, `segment_bytes` of payload each but the last: how many were sent.
size_t transmit_run(net::interface& out, net::path& way, const plain_outgoing& o, uint16_t segment_bytes,
                    uint16_t source_port, uint16_t destination_port) noexcept;

// The largest payload, options counted as payload, that a TCP packet on this path may carry (RFC 6691 §2).
uint16_t mss_of(const net::path& way) noexcept;

}  // namespace millrace::tcp
