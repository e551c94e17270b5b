// TCP segments that go out one behind the other and differ in nothing but their data and what follows from
// it: handed down as one, and cut by the device if it can (TSO), or else by the interface.
#pragma once

#include "core/buffer.hh"

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace::net {

struct segment_run {
    // The first one's, of at most 60 bytes, but with FIN and PSH as the last one has them: no other has any.
    std::span<const uint8_t> header;
    buffer data;             // of all, at most longest_bytes
    uint16_t segment_bytes;  // for each; the last has the rest

    // So many that an IPv4 packet can say its length, whatever the headers.
    static constexpr size_t longest_bytes = 65535 - 60 - 60;

    size_t segments() const noexcept { return (data.size() + segment_bytes - 1) / segment_bytes; }
};

}  // namespace millrace::net
