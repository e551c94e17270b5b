// What names a connection: both ends, as seen from here.
#pragma once

#include "net/endpoint.hh"

#include <array>
#include <cstdint>

namespace millrace::tcp {

struct four_tuple {
    net::endpoint local;
    net::endpoint remote;
    friend bool operator==(const four_tuple&, const four_tuple&) noexcept = default;
};

// The same in 36 bytes of this machine's own order: for keyed hashes, and where memory counts.
struct packed_tuple {
    std::array<uint8_t, 36> bytes{};

    packed_tuple() noexcept = default;
    explicit packed_tuple(const four_tuple& t) noexcept;
    friend bool operator==(const packed_tuple&, const packed_tuple&) noexcept = default;
};

}  // namespace millrace::tcp
