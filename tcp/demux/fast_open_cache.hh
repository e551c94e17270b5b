// What is known of the servers that we open connections to: their cookies, and on which paths a SYN with data
// had better not be tried. RFC 7413 §4.1.3.
#pragma once

#include "core/time.hh"
#include "tcp/listen/four_tuple.hh"
#include "tcp/listen/siphash.hh"
#include "tcp/segment/options.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace millrace::tcp {

// Of a shard. Keyed by both addresses and the server's port (RFC 7413 §4.1.3.1), not by our port. An entry
// lies in one of the four places that a keyed hash names; of these the one used longest ago goes for a new
// one.
class fast_open_cache {
 public:
    // At most `limit` entries, rounded up to a multiple of four; 0: nothing is tried. What was blocked is
    // tried again after `retry`.
    fast_open_cache(size_t limit, duration retry, const siphash_key& key);

    struct offer {
        fast_open_cookie cookie;  // may be a request for one
        uint16_t mss = 0;         // of the peer; 0: unknown
    };
    // What to put into a SYN; nothing if that is not to be tried.
    std::optional<offer> find(const four_tuple& flow, time_point now) noexcept;

    // The server has granted a cookie.
    void learn(const four_tuple& flow, const fast_open_cookie& cookie, uint16_t mss) noexcept;
    // A SYN with data, or with the option, was not answered as it should be: RFC 7413 §4.1.3.1.
    void block(const four_tuple& flow, time_point now) noexcept;

    size_t size() const noexcept { return size_; }
    uint64_t evicted() const noexcept { return evicted_; }

 private:
    static constexpr size_t ways = 4;
    struct entry {
        packed_tuple path;  // our port 0
        uint64_t used = 0;  // 0: free
        time_point blocked_until{};
        fast_open_cookie cookie;
        uint16_t mss = 0;
    };
    using set = std::array<entry, ways>;

    set& set_of(const packed_tuple& path) noexcept;
    entry* look_up(const packed_tuple& path) noexcept;
    entry& place_for(const packed_tuple& path) noexcept;

    duration retry_;
    siphash_key key_;
    std::vector<set> sets_;
    uint64_t uses_ = 0;
    size_t size_ = 0;
    uint64_t evicted_ = 0;
};

}  // namespace millrace::tcp
