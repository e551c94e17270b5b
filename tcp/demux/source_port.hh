// The source port of an outgoing connection: hard to guess from outside, and seldom one used lately.
// RFC 6056 §3.3.4 (algorithm 4, double-hash).
#pragma once

#include "net/endpoint.hh"
#include "tcp/listen/siphash.hh"

#include <array>
#include <cstdint>
#include <optional>

namespace millrace::tcp {

struct port_range {
    uint16_t first = 32768;  // RFC 6056 §3.2 wants it large; below lie the ports of services
    uint16_t last = 65535;
};

class source_ports {
 public:
    source_ports(const siphash_key& secret, port_range range) noexcept : secret_(secret), range_(range) {}

    // The next port for connections from `local` to `remote` for which `usable(port)` holds: not taken, and
    // with the peer's answers landing on this shard. None if all of the range were asked in vain.
    template <typename Usable>
    std::optional<uint16_t> choose(const net::ip_address& local, const net::endpoint& remote,
                                   Usable&& usable) {
        const uint64_t hash = keyed(local, remote);
        const uint32_t count = uint32_t(range_.last) - range_.first + 1;
        uint32_t& step = steps_[hash >> 32 & (steps_.size() - 1)];
        for (uint32_t tries = 0; tries < count; ++tries) {
            const auto port = uint16_t(range_.first + (uint32_t(hash) + step++) % count);
            if (usable(port)) return port;
        }
        return std::nullopt;
    }

 private:
    uint64_t keyed(const net::ip_address& local, const net::endpoint& remote) const noexcept;

    siphash_key secret_;
    port_range range_;
    std::array<uint32_t, 256> steps_{};
};

}  // namespace millrace::tcp
