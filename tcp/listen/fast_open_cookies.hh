// The cookies that let peers bring data with their SYN: given once, and good from then on for SYNs of that
// address. RFC 7413 §4.1.2.
#pragma once

#include "core/time.hh"
#include "net/address.hh"
#include "tcp/listen/siphash.hh"
#include "tcp/segment/options.hh"

#include <cstdint>

namespace millrace::tcp {

// A cookie is a keyed hash of both addresses. Its key is another one every `lifetime`, and that before the
// current one is still good, so that a cookie lasts one to two lifetimes. All shards of a process have the
// same secret, and so the same keys.
class fast_open_cookies {
 public:
    fast_open_cookies(const siphash_key& secret, duration lifetime) noexcept;

    // For SYNs from `remote` to `local`.
    fast_open_cookie make(const net::ip_address& local, const net::ip_address& remote,
                          time_point now) const noexcept;

    enum class verdict : uint8_t {
        bad,  // also the request for one
        old,  // good, and to be replaced
        good,
    };
    verdict check(const net::ip_address& local, const net::ip_address& remote, const fast_open_cookie& cookie,
                  time_point now) const noexcept;

 private:
    fast_open_cookie make(const net::ip_address& local, const net::ip_address& remote,
                          uint64_t period) const noexcept;
    uint64_t period_of(time_point t) const noexcept;

    siphash_key secret_;
    duration lifetime_;
};

}  // namespace millrace::tcp
