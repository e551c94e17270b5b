// What a NIC does to frames in hardware, for simulated devices: checksums, and spreading flows over queues.
#pragma once

#include "net/packet.hh"

#include <cstdint>
#include <functional>
#include <span>

namespace millrace::net {

// Fills in the checksums that the frame asks for.
void fill_checksums(packet& frame) noexcept;

// TSO: hands `send` the frames, in order, that a frame with `segment_bytes` is to become. Their checksums are
// still to be filled in.
void cut_segments(const packet& frame, const std::function<void(packet&)>& send);

// Sets the verdicts on an IPv4 frame received; of what it does not know it says so.
void verify_checksums(packet& frame) noexcept;

// The queue for a received frame by the RSS hash of its addresses, and ports unless it is a fragment. Queue 0
// for what is not IPv4.
unsigned queue_of(std::span<const uint8_t> frame, unsigned queues) noexcept;

}  // namespace millrace::net
