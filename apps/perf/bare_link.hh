// The limit that a device sets: frames from a generator to a reflector and back through the device's queue,
// and no stack. The reflector sends the very buffers that it received.
#pragma once

#include "core/time.hh"
#include "net/device.hh"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace millrace::perf {

struct bare_figures {
    uint64_t received = 0;  // frames
    uint64_t received_bytes = 0;
    uint64_t sent = 0;
    uint64_t sent_bytes = 0;
    uint64_t rejected = 0;     // by a full transmit queue
    uint64_t foreign = 0;      // frames that are not ours
    uint64_t lost = 0;         // frames given up and replaced
    uint64_t late = 0;         // frames that came back all the same, and were dropped
    uint64_t busy_cycles = 0;  // of the rounds in which frames came or went; looks at a full queue are none
    duration measured{};
};

// Frames of ours: IEEE 802's EtherTypes for experiments (RFC 9542 §3.2).
inline constexpr size_t least_frame = 60;
inline constexpr size_t bare_header = 15;  // with the number of the generator's filling

// What both ends do with a queue, a burst at a time.
class bare_end {
 public:
    explicit bare_end(net::device& d) noexcept : mac_(d.info().mac), queue_(d.queue(0)) {}
    const bare_figures& figures() const noexcept { return figures_; }
    void clear() noexcept { figures_ = {}; }

 protected:
    static constexpr size_t burst = 64;

    // How many of the frames the device took, from the front; the others are as they were.
    size_t offer(std::span<net::packet> frames) noexcept;
    // The same; the others are dropped.
    size_t send(std::span<net::packet> frames) noexcept;

    net::mac_address mac_;
    net::device_queue& queue_;
    std::array<net::packet, burst> burst_;
    bare_figures figures_;
};

// Sends back what asks for it, swallows what does not.
class reflector : public bare_end {
 public:
    using bare_end::bare_end;
    // True if frames came.
    bool turn() noexcept;
};

// Keeps `window` frames of `frame` bytes on their way, or, in bulk, sends as many as the device takes.
class generator : public bare_end {
 public:
    generator(net::device& d, size_t frame, size_t window, bool bulk) noexcept
        : bare_end(d), frame_(frame), window_(window), bulk_(bulk) {}

    // True if frames came or went.
    bool turn() noexcept;
    // What is on its way does not come back: frames take its place. What comes back late is dropped, so that
    // never more than the window is on its way.
    void refill() noexcept;
    size_t on_their_way() const noexcept { return on_their_way_; }

 private:
    size_t fresh(size_t from, size_t to) noexcept;
    bool round_trips() noexcept;
    bool one_way() noexcept;

    size_t frame_;
    size_t window_;
    char filling_ = 0;
    bool bulk_;
    size_t on_their_way_ = 0;
    size_t refused_ = 0;  // in bulk: frames at the front of burst_ that the device has had no room for
    std::array<net::packet, burst> came_;
};

// "bare link: ..." with round trips or bytes per second and cycles; empty if nothing was measured.
std::string to_text(const bare_figures& f, bool bulk, size_t frame, size_t window);
std::string to_json(const bare_figures& f, bool bulk, size_t frame, size_t window,
                    std::string_view error = {});

}  // namespace millrace::perf
