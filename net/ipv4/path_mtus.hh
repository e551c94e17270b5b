// What path MTU discovery has found out (RFC 1191): destinations behind a link narrower than ours, for a
// while.
#pragma once

#include "core/time.hh"
#include "net/address.hh"

#include <vector>

namespace millrace::net {

// Read only when a path is made or renewed, hence a plain list.
class path_mtus {
 public:
    path_mtus(size_t limit, duration lifetime) : limit_(limit), lifetime_(lifetime) {}

    // The MTU found, or `otherwise`. `until`: when to ask again, as a larger MTU may then be tried (RFC 1191
    // §6.3); moved only to an earlier time.
    uint16_t lookup(ipv4_address destination, uint16_t otherwise, time_point now,
                    time_point& until) const noexcept;

    // True if this is news. A full list forgets what it has known longest.
    bool lower(ipv4_address destination, uint16_t mtu, time_point now) noexcept;

    size_t size() const noexcept { return entries_.size(); }

 private:
    struct entry {
        ipv4_address destination;
        uint16_t mtu;
        time_point expires;
    };
    size_t limit_;
    duration lifetime_;
    std::vector<entry> entries_;  // oldest first
};

}  // namespace millrace::net
