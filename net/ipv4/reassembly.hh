// Fragments on their way to become datagrams again (RFC 791 §3.2, RFC 815).
#pragma once

#include "core/time.hh"
#include "net/interface_config.hh"
#include "net/ipv4/header.hh"
#include "net/memory_budget.hh"

#include <boost/container/small_vector.hpp>

#include <list>
#include <optional>
#include <vector>

namespace millrace::net {

// A datagram's bytes are copied together into memory of its own, so that small fragments do not hold the
// device's large buffers. A datagram with overlapping fragments is dropped whole, and what else arrives of
// it, until its time is over (RFC 5722 §4, RFC 3128: nobody honest sends them); exact duplicates of a
// fragment are ignored. A mark on one fragment is a mark on the datagram (RFC 3168 §5.3).
class reassembly {
 public:
    reassembly(const reassembly_settings& settings, memory_budget& memory, drop_counters& drops)
        : settings_(settings), memory_(memory), drops_(drops) {}

    struct datagram {
        ipv4_header header;  // of the first fragment, as if it had not been fragmented
        buffer payload;      // in one piece, with `headroom` before it
    };
    static constexpr size_t headroom = 128;

    // Takes a fragment in, `payload` being its bytes behind the IP header. The whole datagram if this was the
    // last one missing. What is refused is counted.
    std::optional<datagram> add(const ipv4_header& header, std::span<const uint8_t> payload,
                                time_point now) noexcept;

    // A datagram of which the first fragment arrived but not all others in time: the sender is told (RFC 1122
    // §3.3.2).
    struct expired {
        ipv4_header header;
        boost::container::small_vector<uint8_t, 8> first_bytes;
    };
    // Forgets what has waited too long.
    std::vector<expired> service(time_point now) noexcept;
    time_point next_deadline() const noexcept { return open_.empty() ? never : open_.front().deadline; }

    size_t size() const noexcept { return open_.size(); }
    size_t bytes() const noexcept { return bytes_; }

 private:
    struct range {
        uint32_t begin, end;
    };
    // Invariant: the ranges are sorted, apart from each other or touching, and `data` reaches to the last
    // one's end.
    struct open_datagram {
        ipv4_address source, destination;
        uint16_t id;
        uint8_t protocol;
        time_point deadline;
        bool refused = false;  // overlapped or over a limit: whatever comes of it is dropped
        bool marked = false;   // a fragment says CE
        bool not_ect = false;  // a fragment says that its sender knows no ECN
        uint32_t total = 0;    // payload bytes, once the last fragment arrived
        uint32_t fragments = 0;
        std::optional<ipv4_header> first;
        std::vector<range> ranges;
        std::vector<uint8_t> data;
    };
    using iterator = std::list<open_datagram>::iterator;
    enum class verdict : uint8_t { accepted, duplicate, refused };

    iterator find_or_add(const ipv4_header& h, time_point now) noexcept;
    verdict insert(open_datagram& d, const ipv4_header& h, std::span<const uint8_t> payload) noexcept;
    bool has_room(size_t more) const noexcept;
    bool make_room(iterator keep, size_t more) noexcept;
    void set_bytes(size_t bytes) noexcept;
    void refuse(open_datagram& d, drop_reason why) noexcept;
    void forget(iterator it) noexcept;
    datagram complete(iterator it) noexcept;

    reassembly_settings settings_;
    memory_budget& memory_;
    drop_counters& drops_;
    std::list<open_datagram> open_;  // oldest first
    size_t bytes_ = 0;               // of all `data` together
};

}  // namespace millrace::net
