// What has happened in a connection since it was last asked.
#pragma once

#include <cstdint>

namespace millrace::tcp {

class events {
 public:
    enum bit : uint8_t {
        connected = 1,      // the handshake is complete: sending and receiving may begin
        readable = 2,       // receive() has data
        writable = 4,       // there is room again, after send() took less than it was given
        peer_finished = 8,  // the peer has sent everything: behind what receive() still has comes the end
        finished = 16,      // the peer has acknowledged everything that was sent, and our FIN
        closed = 32,        // it is over, in order or not: nothing will be received any more; pull what
                            // next_segment() still has, take_time_wait(), then the connection may go
        failed = 64,        // it is over because of error(); comes together with `closed`
        confirmed = 128,    // fast open: what was `connected` when the SYN came is acknowledged (RFC 7413)
    };

    constexpr events() noexcept = default;
    constexpr events(bit b) noexcept : bits_(b) {}

    constexpr bool has(bit b) const noexcept { return (bits_ & b) != 0; }
    constexpr bool has_any(events e) const noexcept { return (bits_ & e.bits_) != 0; }
    constexpr bool any() const noexcept { return bits_ != 0; }
    constexpr events& operator|=(events e) noexcept {
        bits_ |= e.bits_;
        return *this;
    }
    friend constexpr events operator|(events a, events b) noexcept { return a |= b; }
    friend constexpr bool operator==(events, events) noexcept = default;

 private:
    uint8_t bits_ = 0;
};

// Found only for two bits, so that events::readable | events::closed is an events and no int.
constexpr events operator|(events::bit a, events::bit b) noexcept {
    return events(a) | events(b);
}

}  // namespace millrace::tcp
